/// One fully connected layer within the flat parameter vector.
struct DenseLayer {
    let inputs: Int
    let outputs: Int
    /// Where its weights start, inputs × outputs, row-major.
    let weights: Int
    /// Where its biases start.
    var biases: Int { weights + inputs * outputs }

    /// The layers between `widths`, one after the other from `offset` on.
    static func layers(_ widths: [Int], from offset: Int = 0) -> [DenseLayer] {
        var offset = offset
        return zip(widths, widths.dropFirst()).map { inputs, outputs in
            defer { offset += (inputs + 1) * outputs }
            return DenseLayer(inputs: inputs, outputs: outputs, weights: offset)
        }
    }
}

/// Fully connected layers with a softmax cross-entropy behind them; an activation after all but the last.
///
/// Cost of a gradient: about two multiply-adds per weight and example in the first layer, three in the others, and in the
/// first too where the gradient of the inputs is asked for; no allocations.
struct DenseStack {
    let batchSize: Int

    private let layers: [DenseLayer]
    private let activation: Activation
    /// Activations are kept feature-major, `outputs × stride`: examples along the lanes. So the batch, not the
    /// narrow layer, is the dimension that vector code runs over, in oneDNN too: 1.7 times as fast at width 20.
    private let stride: Int
    private let outputs: [UnsafeMutablePointer<Float>]
    private let derivatives: [UnsafeMutablePointer<Float>]
    private let transposedWeights: UnsafeMutablePointer<Float>
    private let crossEntropy: SoftmaxCrossEntropy
    /// `batchSize × inputs`, what the first layer reads.
    private let inputs: UnsafeMutablePointer<Float>

    init(
        _ layers: [DenseLayer], activation: Activation, batchSize: Int, inputs: UnsafeMutablePointer<Float>,
        workspace: Workspace
    ) {
        self.layers = layers
        self.activation = activation
        self.batchSize = batchSize
        self.inputs = inputs
        let stride = paddedCount(batchSize)
        self.stride = stride
        outputs = layers.map { workspace.floats($0.outputs * stride) }
        derivatives = layers.map { workspace.floats($0.outputs * stride) }
        transposedWeights = workspace.floats(layers.map { $0.inputs * $0.outputs }.max() ?? 0)
        crossEntropy = SoftmaxCrossEntropy(
            classes: layers[layers.count - 1].outputs, batchSize: batchSize, stride: stride, workspace: workspace)
    }

    /// About how many floats it takes of its workspace.
    static func scratchFloats(_ layers: [DenseLayer], batchSize: Int) -> Int {
        let units = layers.reduce(0) { $0 + $1.outputs }
        return (2 * units + 1) * paddedCount(batchSize) + (layers.map { $0.inputs * $0.outputs }.max() ?? 0)
    }

    /// The mean loss over the examples.
    func loss(_ parameters: UnsafePointer<Float>, labels: [UInt8]) -> Float {
        forward(parameters)
        return crossEntropy.loss(outputs[layers.count - 1], labels: labels)
    }

    /// The summed loss of the first `count` examples, and how many of them are classified right.
    func score(_ parameters: UnsafePointer<Float>, labels: [UInt8], count: Int) -> (loss: Double, right: Int) {
        forward(parameters)
        return crossEntropy.score(outputs[layers.count - 1], labels: labels, count: count)
    }

    /// Fills these layers' part of `gradient`, and `inputGradient`, `batchSize × inputs`, where it is given.
    /// - Precondition: `loss` ran last, with the same parameters and labels.
    func backward(
        _ parameters: UnsafePointer<Float>, labels: [UInt8], into gradient: UnsafeMutablePointer<Float>,
        inputGradient: UnsafeMutablePointer<Float>? = nil
    ) {
        let last = layers.count - 1
        crossEntropy.gradient(outputs[last], labels: labels)
        for index in layers.indices.reversed() {
            let layer = layers[index]
            let derivative = index == last ? outputs[last] : derivatives[index]
            let rows = Matrix(derivative, rows: layer.outputs, columns: batchSize, stride: stride)
            weightGradient(rows, read(by: index), into: gradient + layer.weights)
            for output in 0..<layer.outputs {
                gradient[layer.biases + output] = laneSum(derivative + output * stride, count: batchSize)
            }
            let weights = Matrix(parameters + layer.weights, rows: layer.inputs, columns: layer.outputs)
            guard index > 0 else {
                guard let inputGradient else { return }
                multiply(rows.transposed, weights.transposed, into: inputGradient, stride: layer.inputs)
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
            multiply(weights.transposed, read(by: index), into: outputs[index], stride: stride)
            let isLast = index == layers.count - 1
            for output in 0..<layer.outputs {
                let row = outputs[index] + output * stride
                let bias = parameters[layer.biases + output]
                if isLast { addBias(row, bias) } else { activation.apply(row, bias: bias, count: stride) }
            }
        }
    }

    /// What a layer reads, features × batch.
    private func read(by index: Int) -> Matrix {
        guard index > 0 else { return Matrix(inputs, rows: batchSize, columns: layers[0].inputs).transposed }
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
