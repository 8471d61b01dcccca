import NeuralNetworks
import Testing

/// The memory that networks work in.
@Suite struct ScratchTests {
    @Test func buffersStartOnACacheLineAndAreZero() {
        let workspace = Workspace()
        for count in [0, 1, 7, 8, 9, 1000] {
            let buffer = workspace.floats(count)
            #expect(UInt(bitPattern: buffer).isMultiple(of: 64))
            // Whole vectors, so that a loop over them needs no remainder.
            let padded = (count + 7) / 8 * 8
            #expect((0..<padded).allSatisfy { buffer[$0] == 0 })
            for index in 0..<padded { buffer[index] = .nan }
        }
        // Of no floats, one is taken.
        #expect(workspace.byteCount == 4 * 1041)
    }

    @Test func layersLieOneAfterTheOther() {
        let layers = DenseLayer.layers([5, 3, 2], from: 10)
        #expect(layers.map(\.weights) == [10, 28])
        #expect(layers.map(\.biases) == [25, 34])
        let convolution = ConvolutionShape(side: 9, inputs: 2, outputs: 4, pools: true, weights: 7)
        #expect(convolution.end == 83 && convolution.outputSide == 4)
    }

    /// What is said of the memory beforehand is what is taken, but for what does not grow with the network.
    @Test(arguments: [1, 2, 3]) func anLSTMTakesWhatItSays(layers: Int) {
        let workspace = Workspace()
        _ = LSTMStack(inputs: 2, hidden: 12, layers: layers, length: 6, batchSize: 30, workspace: workspace)
        let said = LSTMStack.scratchFloats(inputs: 2, hidden: 12, layers: layers, length: 6, batchSize: 30)
        #expect(workspace.byteCount == 4 * (said + 2 * 32))
    }

    @Test func fullyConnectedLayersTakeWhatTheySay() {
        let workspace = Workspace()
        let inputs = workspace.floats(0)
        let before = workspace.byteCount
        let layers = DenseLayer.layers([24, 16, 8])
        _ = DenseStack(layers, activation: .tanh, capacity: 30, inputs: inputs, workspace: workspace)
        #expect(workspace.byteCount - before == 4 * DenseStack.scratchFloats(layers, capacity: 30))
    }
}
