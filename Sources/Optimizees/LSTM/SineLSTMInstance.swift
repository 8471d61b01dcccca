import Datasets
import NeuralNetworks
import NumericCore

/// One drawn `SineLSTM` problem: initial parameters and the sequences of each step.
///
/// Use it from one thread at a time. A step allocates nothing.
package final class SineLSTMInstance: OptimizeeInstance {
    package let initialParameters: [Float]

    /// How many sequences the held-out loss is the mean of.
    static let heldOutCount = 2048

    private let sequences: SineSequences
    private let batchSize: Int
    private let network: LSTMStack
    package let workspace = Workspace()

    /// The root of the minibatches.
    private let minibatches: RandomKey
    private let heldOut: RandomKey
    /// Whose minibatch the first layer's input and the targets are.
    private var loadedStep: Int?

    init(_ optimizee: SineLSTM, key: RandomKey) {
        sequences = optimizee.sequences
        batchSize = optimizee.batchSize
        var stream = RandomStream(key.child(0))
        initialParameters = (0..<optimizee.parameterCount).map { _ in optimizee.initialScale * stream.normal() }
        minibatches = key.child(1)
        heldOut = key.child(2)
        network = LSTMStack(
            inputs: 1, hidden: optimizee.hiddenSize, layers: optimizee.layerCount, length: sequences.length,
            batchSize: batchSize, workspace: workspace)
    }

    // MARK: Losses

    package func loss(at step: Int, parameters: Span<Float>) -> Float {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the LSTM")
        load(step)
        return parameters.withUnsafeBufferPointer { parameters in
            network.forward(parameters.baseAddress!)
            return Float(network.squaredErrors(batchSize) / Double(batchSize))
        }
    }

    package func lossAndGradient(at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>) -> Float {
        precondition(gradient.count == initialParameters.count, "the gradient does not fit the LSTM")
        let loss = loss(at: step, parameters: parameters)
        parameters.withUnsafeBufferPointer { parameters in
            gradient.withUnsafeMutableBufferPointer { gradient in
                network.backward(
                    parameters.baseAddress!, batchSize: batchSize, into: gradient.baseAddress!)
            }
        }
        return loss
    }

    /// The mean loss over 2,048 sequences that no step meets: the same for every size of minibatch.
    package func heldOut(parameters: Span<Float>) -> HeldOut? {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the LSTM")
        loadedStep = nil
        var stream = RandomStream(heldOut)
        var total = 0.0
        for start in stride(from: 0, to: Self.heldOutCount, by: batchSize) {
            let count = min(batchSize, Self.heldOutCount - start)
            draw(count, from: &stream)
            parameters.withUnsafeBufferPointer { network.forward($0.baseAddress!) }
            total += network.squaredErrors(count)
        }
        return HeldOut(loss: total / Double(Self.heldOutCount))
    }

    // MARK: Data

    private func load(_ step: Int) {
        guard step != loadedStep else { return }
        loadedStep = step
        var stream = RandomStream(minibatches.child(step))
        draw(batchSize, from: &stream)
    }

    private func draw(_ count: Int, from stream: inout RandomStream) {
        sequences.draw(count, from: &stream, values: network.input, stride: network.block, targets: network.targets)
    }
}
