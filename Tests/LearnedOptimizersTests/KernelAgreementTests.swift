import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

/// Drawn once: a debug build draws slowly.
private let draws: [Float] = {
    var stream = RandomStream(RandomKey(seed: 22))
    return (0..<8191).map { _ in stream.normal() * 0.1 }
}()

private typealias TestedRule = FirstOrderLearnedOptimizer & KernelChoosing

/// The registered rules that have kernels to choose and a derivative.
private let rules: [String] = RuleRegister.all.filter { $0.type is any TestedRule.Type }.map(\.name)

private func type(_ rule: String) throws -> any TestedRule.Type {
    try #require(try RuleRegister.named(rule).type as? any TestedRule.Type)
}

/// What a learned optimizer does in a few steps on made-up gradients.
private struct Outcome: Equatable {
    var parameters: [Float]
    var metaGradient: [Float]

    init(_ rule: any TestedRule.Type, _ kernels: Kernels, count: Int, change: (inout [Float]) -> Void = { _ in }) {
        func outcome<Rule: TestedRule>(_: Rule.Type) -> Outcome {
            Outcome(Rule(key: RandomKey(seed: 21)).with(kernels: kernels), count: count, change: change)
        }
        self = outcome(rule)
    }

    private init(_ optimizer: some TestedRule, count: Int, change: (inout [Float]) -> Void) {
        let (warmUp, period) = (3, 6)
        let rows = (0..<warmUp + period).map { step in
            var row = (0..<count).map { draws[(step * 3001 + $0) % draws.count] }
            change(&row)
            return row
        }
        parameters = [Float](repeating: 0, count: count)
        var state = optimizer.initialState(parameterCount: count)
        var (start, startParameters) = (state, parameters)
        for (step, row) in rows.enumerated() {
            if step == warmUp { (start, startParameters) = (state, parameters) }
            optimizer.update(&parameters, gradient: row, state: &state)
        }
        var recorded = AlignedFloats(count: period * count)
        recorded.withMutablePointer { pointer in
            for (index, row) in rows[warmUp...].enumerated() {
                (pointer + index * count).update(from: row, count: count)
            }
        }
        metaGradient = optimizer.metaGradient(
            of: RecordedPeriod(
                startState: start, startParameters: startParameters, gradients: recorded,
                lossWeights: [Float](repeating: 1 / Float(period), count: period)), sample: .all)
    }
}

private func norm(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
}

@Suite struct KernelAgreementTests {
    @Test("The same bits for every number of threads", arguments: rules)
    func threads(rule: String) throws {
        let tested = try type(rule)
        for kernels in Kernels.all {
            for count in [33, 5000] {
                let alone = Threads(1).run { Outcome(tested, kernels, count: count) }
                for threads in [2, 3, 7] {
                    let together = Threads(threads).run { Outcome(tested, kernels, count: count) }
                    #expect(together == alone, "\(kernels.name), \(count) coordinates, \(threads) threads")
                }
            }
        }
    }

    @Test(
        "Instruction sets agree: parameters within 1e-6, meta-gradients within 2e-6 of their norm",
        arguments: rules, [0, 1, 15, 16, 17, 63, 64, 65, 1000, 15_930])
    func instructionSets(rule: String, count: Int) throws {
        let tested = try type(rule)
        let outcomes = Kernels.available.map { Outcome(tested, $0, count: count) }
        for (kernels, outcome) in zip(Kernels.available, outcomes).dropFirst() {
            let distance = zip(outcome.parameters, outcomes[0].parameters).map { abs($0 - $1) }.max() ?? 0
            #expect(distance < 1e-6, "\(kernels.name)")
            let error = norm(zip(outcome.metaGradient, outcomes[0].metaGradient).map { $0 - $1 })
            #expect(error <= 2e-6 * norm(outcomes[0].metaGradient), "\(kernels.name)")
        }
        #expect(count > 0 || outcomes[0].metaGradient.allSatisfy { $0 == 0 })
    }

    @Test("A NaN gradient makes its own coordinate NaN and leaves the others alone", arguments: rules)
    func nan(rule: String) throws {
        for kernels in Kernels.all {
            for count in [7, 70] {
                let clean = Outcome(try type(rule), kernels, count: count)
                let spoiled = Outcome(try type(rule), kernels, count: count) { $0[5] = .nan }
                #expect(spoiled.parameters[5].isNaN)
                #expect(spoiled.metaGradient.contains { $0.isNaN })
                for index in 0..<count where index != 5 {
                    #expect(spoiled.parameters[index] == clean.parameters[index])
                }
            }
        }
    }

    @Test("Gradients of every finite size give finite updates", arguments: rules)
    func extremes(rule: String) throws {
        let sizes: [Float] = [0, -0.0, .leastNonzeroMagnitude, 1e-30, 1e-12, 1, 1e12, 1e18]
        for kernels in Kernels.all {
            let outcome = Outcome(try type(rule), kernels, count: 2 * sizes.count) { row in
                row = sizes + sizes.map { -$0 }
            }
            #expect(outcome.parameters.allSatisfy { $0.isFinite }, "\(kernels.name): \(outcome.parameters)")
        }
    }
}
