import Datasets
import NumericCore

/// One drawn CNN problem: initial parameters and the order in which images are met.
///
/// Use it from one thread at a time. It keeps every layer's activations and their gradients: about 28 MB for a batch of
/// 128 on MNIST by the paper's smaller network.
public final class CNNInstance: OptimizeeInstance {
    public let initialParameters: [Float]

    private let convolutions: ConvolutionStack
    private let dense: DenseStack
    private var minibatch: ImageMinibatch
    private let heldOutImages: HeldOutImages?
    package let workspace = Workspace()
    package var isSlow: Bool { convolutions.isSlow }

    init(_ cnn: CNN, key: RandomKey) {
        var stream = RandomStream(key.child(0))
        initialParameters = (0..<cnn.parameterCount).map { _ in cnn.initialScale * stream.normal() }
        minibatch = ImageMinibatch(
            images: cnn.images, batchSize: cnn.batchSize, key: key.child(1), workspace: workspace)
        convolutions = ConvolutionStack(
            cnn.blocks, batchSize: cnn.batchSize, pixels: minibatch.pixels, workspace: workspace)
        dense = DenseStack(
            cnn.denseLayers, activation: .relu, batchSize: cnn.batchSize, inputs: convolutions.features,
            workspace: workspace)
        heldOutImages = cnn.heldOut
    }

    /// Which images make up the minibatch of `step`.
    public func minibatch(at step: Int) -> [Int] { minibatch.indices(at: step) }

    public func loss(at step: Int, parameters: Span<Float>) -> Float {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the CNN")
        minibatch.load(step: step)
        return parameters.withUnsafeBufferPointer { forward($0.baseAddress!) }
    }

    public func lossAndGradient(
        at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>
    ) -> Float {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the CNN")
        precondition(gradient.count == initialParameters.count, "the gradient does not fit the CNN")
        minibatch.load(step: step)
        return parameters.withUnsafeBufferPointer { parameters in
            gradient.withUnsafeMutableBufferPointer { gradient in
                let loss = forward(parameters.baseAddress!)
                backward(parameters.baseAddress!, into: gradient.baseAddress!)
                return loss
            }
        }
    }

    public func heldOut(parameters: Span<Float>) -> HeldOut? {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the CNN")
        guard let images = heldOutImages?.images else { return nil }
        return parameters.withUnsafeBufferPointer { parameters in
            minibatch.score(images) { labels, count in
                convolutions.forward(parameters.baseAddress!)
                return dense.score(parameters.baseAddress!, labels: labels, count: count)
            }
        }
    }

    private func forward(_ parameters: UnsafePointer<Float>) -> Float {
        convolutions.forward(parameters)
        return dense.loss(parameters, labels: minibatch.labels)
    }

    private func backward(_ parameters: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>) {
        dense.backward(
            parameters, labels: minibatch.labels, into: gradient, inputGradient: convolutions.featureGradient)
        convolutions.backward(into: gradient)
    }
}
