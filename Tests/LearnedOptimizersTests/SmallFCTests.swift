import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

private let needsFolder: Comment = "no data of the authors' own program: name their folder in L2O_GOLDEN_DIR"

@Suite("small_fc_lopt") struct SmallFCTests {
    // MARK: The authors' own program

    @Test("Double precision agrees with the authors' program in double precision", arguments: [4, 32])
    func reference(hidden: Int) throws { try checkReference(try SmallFCGolden(fixtureOf: hidden)) }

    @Test(
        "… at every step, parameters and features", .enabled(if: SmallFCGolden.folder != nil, needsFolder),
        arguments: [4, 32])
    func wholeReference(hidden: Int) throws {
        try checkReference(try SmallFCGolden(hidden: hidden, precision: "f64"))
    }

    private func checkReference(_ golden: SmallFCGolden) throws {
        let rule = try #require(try golden.optimizer().reference as? SmallFCReference)
        var parameters = try #require(golden.parameters(0))
        var state = rule.initialState(for: SmallFCGolden.layout)
        var compared = 0
        for step in 1...SmallFCGolden.steps {
            let (changes, features) = rule.step(
                &state, parameters: parameters, gradient: try golden.gradient(step))
            parameters = zip(parameters, changes).map { $0 + $1 }
            if let expected = golden.features(step) {
                #expect(largest(features.flatMap(\.self), expected.flatMap(\.self)) < 1e-10, "step \(step)")
                compared += 1
            }
            if let expected = golden.parameters(step) {
                #expect(largest(parameters, expected) < 1e-12, "step \(step)")
                compared += 1
            }
        }
        #expect(compared >= 4)
    }

    @Test("Single precision agrees with the authors' program in double precision", arguments: [4, 32])
    func single(hidden: Int) throws { try checkSingle(try SmallFCGolden(fixtureOf: hidden)) }

    @Test(
        "… and with theirs in single precision, at every step",
        .enabled(if: SmallFCGolden.folder != nil, needsFolder),
        arguments: [4, 32])
    func wholeSingle(hidden: Int) throws { try checkSingle(try SmallFCGolden(hidden: hidden, precision: "f32")) }

    /// The tolerances are five times what their single precision is from their double precision.
    private func checkSingle(_ golden: SmallFCGolden) throws {
        let optimizer = try golden.optimizer()
        var parameters = try #require(golden.parameters(0)).map { Float($0) }
        var state = optimizer.initialState(for: SmallFCGolden.layout)
        for step in 1...SmallFCGolden.steps {
            let gradient = try golden.gradient(step).map { Float($0) }
            if let expected = golden.features(step) {
                let features = optimizer.features(parameters: parameters, gradient: gradient, state: state)
                let error = largest(
                    features.joined().map { Double($0) }, expected.flatMap { $0.prefix(28) })
                // What parts single from double precision is mostly 1 − 0.999, formed in single precision.
                #expect(error < (golden.isDouble ? 1e-4 : 5e-6), "step \(step)")
            }
            optimizer.update(&parameters, gradient: gradient, loss: 1, state: &state)
            if let expected = golden.parameters(step) {
                let error = largest(parameters.map { Double($0) }, expected)
                #expect(error < (golden.hidden == 4 ? 5e-7 : 7e-7), "step \(step)")
            }
        }
    }

    @Test("Weights by the authors' names load without being told what they are", arguments: [4, 32])
    func conventions(hidden: Int) throws {
        let golden = try SmallFCGolden(fixtureOf: hidden)
        let file = golden.weightFile()
        #expect(try LearnedWeights.convention(of: file, path: "x").name == "learned_optimization")
        let weights = try LearnedWeights(file, path: "x")
        #expect(weights.kind == "small-fc-lopt" && weights.size == hidden)
        #expect(weights["hidden1.weight"] == file["weights/mlp/w0"]?.values)
        #expect(weights["decays.factored"] == file["weights/theta/adafactor_decays"]?.values)
        let own = try LearnedWeights(weights.safetensors(), path: "x")
        #expect(own == weights)
        #expect(SmallFC(weights: own).metaParameters.count == 197 + (hidden == 4 ? 0 : 2212))
    }

    @Test("Untrained weights are drawn as the authors draw them, and move parameters by about a thousandth")
    func untrained() {
        let weights = SmallFC(key: RandomKey(seed: 3), hidden: 32).weights
        for (name, inputs) in [("hidden1", 39.0), ("hidden2", 32), ("readout", 32)] {
            let values = weights["\(name).weight"].map { Double($0) * inputs.squareRoot() }
            #expect(values.allSatisfy { abs($0) <= 2 })
            let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
            // That of a normal cut off at two standard deviations is 0.774.
            #expect(abs(variance - 0.774) < 0.35, "\(name): \(variance)")
            #expect(weights["\(name).bias"].allSatisfy { $0 == 0 })
        }
        #expect(weights["decays.momentum"] == [0, 0, 0] && weights["decays.factored"] == [0, 0, 0])
    }
}
