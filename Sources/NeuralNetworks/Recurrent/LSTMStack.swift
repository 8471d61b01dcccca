/// LSTM layers, each reading the h of the one below, and one number read out of the last h: `h w + b` for each example.
///
/// The loss of an example is the square of what that number lies beside its target.
package struct LSTMStack {
    private let layers: [LSTMLayer]
    /// Where the read-out's w starts in the flat parameter vector; b follows.
    private let readOut: Int
    /// What each example's number should be: to be filled before `forward`.
    package let targets: UnsafeMutablePointer<Float>
    /// What each example's number lies beside its target, then the derivative of the loss with respect to it.
    private let errors: UnsafeMutablePointer<Float>

    /// - Parameters:
    ///   - inputs: features of the first layer; the others read `hidden` of them.
    ///   - length: time steps.
    package init(inputs: Int, hidden: Int, layers count: Int, length: Int, batchSize: Int, workspace: Workspace) {
        var offset = 0
        layers = (0..<count).map { index in
            let layer = LSTMLayer(
                inputs: index == 0 ? inputs : hidden, hidden: hidden, length: length, batchSize: batchSize,
                offset: offset, workspace: workspace)
            offset += layer.parameterCount
            return layer
        }
        readOut = offset
        targets = workspace.floats(batchSize)
        errors = workspace.floats(batchSize)
    }

    /// About how many floats it takes of its workspace.
    package static func scratchFloats(
        inputs: Int, hidden: Int, layers: Int, length: Int, batchSize: Int
    ) -> Int {
        (0..<layers).reduce(0) {
            $0
                + LSTMLayer.scratchFloats(
                    inputs: $1 == 0 ? inputs : hidden, hidden: hidden, length: length, batchSize: batchSize)
        }
    }

    /// Where the features of the first time step go: a row for each, examples along it, `block` of them a time step.
    package var input: UnsafeMutablePointer<Float> { layers[0].input }

    /// Examples in a time step, with those that fill up the vector lanes.
    package var block: Int { layers[0].block }

    private var top: LSTMLayer { layers[layers.count - 1] }

    /// Computes every example's error.
    package func forward(_ parameters: UnsafePointer<Float>) {
        for index in layers.indices {
            if index > 0 { passOn(from: layers[index - 1], to: layers[index]) }
            layers[index].forward(parameters)
        }
        // b lies behind w and is its last row, for the row of ones below h.
        let weights = Matrix(parameters + readOut, rows: top.hidden + 1, columns: 1)
        multiply(weights.transposed, top.finalOutput, into: errors, stride: block)
        for offset in stride(from: 0, to: block, by: Lanes.scalarCount) {
            errors[lanes: offset] -= targets[lanes: offset]
        }
    }

    /// The sum of the first examples' losses.
    ///
    /// - Precondition: `forward` ran last.
    package func squaredErrors(_ count: Int) -> Double {
        (0..<count).reduce(0) { $0 + Double(errors[$1]) * Double(errors[$1]) }
    }

    /// Overwrites the gradient of the mean loss over `batchSize` examples.
    ///
    /// - Precondition: `forward` ran last, with the same parameters.
    package func backward(
        _ parameters: UnsafePointer<Float>, batchSize: Int, into gradient: UnsafeMutablePointer<Float>
    ) {
        let share = 2 / Float(batchSize)
        for offset in stride(from: 0, to: block, by: Lanes.scalarCount) { errors[lanes: offset] *= share }
        let derivatives = Matrix(errors, rows: 1, columns: block)
        multiply(top.finalOutput, derivatives.transposed, into: gradient + readOut, stride: 1)
        // Only the last time step is read out; the others' derivatives stay 0.
        let weights = Matrix(parameters + readOut, rows: top.hidden, columns: 1)
        multiply(
            weights, derivatives, into: top.outputDerivatives + (top.length - 1) * block, stride: top.rowStride)
        for index in layers.indices.reversed() {
            layers[index].backward(
                parameters, into: gradient,
                inputDerivatives: index > 0 ? layers[index - 1].outputDerivatives : nil)
        }
    }

    private func passOn(from lower: LSTMLayer, to upper: LSTMLayer) {
        for unit in 0..<lower.hidden {
            (upper.input + unit * upper.rowStride).update(
                from: lower.output + unit * lower.rowStride, count: lower.length * lower.block)
        }
    }
}
