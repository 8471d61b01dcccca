import COneDNN
import Datasets
import NumericCore
import Optimizees
import Testing

/// One CNN to check: layers and sizes.
struct CNNCase: CustomTestStringConvertible {
    var layers = "c-c-p-f"
    var width = 2
    var side = 4
    var channels = 1
    var batch = 7
    var classes = 4
    var scale: Float = 0.5

    var testDescription: String { "\(layers) width \(width) \(channels)×\(side)×\(side) batch \(batch)" }

    var cnn: CNN {
        let pixels = side * side * channels
        return CNN(
            dataset: "sample", images: sampleImages(count: 30, pixels: pixels, classes: classes),
            heldOut: HeldOutImages(sampleImages(count: 10, pixels: pixels, classes: classes, seed: 6)),
            architecture: CNN.Architecture(layers)!, channels: channels, width: width, batchSize: batch,
            initialScale: scale)
    }

    static let all: [CNNCase] = [
        CNNCase(), CNNCase(layers: "c-f"), CNNCase(layers: "c-p-c-p-f-f"), CNNCase(side: 5), CNNCase(channels: 3),
        CNNCase(batch: 1), CNNCase(layers: "c-f", side: 1), CNNCase(layers: "c-p-f", side: 2, classes: 1),
        CNNCase(layers: "c-c-p-f-f-f", width: 3, channels: 2),
        // Widths that oneDNN has fast code for, and some beside them.
        CNNCase(width: 16, side: 6, batch: 4, scale: 0.2), CNNCase(width: 17, side: 6, batch: 3, scale: 0.2),
        CNNCase(layers: "c-c-p-c-c-p-f-f", width: 16, side: 8, channels: 3, batch: 3, scale: 0.1),
        CNNCase(layers: "c-c-p-c-c-p-f-f", width: 8, side: 7, batch: 3, scale: 0.2),
        // Minibatches that are looked at in one, two and three parts, the last of them full or not.
        CNNCase(batch: 16), CNNCase(batch: 17), CNNCase(batch: 32),
        CNNCase(width: 16, side: 6, batch: 41, scale: 0.2),
    ]
}

@Suite struct CNNTests {
    @Test(arguments: CNNCase.all) func matchesTheReferenceInDoublePrecision(_ sample: CNNCase) throws {
        let cnn = sample.cnn
        let instance = try #require(cnn.instance(key: RandomKey(seed: 3)) as? CNNInstance)
        let start = instance.initialParameters
        #expect(start.count == cnn.parameterCount)
        let reference = CNNReference(cnn: cnn)
        for step in [0, 4] {
            let batch = instance.minibatch(at: step)
            let (loss, gradient) = instance.lossAndGradient(at: step, start)
            let expected = reference.loss(start.map(Double.init), batch: batch)
            #expect(abs(Double(loss) - expected) <= 1e-5 * abs(expected) + 1e-7)
            #expect(instance.loss(at: step, start) == loss)
            // About twenty, from the end: some of every layer that is not tiny.
            let coordinates = Array(stride(from: start.count - 1, through: 0, by: -(start.count / 20 + 1)))
            let slopes = reference.slopes(start.map(Double.init), coordinates: coordinates, batch: batch)
            let ours = coordinates.map { Double(gradient[$0]) }
            #expect(gradient.allSatisfy { $0.isFinite })
            #expect(relativeError(ours, slopes) < 1e-4 || norm(slopes) < 1e-6)
        }
    }

    /// Weights and biases, layer by layer, counted by hand.
    @Test(arguments: [
        ("c-c-p-f", 1, 28, (9 + 1) * 16 + (144 + 1) * 16 + (14 * 14 * 16 + 1) * 10, 33_850),
        (
            "c-c-p-c-c-p-f-f", 1, 28,
            (9 + 1) * 16 + (144 + 1) * 16 + (144 + 1) * 32 + (288 + 1) * 32 + (7 * 7 * 32 + 1) * 64 + 65 * 10, 117_434
        ),
        ("c-c-p-f", 3, 32, (27 + 1) * 16 + (144 + 1) * 16 + (16 * 16 * 16 + 1) * 10, 43_738),
        (
            "c-c-p-c-c-p-f-f", 3, 32,
            (27 + 1) * 16 + (144 + 1) * 16 + (144 + 1) * 32 + (288 + 1) * 32 + (8 * 8 * 32 + 1) * 64 + 65 * 10,
            148_442
        ),
    ]) func papersNetworksHaveTheirSizes(layers: String, channels: Int, side: Int, sum: Int, count: Int) {
        let cnn = CNNCase(layers: layers, width: 16, side: side, channels: channels, classes: 10).cnn
        #expect(cnn.parameterCount == sum)
        #expect(sum == count)
    }

    #if arch(x86_64)
        /// oneDNN falls back on loops a hundred times as slow where it has no code for a layout; on AVX2, for grey images,
        /// it would. `ONEDNN_MAX_CPU_ISA=AVX2` shows what an older processor does.
        @Test(.enabled(if: Kernels.all.contains { $0.name == "avx2" }), arguments: [(1, 28), (3, 32)])
        func papersNetworksRunOnFastCode(channels: Int, side: Int) throws {
            let sample = CNNCase(layers: "c-c-p-c-c-p-f-f", width: 16, side: side, channels: channels, classes: 10)
            #expect(try !#require(sample.cnn.instance(key: RandomKey(seed: 1)) as? CNNInstance).isSlow)
        }
    #endif

    @Test func parametersLieAsDocumented() {
        let cnn = CNNCase(layers: "c-c-p-c-f-f", width: 3, side: 7, channels: 2).cnn
        #expect(
            cnn.shapes == [
                ParameterShape("W1", [3, 3, 2, 3]), ParameterShape("b1", [3]), ParameterShape("W2", [3, 3, 3, 3]),
                ParameterShape("b2", [3]), ParameterShape("W3", [3, 3, 3, 6]), ParameterShape("b3", [6]),
                ParameterShape("W4", [3 * 3 * 6, 6]), ParameterShape("b4", [6]), ParameterShape("W5", [6, 4]),
                ParameterShape("b5", [4]),
            ])
    }

    @Test func initialParametersAreNormal() {
        let cnn = CNNCase(width: 16, side: 28, classes: 10, scale: 0.1).cnn
        let start = cnn.instance(key: RandomKey(seed: 2)).initialParameters.map(Double.init)
        #expect(abs(start.reduce(0, +) / Double(start.count)) < 0.003)
        #expect(abs(norm(start) / Double(start.count).squareRoot() - 0.1) < 0.003)
    }

    @Test(arguments: ["c-c-p-f", "c-f", "c-p-c-p-f-f-f", "c-c-p-c-c-p-f-f"])
    func layersAreReadAndWritten(text: String) {
        #expect(CNN.Architecture(text)?.description == text)
    }

    @Test(arguments: ["", "c", "f", "c-p", "p-c-f", "c-p-p-f", "c-f-c", "c-f-p-f", "c--f", "c-f-", "C-F", "c-x-f"])
    func otherLayersAreRefused(text: String) {
        #expect(CNN.Architecture(text) == nil)
    }

    /// oneDNN splits its sums by the number of OpenMP's threads; here it must never see another than one.
    @Test func resultsDoNotDependOnOpenMP() {
        let cnn = CNNCase(layers: "c-c-p-c-c-p-f-f", width: 16, side: 12, channels: 3, batch: 32, scale: 0.1).cnn
        let results = ([1, 4] as [Int32]).map { threads in
            omp_set_num_threads(threads)
            let instance = cnn.instance(key: RandomKey(seed: 1))
            omp_set_num_threads(threads)
            return instance.lossAndGradient(at: 0, instance.initialParameters)
        }
        #expect(results[0].loss == results[1].loss)
        #expect(results[0].gradient == results[1].gradient)
    }

    /// ReLU and max pooling in common libraries turn NaN into 0, and the loss would look harmless.
    @Test(arguments: [Float.nan, .infinity, -.infinity, 1e25])
    func whatIsNotFiniteOnTheWayShowsInTheLoss(value: Float) {
        let cnn = CNNCase(layers: "c-c-p-f", width: 16, side: 8).cnn
        let instance = cnn.instance(key: RandomKey(seed: 1))
        var parameters = instance.initialParameters
        // All filters of the second convolution; for 10²⁵ those of the first, too, so that sums overflow.
        for index in (value.isFinite ? 0 : 160)..<160 + 2304 { parameters[index] = value }
        #expect(instance.lossAndGradient(at: 0, parameters).loss.isNaN)
        #expect(instance.heldOut(parameters)?.loss.isNaN == true)
        #expect(instance.heldOut(parameters)?.accuracy == 0)
        let start = instance.initialParameters
        #expect(instance.loss(at: 0, start).isFinite)
    }
}
