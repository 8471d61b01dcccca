import Datasets
import Files
import Foundation
import NumericCore
import Optimizees
import TestSupport
import Testing

/// What `Tests/Fixtures/make_mlp_fixtures.py` wrote.
private struct MLPFixture: Decodable {
    struct Case: Decodable {
        let activation: String
        let depth: Int
        let parameters: [Float]
        let losses: [Double]
        let gradients: [[Double]]
    }
    let pixels: [Float]
    let labels: [UInt8]
    let pixelsPerImage: Int
    let classes: Int
    let width: Int
    let cases: [Case]
}

/// What `Tests/Fixtures/make_cnn_fixtures.py` wrote.
private struct CNNFixture: Decodable {
    struct Case: Decodable {
        let layers: String
        let channels: Int
        let pixels: [Float]
        let labels: [UInt8]
        let classes: [UInt8]
        let parameters: [Float]
        let losses: [Double]
        let gradients: [[Double]]
    }
    let width: Int
    let classCount: Int
    let cases: [Case]
}

@Suite struct PyTorchTests {
    @Test(arguments: ["c-f", "c-p-f", "c-c-p-f", "c-p-c-f-f", "c-c-p-c-c-p-f-f"])
    func cnnMatchesPyTorch(layers: String) throws {
        let data = try JSONDecoder().decode(CNNFixture.self, from: Data(fixture("cnn.json")))
        let sample = try #require(data.cases.first { $0.layers == layers })
        let images = LabeledImages(
            pixels: sample.pixels, labels: sample.labels, pixelsPerImage: sample.pixels.count / sample.labels.count,
            classes: data.classCount)
        let cnn = CNN(
            dataset: "fixture", images: images, heldOut: HeldOutImages(images),
            architecture: CNN.Architecture(layers)!, channels: sample.channels, width: data.width, batchSize: 7)
        #expect(cnn.parameterCount == sample.parameters.count)
        let instance = try #require(cnn.instance(key: RandomKey(seed: 1)) as? CNNInstance)
        for step in 0..<3 {
            let batch = instance.minibatch(at: step)
            let loss = batch.map { sample.losses[$0] }.reduce(0, +) / 7
            let gradient = sample.parameters.indices.map { index in
                batch.map { sample.gradients[$0][index] }.reduce(0, +) / 7
            }
            let ours = instance.lossAndGradient(at: step, sample.parameters)
            #expect(abs(Double(ours.loss) - loss) < 1e-6 * loss)
            #expect(relativeError(ours.gradient.map(Double.init), gradient) < 1e-6)
        }
        let judged = try #require(instance.heldOut(sample.parameters))
        let mean = sample.losses.reduce(0, +) / 3
        #expect(abs(judged.loss - mean) < 1e-6 * mean)
        #expect(judged.accuracy == Double(zip(sample.classes, sample.labels).count { $0 == $1 }) / 3)
    }

    @Test(arguments: Activation.allCases, [1, 2, 3])
    func mlpMatchesPyTorch(activation: Activation, depth: Int) throws {
        let data = try JSONDecoder().decode(MLPFixture.self, from: Data(fixture("mlp.json")))
        let sample = try #require(data.cases.first { $0.activation == activation.rawValue && $0.depth == depth })
        let mlp = MLP(
            dataset: "fixture",
            images: LabeledImages(
                pixels: data.pixels, labels: data.labels, pixelsPerImage: data.pixelsPerImage, classes: data.classes),
            hiddenWidths: Array(repeating: data.width, count: depth), activation: activation, batchSize: 7)
        #expect(mlp.parameterCount == sample.parameters.count)
        let instance = try #require(mlp.instance(key: RandomKey(seed: 1)) as? MLPInstance)
        for step in 0..<3 {
            let batch = instance.minibatch(at: step)
            let loss = batch.map { sample.losses[$0] }.reduce(0, +) / 7
            let gradient = sample.parameters.indices.map { index in
                batch.map { sample.gradients[$0][index] }.reduce(0, +) / 7
            }
            let ours = instance.lossAndGradient(at: step, sample.parameters)
            #expect(abs(Double(ours.loss) - loss) < 1e-6 * loss)
            #expect(relativeError(ours.gradient.map(Double.init), gradient) < 1e-6)
        }
    }
}
