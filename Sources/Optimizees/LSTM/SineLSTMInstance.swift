import Datasets
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
    private let layers: [LSTMLayer]
    private let targets: UnsafeMutablePointer<Float>
    /// `prediction − target` of each sequence, then ∂loss/∂prediction.
    private let errors: UnsafeMutablePointer<Float>
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
        var offset = 0
        var layers: [LSTMLayer] = []
        for index in 0..<optimizee.layerCount {
            let layer = LSTMLayer(
                inputs: optimizee.inputs(ofLayer: index), hidden: optimizee.hiddenSize,
                length: optimizee.sequences.length, batchSize: optimizee.batchSize, offset: offset,
                workspace: workspace)
            layers.append(layer)
            offset += layer.parameterCount
        }
        self.layers = layers
        targets = workspace.floats(optimizee.batchSize)
        errors = workspace.floats(optimizee.batchSize)
    }

    // MARK: Losses

    package func loss(at step: Int, parameters: Span<Float>) -> Float {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the LSTM")
        load(step)
        return parameters.withUnsafeBufferPointer { parameters in
            forward(parameters.baseAddress!)
            return Float(squaredErrors(batchSize) / Double(batchSize))
        }
    }

    package func lossAndGradient(at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>) -> Float {
        precondition(gradient.count == initialParameters.count, "the gradient does not fit the LSTM")
        let loss = loss(at: step, parameters: parameters)
        parameters.withUnsafeBufferPointer { parameters in
            gradient.withUnsafeMutableBufferPointer { gradient in
                backward(parameters.baseAddress!, into: gradient.baseAddress!)
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
            parameters.withUnsafeBufferPointer { forward($0.baseAddress!) }
            total += squaredErrors(count)
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
        sequences.draw(count, from: &stream, values: layers[0].input, stride: layers[0].block, targets: targets)
    }

    // MARK: Passes

    /// Leaves `prediction − target` of each sequence in `errors`.
    private func forward(_ parameters: UnsafePointer<Float>) {
        for index in layers.indices {
            if index > 0 { passOn(from: layers[index - 1], to: layers[index]) }
            layers[index].forward(parameters)
        }
        let top = layers[layers.count - 1]
        multiply(readOut(parameters).transposed, top.finalOutput, into: errors, stride: top.block)
        for offset in stride(from: 0, to: top.block, by: Lanes.scalarCount) {
            errors[lanes: offset] -= targets[lanes: offset]
        }
    }

    private func squaredErrors(_ count: Int) -> Double {
        (0..<count).reduce(0) { $0 + Double(errors[$1]) * Double(errors[$1]) }
    }

    /// - Precondition: `forward` ran last, with the same parameters.
    private func backward(_ parameters: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>) {
        let top = layers[layers.count - 1]
        let block = top.block
        let share = 2 / Float(batchSize)
        for offset in stride(from: 0, to: block, by: Lanes.scalarCount) { errors[lanes: offset] *= share }
        let derivatives = Matrix(errors, rows: 1, columns: block)
        let start = initialParameters.count - top.hidden - 1
        multiply(top.finalOutput, derivatives.transposed, into: gradient + start, stride: 1)
        // Only the last time step is read out; the others' derivatives stay 0.
        let weights = Matrix(parameters + start, rows: top.hidden, columns: 1)
        multiply(
            weights, derivatives, into: top.outputDerivatives + (top.length - 1) * block, stride: top.rowStride)
        for index in layers.indices.reversed() {
            layers[index].backward(
                parameters, into: gradient,
                inputDerivatives: index > 0 ? layers[index - 1].outputDerivatives : nil)
        }
    }

    /// The read-out's w with b as its last row.
    private func readOut(_ parameters: UnsafePointer<Float>) -> Matrix {
        let hidden = layers[layers.count - 1].hidden
        return Matrix(parameters + initialParameters.count - hidden - 1, rows: hidden + 1, columns: 1)
    }

    private func passOn(from lower: LSTMLayer, to upper: LSTMLayer) {
        for unit in 0..<lower.hidden {
            (upper.input + unit * upper.rowStride).update(
                from: lower.output + unit * lower.rowStride, count: lower.length * lower.block)
        }
    }
}
