import Files
import KernelTypes
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

/// Sizes around multiples of every vector width, none and one included.
private let counts = [0, 1, 15, 16, 17, 31, 33, 63, 64, 65, 1000]

private func gradients(_ count: Int, steps: Int, seed: UInt64) -> [[Float]] {
    var stream = RandomStream(RandomKey(seed: seed))
    return (0..<steps).map { _ in
        (0..<count).map { _ in
            // Many magnitudes, and exact zeros as dead pixels give.
            let kind = stream.index(below: 8)
            return kind == 0 ? 0 : stream.normal() * exp(stream.uniform(in: -12...2))
        }
    }
}

/// A network whose gates saturate now and then.
private func spread<F: FeatureRule>(_: F.Type, hidden: Int, layers: Int, kernels: Kernels)
    -> CoordinatewiseOptimizer<F>
{
    let optimizer = CoordinatewiseOptimizer<F>(
        key: RandomKey(seed: 3), hidden: hidden, layers: layers, kernels: kernels)
    var stream = RandomStream(RandomKey(seed: 4))
    return optimizer.optimizer(optimizer.metaParameters.map { 1.5 * $0 + 0.1 * stream.normal() })
}

private func flat(_ rows: [[Float]]) -> AlignedFloats {
    var result = AlignedFloats(count: rows.reduce(0) { $0 + $1.count })
    result.withMutablePointer { pointer in
        for (index, value) in rows.joined().enumerated() { pointer[index] = value }
    }
    return result
}

struct Shape: Sendable, CustomTestStringConvertible {
    let features: any FeatureRule.Type
    var hidden = 20
    var layers = 2
    var kernels = Kernels.all
    var testDescription: String { "\(features.kind), \(layers) × \(hidden)" }
    static let all =
        [
            Shape(features: RNNpropFeatures.self), Shape(features: DMoptimizerFeatures.self),
            Shape(features: AmalgamatedRNNpropFeatures.self),
            Shape(features: RNNpropFeatures.self, hidden: 7, layers: 1),
            Shape(features: DMoptimizerFeatures.self, hidden: 5, layers: 3),
        ] + [1, 2, 3].map { general(hidden: 8 - $0, layers: $0) }

    /// Kernels that are compiled for the tests, of the first instruction set alone.
    private static func general(hidden: Int, layers: Int) -> Shape {
        Shape(
            features: DirectionAndSizeFeatures.self, hidden: hidden, layers: layers,
            kernels: [Kernels.available[0]])
    }
}

@Suite struct KernelTests {
    @Test("Updates agree with double precision", arguments: Shape.all)
    func forward(shape: Shape) { forward(shape, shape.features) }

    private func forward<F: FeatureRule>(_ shape: Shape, _: F.Type) {
        let steps = 12
        for kernels in shape.kernels {
            let optimizer = spread(F.self, hidden: shape.hidden, layers: shape.layers, kernels: kernels)
            let reference = ReferenceNetwork(
                F.self, hidden: shape.hidden, layers: shape.layers,
                weights: optimizer.metaParameters.map(Double.init))
            for count in counts {
                let inputs = gradients(count, steps: steps, seed: 5)
                var memory = reference.initialState(for: ParameterLayout(count: count))
                var position = [Double](repeating: 0, count: count)
                let expected = reference.updates(
                    &memory, parameters: &position, gradients: inputs.map { $0.map(Double.init) })
                var state = optimizer.initialState(parameterCount: count)
                var parameters = [Float](repeating: 0, count: count)
                var worst = 0.0
                for step in 0..<steps {
                    let before = parameters
                    optimizer.update(&parameters, gradient: inputs[step], state: &state)
                    for i in 0..<count {
                        worst = max(worst, abs(Double(parameters[i] - before[i]) - expected[step][i]))
                    }
                }
                // Steps are 0.1 at most; bfloat16 keeps three digits, and rounding adds up in the state.
                #expect(
                    worst < (kernels.factors == .single ? 2e-6 : 5e-3),
                    "\(kernels.name), \(count) coordinates: off by \(worst)")
            }
        }
    }

    @Test("Meta-gradients agree with finite differences in double precision", arguments: Shape.all)
    func metaGradient(shape: Shape) { metaGradient(shape, shape.features) }

    private func metaGradient<F: FeatureRule>(_ shape: Shape, _: F.Type) {
        let count = 19
        let warmUp = gradients(count, steps: 3, seed: 6)
        let period = gradients(count, steps: 6, seed: 7)
        for lossWeights: [Float] in [[0, 0, 0, 0, 0, 1], [Float](repeating: 1 / 6, count: 6)] {
            var results: [[Float]] = []
            for kernels in shape.kernels {
                let optimizer = spread(F.self, hidden: shape.hidden, layers: shape.layers, kernels: kernels)
                var state = optimizer.initialState(parameterCount: count)
                var parameters = [Float](repeating: 0, count: count)
                for row in warmUp { optimizer.update(&parameters, gradient: row, state: &state) }
                results.append(
                    optimizer.metaGradient(
                        of: RecordedPeriod(
                            startState: state, startParameters: parameters, gradients: flat(period),
                            lossWeights: lossWeights), sample: .all))
            }
            let weights = spread(F.self, hidden: shape.hidden, layers: shape.layers, kernels: shape.kernels[0])
                .metaParameters.map(Double.init)
            var reference = ReferenceNetwork(
                F.self, hidden: shape.hidden, layers: shape.layers, weights: weights)
            var memory = reference.initialState(for: ParameterLayout(count: count))
            var position = [Double](repeating: 0, count: count)
            _ = reference.updates(&memory, parameters: &position, gradients: warmUp.map { $0.map(Double.init) })
            let start = memory
            // Differences of a sample of weights: every one would take minutes.
            let probes = Array(stride(from: 0, to: weights.count, by: max(1, weights.count / 40)))
            let size = results[0].map { Double($0) * Double($0) }.reduce(0, +).squareRoot()
            for probe in probes {
                func value(_ delta: Double) -> Double {
                    reference.weights[probe] = weights[probe] + delta
                    defer { reference.weights[probe] = weights[probe] }
                    return reference.surrogate(
                        from: start, parameters: period.map { _ in position },
                        gradients: period.map { $0.map(Double.init) }, lossWeights: lossWeights.map(Double.init))
                }
                let expected = (value(1e-4) - value(-1e-4)) / 2e-4
                for (kernels, result) in zip(shape.kernels, results) {
                    let error = abs(Double(result[probe]) - expected)
                    #expect(
                        kernels.factors == .single
                            ? error < 1e-5 * abs(expected) + 3e-7 * size : error < 0.02 * abs(expected) + 5e-3 * size,
                        "\(kernels.name), weight \(probe): \(result[probe]) for \(expected)")
                }
            }
        }
    }

    @Test("Weights of a network with three features and two outputs are named by their shapes, and read back")
    func weights() {
        let optimizer = spread(
            DirectionAndSizeFeatures.self, hidden: 6, layers: 2, kernels: Kernels.available[0])
        let weights = optimizer.weights
        #expect(
            weights.tensors.map(\.shape) == [[3, 5], [5], [5 + 6, 24], [24], [6 + 6, 24], [24], [6, 2], [2]])
        let layout = DirectionAndSizeFeatures.layout(hidden: 6, layers: 2)
        let flat = optimizer.metaParameters
        // By unit, then by output.
        #expect(weights["readout.weight"][2 * 4 + 1] == flat[layout.readoutOffset + (6 + 1) + 4])
        #expect(weights["readout.bias"] == [flat[layout.readoutOffset + 6], flat[layout.weightCount - 1]])
        // By feature, then by unit.
        #expect(weights["projection.weight"][5 * 2 + 3] == flat[4 * 3 + 1 + 2])
        let again = CoordinatewiseOptimizer<DirectionAndSizeFeatures>(
            weights: weights, kernels: Kernels.available[0])
        #expect(again.metaParameters == flat)
    }
}
