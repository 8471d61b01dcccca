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

@Suite struct PyTorchTests {
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
