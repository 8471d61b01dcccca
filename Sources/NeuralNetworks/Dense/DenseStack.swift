/// Fully connected layers with a softmax cross-entropy or squared errors behind them; an activation after all but the
/// last.
///
/// Cost of a gradient: about two multiply-adds per weight and example in the first layer, three in the others, and in the
/// first too where the gradient of the inputs is asked for; no allocations.
package struct DenseStack {
    /// How many examples there is room for.
    package let capacity: Int

    private let layers: [DenseLayer]
    private let activation: Activation
    /// Activations are kept feature-major, `outputs × stride`: examples along the lanes. So the batch, not the
    /// narrow layer, is the dimension that vector code runs over, in oneDNN too: 1.7 times as fast at width 20.
    private let stride: Int
    private let outputs: [UnsafeMutablePointer<Float>]
    private let derivatives: [UnsafeMutablePointer<Float>]
    private let transposedWeights: UnsafeMutablePointer<Float>
    private let head: Head
    /// `capacity × inputs`, what the first layer reads.
    private let inputs: UnsafeMutablePointer<Float>

    /// What makes a loss of the last layer's outputs.
    private enum Head {
        case crossEntropy(SoftmaxCrossEntropy)
        case squaredError(SquaredError)
    }

    /// - Parameter targets: what the outputs should be, `outputs × paddedCount(capacity)`; where there are none, they are
    ///   logits of classes.
    package init(
        _ layers: [DenseLayer], activation: Activation, capacity: Int, inputs: UnsafeMutablePointer<Float>,
        targets: UnsafeMutablePointer<Float>? = nil, workspace: Workspace
    ) {
        self.layers = layers
        self.activation = activation
        self.capacity = capacity
        self.inputs = inputs
        let stride = paddedCount(capacity)
        self.stride = stride
        outputs = layers.map { workspace.floats($0.outputs * stride) }
        derivatives = layers.map { workspace.floats($0.outputs * stride) }
        transposedWeights = workspace.floats(layers.map { $0.inputs * $0.outputs }.max() ?? 0)
        let width = layers[layers.count - 1].outputs
        head =
            if let targets {
                .squaredError(SquaredError(outputs: width, stride: stride, targets: targets))
            } else {
                .crossEntropy(SoftmaxCrossEntropy(classes: width, stride: stride, workspace: workspace))
            }
    }

    /// About how many floats it takes of its workspace.
    package static func scratchFloats(_ layers: [DenseLayer], capacity: Int) -> Int {
        let units = layers.reduce(0) { $0 + $1.outputs }
        return (2 * units + 1) * paddedCount(capacity) + (layers.map { $0.inputs * $0.outputs }.max() ?? 0)
    }

    /// The weighted sum of the examples' losses.
    package func loss(_ parameters: UnsafePointer<Float>, _ examples: Examples) -> Double {
        forward(parameters)
        let last = outputs[layers.count - 1]
        return switch head {
        case .crossEntropy(let head): head.loss(last, examples)
        case .squaredError(let head): head.loss(last, examples)
        }
    }

    /// The summed loss of the examples, and how many of them are classified right.
    ///
    /// - Precondition: there are classes.
    package func score(_ parameters: UnsafePointer<Float>, _ examples: Examples) -> (loss: Double, right: Int) {
        forward(parameters)
        guard case .crossEntropy(let head) = head else { preconditionFailure("values are in no class") }
        return head.score(outputs[layers.count - 1], examples)
    }

    /// Fills these layers' part of `gradient`, and `inputGradient`, `capacity × inputs`, where it is given.
    ///
    /// - Parameter share: what each example's loss counts in the loss whose gradient this is, as 1 / the minibatch's size.
    /// - Precondition: `loss` ran last, with the same parameters and examples.
    package func backward(
        _ parameters: UnsafePointer<Float>, _ examples: Examples, share: Float,
        into gradient: UnsafeMutablePointer<Float>, inputGradient: UnsafeMutablePointer<Float>? = nil
    ) {
        let last = layers.count - 1
        let count = examples.count
        switch head {
        case .crossEntropy(let head): head.gradient(outputs[last], examples, share: share)
        case .squaredError(let head): head.gradient(outputs[last], share: share)
        }
        for index in layers.indices.reversed() {
            let layer = layers[index]
            let derivative = index == last ? outputs[last] : derivatives[index]
            let rows = Matrix(derivative, rows: layer.outputs, columns: count, stride: stride)
            weightGradient(rows, read(by: index, count: count), into: gradient + layer.weights)
            for output in 0..<layer.outputs {
                gradient[layer.biases + output] = laneSum(derivative + output * stride, count: count)
            }
            let weights = Matrix(parameters + layer.weights, rows: layer.inputs, columns: layer.outputs)
            guard index > 0 else {
                guard let inputGradient else { return }
                multiply(rows.transposed, weights.transposed, into: inputGradient, stride: layer.inputs)
                let missing = (capacity - count) * layer.inputs
                (inputGradient + count * layer.inputs).update(repeating: 0, count: missing)
                return
            }
            multiply(weights, rows, into: derivatives[index - 1], stride: stride)
            activation.applyDerivative(
                derivatives[index - 1], outputs: outputs[index - 1], count: layer.inputs * stride)
        }
    }

    private func forward(_ parameters: UnsafePointer<Float>) {
        for (index, layer) in layers.enumerated() {
            let weights = Matrix(parameters + layer.weights, rows: layer.inputs, columns: layer.outputs)
            multiply(weights.transposed, read(by: index, count: capacity), into: outputs[index], stride: stride)
            let isLast = index == layers.count - 1
            for output in 0..<layer.outputs {
                let row = outputs[index] + output * stride
                let bias = parameters[layer.biases + output]
                if isLast { addBias(row, bias) } else { activation.apply(row, bias: bias, count: stride) }
            }
        }
    }

    /// What a layer reads of the first `count` examples, features × examples.
    private func read(by index: Int, count: Int) -> Matrix {
        guard index > 0 else { return Matrix(inputs, rows: count, columns: layers[0].inputs).transposed }
        return Matrix(outputs[index - 1], rows: layers[index].inputs, columns: count, stride: stride)
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
