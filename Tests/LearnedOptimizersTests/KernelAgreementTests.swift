import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

/// Drawn once: a debug build draws slowly.
private let draws: [Float] = {
    var stream = RandomStream(RandomKey(seed: 22))
    return (0..<8191).map { _ in stream.normal() * 0.1 }
}()

/// What a learned optimizer does in a few steps on made-up gradients.
private struct Outcome: Equatable {
    var parameters: [Float]
    var metaGradient: [Float]

    init<F: FeatureRule>(_: F.Type, _ kernels: Kernels, count: Int, change: (inout [Float]) -> Void = { _ in }) {
        let (warmUp, period) = (3, 6)
        let optimizer = CoordinatewiseOptimizer<F>(key: RandomKey(seed: 21), hidden: 20, kernels: kernels)
        let rows = (0..<warmUp + period).map { step in
            var row = (0..<count).map { draws[(step * 3001 + $0) % draws.count] }
            change(&row)
            return row
        }
        parameters = [Float](repeating: 0, count: count)
        var state = optimizer.initialState(parameterCount: count)
        var start = state
        for (step, row) in rows.enumerated() {
            if step == warmUp { start = state }
            optimizer.update(&parameters, gradient: row, state: &state)
        }
        var recorded = AlignedFloats(count: period * count)
        recorded.withMutablePointer { pointer in
            for (index, row) in rows[warmUp...].enumerated() {
                (pointer + index * count).update(from: row, count: count)
            }
        }
        metaGradient = optimizer.metaGradient(
            from: start, gradients: recorded, parameterCount: count,
            lossWeights: [Float](repeating: 1 / Float(period), count: period))
    }

    init(_ kind: NetworkKind, _ kernels: Kernels, count: Int, change: (inout [Float]) -> Void = { _ in }) {
        switch kind {
        case .rnnprop: self.init(RNNpropFeatures.self, kernels, count: count, change: change)
        case .dm: self.init(DMoptimizerFeatures.self, kernels, count: count, change: change)
        }
    }
}

private func norm(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
}

/// Serial, for the number of threads is the process's.
@Suite(.serialized) struct KernelAgreementTests {
    @Test("The same bits for every number of threads", arguments: NetworkKind.allCases)
    func threads(kind: NetworkKind) {
        let before = Threads.count
        defer { Threads.count = before }
        for kernels in Kernels.all {
            for count in [33, 5000] {
                Threads.count = 1
                let alone = Outcome(kind, kernels, count: count)
                for threads in [2, 3, 7] {
                    Threads.count = threads
                    let together = Outcome(kind, kernels, count: count)
                    #expect(together == alone, "\(kernels.name), \(count) coordinates, \(threads) threads")
                }
            }
        }
    }

    @Test(
        "Instruction sets agree: parameters within 1e-6, meta-gradients within 2e-6 of their norm",
        arguments: NetworkKind.allCases, [0, 1, 15, 16, 17, 63, 64, 65, 1000, 15_930])
    func instructionSets(kind: NetworkKind, count: Int) {
        let outcomes = Kernels.available.map { Outcome(kind, $0, count: count) }
        for (kernels, outcome) in zip(Kernels.available, outcomes).dropFirst() {
            let distance = zip(outcome.parameters, outcomes[0].parameters).map { abs($0 - $1) }.max() ?? 0
            #expect(distance < 1e-6, "\(kernels.name)")
            let error = norm(zip(outcome.metaGradient, outcomes[0].metaGradient).map { $0 - $1 })
            #expect(error <= 2e-6 * norm(outcomes[0].metaGradient), "\(kernels.name)")
        }
        #expect(count > 0 || outcomes[0].metaGradient.allSatisfy { $0 == 0 })
    }

    @Test("A NaN gradient makes its own coordinate NaN and leaves the others alone", arguments: NetworkKind.allCases)
    func nan(kind: NetworkKind) {
        for kernels in Kernels.all {
            for count in [7, 70] {
                let clean = Outcome(kind, kernels, count: count)
                let spoiled = Outcome(kind, kernels, count: count) { $0[5] = .nan }
                #expect(spoiled.parameters[5].isNaN)
                #expect(spoiled.metaGradient.contains { $0.isNaN })
                for index in 0..<count where index != 5 {
                    #expect(spoiled.parameters[index] == clean.parameters[index])
                }
            }
        }
    }

    @Test("Gradients of every finite size give finite updates", arguments: NetworkKind.allCases)
    func extremes(kind: NetworkKind) {
        let sizes: [Float] = [0, -0.0, .leastNonzeroMagnitude, 1e-30, 1e-12, 1, 1e12, 1e18]
        for kernels in Kernels.all {
            let outcome = Outcome(kind, kernels, count: 2 * sizes.count) { row in
                row = sizes + sizes.map { -$0 }
            }
            #expect(outcome.parameters.allSatisfy { $0.isFinite }, "\(kernels.name): \(outcome.parameters)")
        }
    }
}
