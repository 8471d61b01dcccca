import NumericCore
import Optimizees
import Testing

/// What optimizees say an instance takes, against what it does take.
@Suite struct MemoryTests {
    private func bytes(_ instance: any OptimizeeInstance) throws -> Double {
        let workspace =
            switch instance {
            case let instance as MLPInstance: instance.workspace
            case let instance as CNNInstance: instance.workspace
            default: try #require(instance as? SineLSTMInstance).workspace
            }
        return Double(workspace.byteCount + 4 * instance.initialParameters.count)
    }

    @Test(arguments: [1, 9, 200]) func layersThatAreOursAreCountedButForPadding(batch: Int) throws {
        let images = sampleImages(count: 10, pixels: 100, classes: 4)
        let optimizees: [any Optimizee] = [
            MLP(dataset: "sample", images: images, hiddenWidths: [], batchSize: batch),
            MLP(dataset: "sample", images: images, hiddenWidths: [40, 7], batchSize: batch),
            SineLSTM(batchSize: batch), SineLSTM(hiddenSize: 7, layers: 3, batchSize: batch),
        ]
        for optimizee in optimizees {
            let taken = try bytes(optimizee.instance(key: RandomKey(seed: 1)))
            // Only what fills up lanes is left out.
            #expect(abs(Double(optimizee.instanceBytes) - taken) < 0.02 * taken + 1000, "\(optimizee.name)")
        }
    }

    @Test(
        arguments: [("c-c-p-f", 16), ("c-p-c-f-f", 32), ("c-c-p-c-c-p-f-f", 16)], [1, 3])
    func layersOfOneDNNAreCountedRoughly(network: (layers: String, width: Int), channels: Int) throws {
        let cnn = CNN(
            dataset: "sample", images: sampleImages(count: 10, pixels: channels * 32 * 32, classes: 10),
            architecture: try #require(CNN.Architecture(network.layers)), channels: channels, width: network.width)
        let taken = try bytes(cnn.instance(key: RandomKey(seed: 1)))
        #expect((0.75 * taken...1.25 * taken).contains(Double(cnn.instanceBytes)), "\(taken)")
    }

    @Test func wrappersTakeMoreThanWhatTheyWrap() {
        let mlp = MLPCase().mlp
        let (scaled, combined) = (RandomScaling(mlp, range: 1), Combined(mlp, Convex()))
        #expect(scaled.instanceBytes > mlp.instanceBytes + 8 * mlp.parameterCount)
        #expect(combined.instanceBytes > mlp.instanceBytes + Convex().instanceBytes)
    }
}
