import Optimizers
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Steps of PyTorch's optimizers, from `Tests/Fixtures/make_optimizer_fixtures.py`.
private struct Reference: Decodable {
    struct Case: Decodable {
        let optimizer: String
        let parameters: [[Float]]
    }
    let start: [Float]
    let gradients: [[Float]]
    let kept: [Int]
    let cases: [Case]

    static func load() throws -> Reference {
        try JSONDecoder().decode(Reference.self, from: Data(try fixture("optimizers.json")))
    }
}

@Suite("Agreement with PyTorch")
struct ReferenceTests {
    @Test("Each optimizer takes PyTorch's steps")
    func steps() throws {
        let reference = try Reference.load()
        for example in reference.cases {
            let optimizer = try OptimizerCatalogue.parse(example.optimizer).optimizer
            let trajectory = run(optimizer, from: reference.start, gradients: reference.gradients)
            for (step, expected) in zip(reference.kept, example.parameters) {
                for (i, (ours, theirs)) in zip(trajectory[step - 1], expected).enumerated() {
                    // Each step rounds itself and the θ that it changes.
                    let path = [reference.start[i]] + trajectory[..<step].map { $0[i] }
                    let travelled = zip(path, path.dropFirst()).map { abs($1 - $0) }.reduce(0, +)
                    let tolerance = 3e-6 * travelled + 1e-7 * Float(step) * path.map { abs($0) }.max()!
                    #expect(
                        abs(ours - theirs) <= tolerance,
                        "\(example.optimizer) parameter \(i) after step \(step): \(ours), PyTorch \(theirs)")
                }
            }
        }
    }

    @Test("The references cover every optimizer with its default constants or more")
    func coverage() throws {
        let tested = Set(try Reference.load().cases.map { $0.optimizer.split(separator: ":")[0] })
        #expect(tested == Set(OptimizerCatalogue.keywords.map { $0[...] }))
    }

    private func run<O: Optimizer>(_ optimizer: O, from start: [Float], gradients: [[Float]]) -> [[Float]] {
        var parameters = start
        var state = optimizer.initialState(parameterCount: start.count)
        return gradients.map { gradient in
            optimizer.update(&parameters, gradient: gradient, state: &state)
            return parameters
        }
    }
}
