import Datasets
import NumericCore
import Optimizees
import Testing

/// One MLP to check: an activation and sizes.
struct MLPCase: CustomTestStringConvertible {
    var activation = Activation.sigmoid
    var hidden = [5]
    var batch = 7
    var pixels = 13
    var classes = 4

    var testDescription: String { "\(activation) \(pixels)-\(hidden)-\(classes) batch \(batch)" }

    var mlp: MLP {
        MLP(
            dataset: "sample", images: sampleImages(count: 30, pixels: pixels, classes: classes),
            hiddenWidths: hidden, activation: activation, batchSize: batch, initialScale: 0.5)
    }

    static let all: [MLPCase] =
        Activation.allCases.flatMap { activation in
            [[5], [5, 3], [4, 1, 6]].map { MLPCase(activation: activation, hidden: $0) }
        } + [
            MLPCase(hidden: []), MLPCase(batch: 1), MLPCase(hidden: [1]), MLPCase(batch: 8), MLPCase(batch: 9),
            MLPCase(hidden: [8]), MLPCase(hidden: [17]), MLPCase(batch: 17), MLPCase(pixels: 1), MLPCase(classes: 1),
            MLPCase(hidden: [20], batch: 33, pixels: 16, classes: 10),
        ]
}

@Suite struct MLPTests {
    @Test(arguments: MLPCase.all) func matchesTheReferenceInDoublePrecision(_ sample: MLPCase) throws {
        let mlp = sample.mlp
        let instance = try #require(mlp.instance(key: RandomKey(seed: 3)) as? MLPInstance)
        let start = instance.initialParameters
        #expect(start.count == mlp.parameterCount)
        for step in [0, 4] {
            let reference = MLPReference(mlp)
            let batch = instance.minibatch(at: step)
            let (loss, gradient) = instance.lossAndGradient(at: step, start)
            let expected = reference.loss(start.map(Double.init), batch: batch)
            #expect(abs(Double(loss) - expected) <= 1e-5 * abs(expected) + 1e-7)
            #expect(instance.loss(at: step, start) == loss)
            // Every 11th from the end: some weights and biases of every layer.
            let coordinates = Array(stride(from: start.count - 1, through: 0, by: -11))
            let slopes = reference.slopes(start.map(Double.init), coordinates: coordinates, batch: batch)
            let ours = coordinates.map { Double(gradient[$0]) }
            #expect(gradient.allSatisfy { $0.isFinite })
            #expect(relativeError(ours, slopes) < 1e-5 || norm(slopes) < 1e-6)
        }
    }
}
