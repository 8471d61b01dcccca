import Datasets
import NeuralNetworks
import NumericCore

/// One drawn CNN problem: initial parameters and the order in which images are met.
///
/// Use it from one thread at a time. A minibatch is looked at in parts of up to 16 images, whose gradients are added up:
/// so all activations and their gradients stay in the processor's caches, 3.5 MB on MNIST by the paper's smaller network
/// where 128 images take 28. A step takes an eighth less time.
public final class CNNInstance: OptimizeeInstance {
    public let initialParameters: [Float]

    private let convolutions: ConvolutionStack
    private let dense: DenseStack
    private var minibatch: ImageMinibatch
    private let heldOutImages: HeldOutImages?
    /// The gradient of one part.
    private let partial: UnsafeMutablePointer<Float>
    package let workspace = Workspace()
    package var isSlow: Bool { convolutions.isSlow }

    init(_ cnn: CNN, key: RandomKey) {
        var stream = RandomStream(key.child(0))
        initialParameters = (0..<cnn.parameterCount).map { _ in cnn.initialScale * stream.normal() }
        minibatch = ImageMinibatch(
            images: cnn.images, batchSize: cnn.batchSize, limit: CNN.microbatch, key: key.child(1),
            workspace: workspace)
        convolutions = ConvolutionStack(
            cnn.blocks, batchSize: minibatch.capacity, pixels: minibatch.pixels, workspace: workspace)
        dense = DenseStack(
            cnn.denseLayers, activation: .relu, capacity: minibatch.capacity, inputs: convolutions.features,
            workspace: workspace)
        heldOutImages = cnn.heldOut
        partial = workspace.floats(initialParameters.count)
    }

    /// Which images make up the minibatch of `step`.
    public func minibatch(at step: Int) -> [Int] { minibatch.indices(at: step) }

    public func loss(at step: Int, parameters: Span<Float>) -> Float {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the CNN")
        return parameters.withUnsafeBufferPointer { parameters in
            var sum = 0.0
            for part in 0..<minibatch.parts { sum += forward(parameters.baseAddress!, step, part) }
            return Float(sum / Double(minibatch.batchSize))
        }
    }

    public func lossAndGradient(
        at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>
    ) -> Float {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the CNN")
        precondition(gradient.count == initialParameters.count, "the gradient does not fit the CNN")
        return parameters.withUnsafeBufferPointer { parameters in
            gradient.withUnsafeMutableBufferPointer { gradient in
                var sum = forward(parameters.baseAddress!, step, 0)
                backward(parameters.baseAddress!, into: gradient.baseAddress!)
                for part in 1..<minibatch.parts {
                    sum += forward(parameters.baseAddress!, step, part)
                    backward(parameters.baseAddress!, into: partial)
                    for index in 0..<gradient.count { gradient[index] += partial[index] }
                }
                return Float(sum / Double(minibatch.batchSize))
            }
        }
    }

    public func heldOut(parameters: Span<Float>) -> HeldOut? {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the CNN")
        guard let images = heldOutImages?.images else { return nil }
        return parameters.withUnsafeBufferPointer { parameters in
            minibatch.score(images) {
                convolutions.forward(parameters.baseAddress!)
                return dense.score(parameters.baseAddress!, $0)
            }
        }
    }

    public func averageLoss(steps: Int, parameters: Span<Float>, isCancelled: () -> Bool) -> Double? {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the CNN")
        return parameters.withUnsafeBufferPointer { parameters in
            minibatch.averageLoss(steps: steps, isCancelled: isCancelled) {
                convolutions.forward(parameters.baseAddress!)
                return dense.loss(parameters.baseAddress!, $0)
            }
        }
    }

    /// The summed loss of a part of a step's minibatch.
    private func forward(_ parameters: UnsafePointer<Float>, _ step: Int, _ part: Int) -> Double {
        minibatch.load(step: step, part: part)
        convolutions.forward(parameters)
        return dense.loss(parameters, minibatch.examples)
    }

    /// That part's share of the gradient.
    private func backward(_ parameters: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>) {
        dense.backward(
            parameters, minibatch.examples, share: 1 / Float(minibatch.batchSize), into: gradient,
            inputGradient: convolutions.featureGradient)
        convolutions.backward(into: gradient)
    }
}
