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
    var scale: Float = 0.5

    var testDescription: String { "\(activation) \(pixels)-\(hidden)-\(classes) batch \(batch) scale \(scale)" }

    var mlp: MLP {
        MLP(
            dataset: "sample", images: sampleImages(count: 30, pixels: pixels, classes: classes),
            hiddenWidths: hidden, activation: activation, batchSize: batch, initialScale: scale)
    }

    static let all: [MLPCase] =
        Activation.allCases.flatMap { activation in
            [[5], [5, 3], [4, 1, 6]].map { MLPCase(activation: activation, hidden: $0) }
        } + [
            MLPCase(hidden: []), MLPCase(batch: 1), MLPCase(hidden: [1]), MLPCase(batch: 8), MLPCase(batch: 9),
            MLPCase(hidden: [8]), MLPCase(hidden: [17]), MLPCase(batch: 17), MLPCase(pixels: 1), MLPCase(classes: 1),
            MLPCase(hidden: [20], batch: 33, pixels: 16, classes: 10),
        ]
        + Activation.allCases.flatMap { [MLPCase(activation: $0, scale: 20), MLPCase(activation: $0, scale: 0.01)] }
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

    @Test func parametersLieAsDocumented() {
        let mlp = MLPCase(hidden: [5, 3]).mlp
        #expect(
            mlp.shapes == [
                ParameterShape("W1", [13, 5]), ParameterShape("b1", [5]), ParameterShape("W2", [5, 3]),
                ParameterShape("b2", [3]), ParameterShape("W3", [3, 4]), ParameterShape("b3", [4]),
            ])
        let images = sampleImages(count: 1, pixels: 784, classes: 10)
        #expect(MLP(dataset: "mnist", images: images).parameterCount == 15_910)
    }

    @Test(arguments: [Float(0.1), 0.01]) func initialParametersAreNormal(scale: Float) {
        let mlp = MLP(
            dataset: "sample", images: sampleImages(count: 1, pixels: 784, classes: 10), initialScale: scale)
        let start = mlp.instance(key: RandomKey(seed: 2)).initialParameters.map(Double.init)
        let mean = start.reduce(0, +) / Double(start.count)
        let deviation = norm(start) / Double(start.count).squareRoot()
        #expect(abs(mean) < 0.03 * Double(scale))
        #expect(abs(deviation / Double(scale) - 1) < 0.03)
    }

    /// One step's minibatch is kept; asking for another and coming back must not show.
    @Test func eachStepMeetsItsOwnMinibatch() throws {
        let mlp = MLPCase(batch: 5).mlp
        let instance = try #require(mlp.instance(key: RandomKey(seed: 2)) as? MLPInstance)
        let start = instance.initialParameters
        let losses = (0..<4).map { instance.loss(at: $0, start) }
        #expect(Set(losses).count == 4)
        #expect((0..<4).reversed().map { instance.loss(at: $0, start) } == losses.reversed())
        #expect(Set((0..<4).map { instance.minibatch(at: $0) }).count == 4)
    }

    /// A logit of 10⁸ is as good as certain; nothing overflows on the way.
    @Test func hugeLogitsAreSafe() {
        let images = LabeledImages(pixels: [1], labels: [0], pixelsPerImage: 1, classes: 2)
        let mlp = MLP(dataset: "sample", images: images, hiddenWidths: [], batchSize: 3)
        let instance = mlp.instance(key: RandomKey(seed: 1))
        let right = instance.lossAndGradient(at: 0, [1e8, -1e8, 0, 0])
        #expect(right.loss == 0)
        #expect(right.gradient.allSatisfy { abs($0) < 1e-30 })
        let wrong = instance.lossAndGradient(at: 0, [-1e8, 1e8, 0, 0])
        #expect(wrong.loss == 2e8)
        #expect(zip(wrong.gradient, [-1, 1, -1, 1]).allSatisfy { abs($0 - $1) < 1e-6 })
    }
}
