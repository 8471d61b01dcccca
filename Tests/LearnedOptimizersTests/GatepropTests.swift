import Foundation
import LearnedOptimizers
import NumericCore
import Optimizers
import TestSupport
import Testing

/// What PyTorch computed in double precision, by `make_gateprop_fixture.py`.
private struct Fixture: Decodable {
    let hidden: Int
    let shapes: [[Int]]
    let weights: [Double]
    let initial: [Double]
    let gradients: [[Double]]
    let path: [[Double]]
    let lossWeights: [Double]
    let metaGradient: [Double]

    static func load() throws -> Fixture {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Fixture.self, from: Data(try fixture("gateprop.json")))
    }

    var layout: ParameterLayout {
        ParameterLayout(shapes.enumerated().map { ParameterShape("t\($0)", $1) })
    }

    func optimizer(_ kernels: Kernels) -> Gateprop {
        Gateprop(metaParameters: weights.map { Float($0) }, hidden: hidden, kernels: kernels)
    }
}

/// The relative distance of two vectors.
private func distance(_ values: [Double], from expected: [Double]) -> Double {
    let error = zip(values, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (error / expected.reduce(0) { $0 + $1 * $1 }).squareRoot()
}

@Suite("Gateprop") struct GatepropTests {
    // MARK: PyTorch

    @Test("Double precision agrees with PyTorch step by step")
    func reference() throws {
        let fixture = try Fixture.load()
        let rule = try #require(fixture.optimizer(.selected).reference as? GatepropReference)
        var (parameters, state) = (fixture.initial, rule.initialState(for: fixture.layout))
        for (gradient, expected) in zip(fixture.gradients, fixture.path) {
            let changes = rule.update(&state, parameters: parameters, gradient: gradient)
            parameters = zip(parameters, changes).map { $0 + $1 }
            #expect(largest(parameters, expected) < 1e-13)
        }
    }

    @Test("Every kernel agrees with PyTorch, steps and meta-gradient", arguments: Kernels.all.map(\.name))
    func kernels(name: String) throws {
        let fixture = try Fixture.load()
        let optimizer = fixture.optimizer(try #require(Kernels.all.first { $0.name == name }))
        var parameters = fixture.initial.map { Float($0) }
        var state = optimizer.initialState(for: fixture.layout)
        let first = fixture.gradients.count - fixture.lossWeights.count
        var (start, startParameters) = (state, parameters)
        for (step, row) in fixture.gradients.enumerated() {
            if step == first { (start, startParameters) = (state, parameters) }
            optimizer.update(&parameters, gradient: row.map { Float($0) }, state: &state)
            #expect(distance(parameters.map { Double($0) }, from: fixture.path[step]) < 3e-6, "step \(step)")
        }
        let metaGradient = optimizer.metaGradient(
            of: RecordedPeriod(
                startState: start, startParameters: startParameters,
                gradients: AlignedFloats(fixture.gradients[first...].joined().map { Float($0) }),
                lossWeights: fixture.lossWeights.map { Float($0) }), sample: .all)
        #expect(distance(metaGradient.map { Double($0) }, from: fixture.metaGradient) < 1e-5)
    }

    // MARK: Kernels

    @Test("Instruction sets agree on tensors of every shape", arguments: [1, 4, 16])
    func agreement(hidden: Int) {
        let rows = gradientRows(8, oddLayout.count)
        let runs = Kernels.all.map {
            TensorRuleRun(
                livelyGateprop(hidden: hidden, kernels: $0), oddLayout, rows, lossWeights: [0, 0.5, 0.25, 1])
        }
        for run in runs.dropFirst() {
            let expected = runs[0].parameters.map { Double($0) }
            #expect(distance(run.parameters.map { Double($0) }, from: expected) < 3e-6)
            #expect(
                distance(run.metaGradient.map { Double($0) }, from: runs[0].metaGradient.map { Double($0) }) < 1e-5)
        }
    }

    // MARK: The rule

    @Test("It is odd: with all signs turned it takes the same steps, bit for bit, the other way")
    func odd() {
        let optimizer = livelyGateprop(hidden: 16)
        let rows = gradientRows(20, oddLayout.count)
        var there = startingParameters(oddLayout.count)
        var back = there.map { -$0 }
        var (first, second) = (optimizer.initialState(for: oddLayout), optimizer.initialState(for: oddLayout))
        for row in rows {
            optimizer.update(&there, gradient: row, state: &first)
            optimizer.update(&back, gradient: row.map { -$0 }, state: &second)
        }
        #expect(there == back.map { -$0 })
    }

    @Test("Untrained, it takes the seed rule's steps; a gradient of 0 moves nothing", arguments: [1e-12, 1, 1e12])
    func untrained(size: Float) {
        let (optimizer, seed) = (Gateprop(key: RandomKey(seed: 4)), SeedRule())
        let rows = gradientRows(30, 50).map { row in [0] + row.dropFirst().map { size * $0 } }
        var parameters = [Float](repeating: 0.5, count: 50)
        var expected = parameters
        var (state, slots) = (optimizer.initialState(parameterCount: 50), seed.initialState(parameterCount: 50))
        for row in rows {
            optimizer.update(&parameters, gradient: row, state: &state)
            seed.update(&expected, gradient: row, state: &slots)
        }
        #expect(parameters[0] == 0.5 && parameters[1] != 0.5)
        #expect(largest(parameters.map { Double($0) }, expected.map { Double($0) }) < 2e-6)
    }
}
