import Datasets
import NeuralNetworks
import NumericCore

/// One drawn MLP problem: initial parameters and the order in which images are met.
///
/// Use it from one thread at a time; `DenseStack` says what a gradient costs.
public final class MLPInstance: OptimizeeInstance {
    public let initialParameters: [Float]

    private let layers: DenseStack
    private var minibatch: ImageMinibatch
    private let heldOutImages: HeldOutImages?
    package let workspace = Workspace()

    init(_ mlp: MLP, key: RandomKey) {
        var stream = RandomStream(key.child(0))
        initialParameters = (0..<mlp.parameterCount).map { _ in mlp.initialScale * stream.normal() }
        minibatch = ImageMinibatch(
            images: mlp.images, batchSize: mlp.batchSize, key: key.child(1), workspace: workspace)
        layers = DenseStack(
            mlp.layers, activation: mlp.activation, capacity: minibatch.capacity, inputs: minibatch.pixels,
            workspace: workspace)
        heldOutImages = mlp.heldOut
    }

    /// Which images make up the minibatch of `step`.
    public func minibatch(at step: Int) -> [Int] { minibatch.indices(at: step) }

    public func loss(at step: Int, parameters: Span<Float>) -> Float {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the MLP")
        minibatch.load(step: step)
        let sum = parameters.withUnsafeBufferPointer { layers.loss($0.baseAddress!, minibatch.examples) }
        return Float(sum / Double(minibatch.batchSize))
    }

    public func lossAndGradient(
        at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>
    ) -> Float {
        precondition(gradient.count == initialParameters.count, "the gradient does not fit the MLP")
        let loss = loss(at: step, parameters: parameters)
        parameters.withUnsafeBufferPointer { parameters in
            gradient.withUnsafeMutableBufferPointer { gradient in
                layers.backward(
                    parameters.baseAddress!, minibatch.examples, share: 1 / Float(minibatch.batchSize),
                    into: gradient.baseAddress!)
            }
        }
        return loss
    }

    public func heldOut(parameters: Span<Float>) -> HeldOut? {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the MLP")
        guard let images = heldOutImages?.images else { return nil }
        return parameters.withUnsafeBufferPointer { parameters in
            minibatch.score(images) { layers.score(parameters.baseAddress!, $0) }
        }
    }

    public func averageLoss(steps: Int, parameters: Span<Float>, isCancelled: () -> Bool) -> Double? {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the MLP")
        return parameters.withUnsafeBufferPointer { parameters in
            minibatch.averageLoss(steps: steps, isCancelled: isCancelled) { layers.loss(parameters.baseAddress!, $0) }
        }
    }
}
