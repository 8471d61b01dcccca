import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

private let rivals = ProcessInfo.processInfo.environment["L2O_RIVALS_DIR"]

/// What a file's network does by its project's definition, in double precision: Keras' gates i, f, c, o, their bias whole;
/// momentum before the gradient; moments divided by constants.
private func theirUpdates(_ file: SafetensorsFile, _ gradients: [Double]) -> [Double] {
    func value(_ name: String, _ index: Int) -> Double { Double(file[name]!.values[index]) }
    let hidden = file["readout.kernel"]!.shape[0]
    let places: [ConventionReference.Gate: Int] = [.input: 0, .forget: 1, .candidate: 2, .output: 3]
    func layer(_ name: String, inputs: Int) -> ConventionReference.Layer {
        ConventionReference.Layer(
            weight: { row, gate, unit in
                let column = places[gate]! * hidden + unit
                return row < inputs
                    ? value("\(name).kernel", row * 4 * hidden + column)
                    : value("\(name).recurrent_kernel", (row - inputs) * 4 * hidden + column)
            }, bias: { value("\(name).bias", places[$0]! * hidden + $1) })
    }
    let network = ConventionReference(
        hidden: hidden, layers: [layer("lstm0", inputs: 2), layer("lstm1", inputs: hidden)], forgetBias: 0,
        readout: ({ value("readout.kernel", $0) }, value("readout.bias", 0)))
    var (state, m, v) = (network.initialState, 0.0, 0.0)
    return gradients.map { g in
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        let size = (v / (1 - 0.999) + 1e-10).squareRoot()
        return -0.1 * tanh(network.output([m / (1 - 0.9) / size, g / size], &state))
    }
}

@Suite("Weights of Optimizer Amalgamation") struct AmalgamationTests {
    @Test(
        "Make the updates that their project's definition makes, whatever the gradients' size and the kernels",
        .enabled(if: rivals != nil, "no weights of other projects: name their folder in L2O_RIVALS_DIR"),
        arguments: ["choice-large", "choice-small", "mean", "min-max"], [1e-7, 1e-4, 1, 1e3])
    func updates(name: String, scale: Double) throws {
        let path = "\(try #require(rivals))/amalgamation_\(name).safetensors"
        let weights = try LearnedWeights.load(path: path)
        #expect(weights.kind == "rnnprop-amalgamated" && weights.size == 20)
        var stream = RandomStream(RandomKey(seed: 6))
        let gradients = (0..<30).map { _ in Float(scale) * stream.normal() }
        let expected = theirUpdates(try SafetensorsFile(path: path), gradients.map(Double.init))
        #expect(expected.contains { abs($0) > 1e-4 })
        let rule = AmalgamatedRNNprop(weights: weights)
        for kernels in Kernels.all where kernels.factors == .single {
            let optimizer = rule.with(kernels: kernels)
            var state = optimizer.initialState(parameterCount: 1)
            for (gradient, update) in zip(gradients, expected) {
                var parameter: [Float] = [0]
                optimizer.update(&parameter, gradient: [gradient], state: &state)
                #expect(abs(Double(parameter[0]) - update) < 1e-6, "\(kernels.name)")
            }
        }
    }
}
