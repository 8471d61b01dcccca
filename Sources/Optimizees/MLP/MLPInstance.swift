import Datasets
import NumericCore

/// One drawn MLP problem: initial parameters and the order in which images are met.
///
/// Use it from one thread at a time. Cost of a gradient: about two multiply-adds per weight and image in the first
/// layer, three in the others; no allocations of its own.
public final class MLPInstance: OptimizeeInstance {
    public let initialParameters: [Float]

    private let layers: [MLP.Layer]
    private let activation: Activation
    private let batchSize: Int
    /// Activations are kept feature-major, `outputs × stride`: examples along the lanes. So the batch, not the
    /// narrow layer, is the dimension that vector code runs over, in oneDNN too: 1.7 times as fast at width 20.
    private let stride: Int
    private let outputs: [UnsafeMutablePointer<Float>]
    private let derivatives: [UnsafeMutablePointer<Float>]
    private let transposedWeights: UnsafeMutablePointer<Float>
    private let crossEntropy: SoftmaxCrossEntropy
    private var minibatch: ImageMinibatch
    private let workspace = Workspace()

    init(_ mlp: MLP, key: RandomKey) {
        layers = mlp.layers
        activation = mlp.activation
        batchSize = mlp.batchSize
        stride = paddedCount(mlp.batchSize)
        var stream = RandomStream(key.child(0))
        initialParameters = (0..<mlp.parameterCount).map { _ in mlp.initialScale * stream.normal() }
        let workspace = workspace
        let stride = stride
        outputs = layers.map { workspace.floats($0.outputs * stride) }
        derivatives = layers.map { workspace.floats($0.outputs * stride) }
        transposedWeights = workspace.floats(layers.map { $0.inputs * $0.outputs }.max() ?? 0)
        crossEntropy = SoftmaxCrossEntropy(
            classes: mlp.images.classes, batchSize: batchSize, stride: stride, workspace: workspace)
        minibatch = ImageMinibatch(
            images: mlp.images, batchSize: batchSize, key: key.child(1), workspace: workspace)
    }

    /// Which images make up the minibatch of `step`.
    public func minibatch(at step: Int) -> [Int] { minibatch.indices(at: step) }

    public func loss(at step: Int, parameters: Span<Float>) -> Float {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the MLP")
        minibatch.load(step: step)
        return parameters.withUnsafeBufferPointer { forward($0.baseAddress!) }
    }

    public func lossAndGradient(
        at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>
    ) -> Float {
        precondition(gradient.count == initialParameters.count, "the gradient does not fit the MLP")
        let loss = loss(at: step, parameters: parameters)
        parameters.withUnsafeBufferPointer { parameters in
            gradient.withUnsafeMutableBufferPointer { gradient in
                backward(parameters.baseAddress!, into: gradient.baseAddress!)
            }
        }
        return loss
    }

    private func forward(_ parameters: UnsafePointer<Float>) -> Float {
        for (index, layer) in layers.enumerated() {
            let weights = Matrix(parameters + layer.weights, rows: layer.inputs, columns: layer.outputs)
            multiply(weights.transposed, inputs(of: index), into: outputs[index], stride: stride)
            let isLast = index == layers.count - 1
            for output in 0..<layer.outputs {
                let row = outputs[index] + output * stride
                let bias = parameters[layer.biases + output]
                if isLast { addBias(row, bias) } else { activation.apply(row, bias: bias, count: stride) }
            }
        }
        return crossEntropy.loss(outputs[layers.count - 1], labels: minibatch.labels)
    }

    /// - Precondition: `forward` ran last, with the same parameters.
    private func backward(_ parameters: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>) {
        let last = layers.count - 1
        crossEntropy.gradient(outputs[last], labels: minibatch.labels)
        for index in layers.indices.reversed() {
            let layer = layers[index]
            let derivative = index == last ? outputs[last] : derivatives[index]
            let rows = Matrix(derivative, rows: layer.outputs, columns: batchSize, stride: stride)
            weightGradient(rows, inputs(of: index), into: gradient + layer.weights)
            for output in 0..<layer.outputs {
                gradient[layer.biases + output] = laneSum(derivative + output * stride, count: batchSize)
            }
            guard index > 0 else { return }
            let weights = Matrix(parameters + layer.weights, rows: layer.inputs, columns: layer.outputs)
            multiply(weights, rows, into: derivatives[index - 1], stride: stride)
            activation.applyDerivative(
                derivatives[index - 1], outputs: outputs[index - 1], count: layer.inputs * stride)
        }
    }

    /// What a layer reads, features × batch.
    private func inputs(of index: Int) -> Matrix {
        guard index > 0 else {
            return Matrix(minibatch.pixels, rows: batchSize, columns: layers[0].inputs).transposed
        }
        return Matrix(outputs[index - 1], rows: layers[index].inputs, columns: batchSize, stride: stride)
    }

    /// Inputs · derivativesᵀ, computed the other way round so that the longer side runs along the lanes.
    private func weightGradient(
        _ derivatives: Matrix, _ inputs: Matrix, into gradient: UnsafeMutablePointer<Float>
    ) {
        let (width, count) = (derivatives.rows, inputs.shape.rows)
        guard width < count else {
            multiply(inputs, derivatives.transposed, into: gradient, stride: width)
            return
        }
        multiply(derivatives, inputs.transposed, into: transposedWeights, stride: count)
        transpose(transposedWeights, rows: width, columns: count, into: gradient)
    }

    private func addBias(_ row: UnsafeMutablePointer<Float>, _ bias: Float) {
        for offset in Swift.stride(from: 0, to: stride, by: Lanes.scalarCount) { row[lanes: offset] += bias }
    }
}
