/// One LSTM layer unrolled over a whole sequence, with what its backward pass needs.
///
/// Features are rows and examples run along the lanes, as in `MLPInstance`; within a row, time steps are blocks of
/// `block` examples. So a product over one time step is a product with some columns, and the weights' gradient, a
/// sum over time steps and examples, is a single one. Cost of a forward pass: `4 hidden (inputs + hidden + 1)`
/// multiply-adds for each time step and example, twice as much backwards; nothing is allocated.
struct LSTMLayer {
    let inputs: Int
    let hidden: Int
    /// Time steps.
    let length: Int
    /// Examples, rounded up to whole lanes.
    let block: Int
    /// Where W starts in the flat parameter vector; b follows.
    let offset: Int

    /// The rows `[x, h, 1]` that the gates are computed from. At time t, h is the one before: the block after the last
    /// holds the final h. In the row of ones, the places of examples that only fill up the lanes stay 0; then all that
    /// is computed there is 0, backwards too, and no sum needs to leave them out.
    private let operands: UnsafeMutablePointer<Float>
    /// i, j, f, o after their activations; turned by `backward` into derivatives with respect to what came before them.
    private let gates: UnsafeMutablePointer<Float>
    /// c, one time step later as h is.
    private let cells: UnsafeMutablePointer<Float>
    private let cellTanhs: UnsafeMutablePointer<Float>
    /// ∂loss/∂h at each time, from all but the next time step: `hidden` rows of `rowStride`, filled in from above.
    let outputDerivatives: UnsafeMutablePointer<Float>
    /// ∂loss/∂h and ∂loss/∂c of one time step, from the next one.
    private let carriedOutputs: UnsafeMutablePointer<Float>
    private let carriedCells: UnsafeMutablePointer<Float>

    init(inputs: Int, hidden: Int, length: Int, batchSize: Int, offset: Int, workspace: Workspace) {
        self.inputs = inputs
        self.hidden = hidden
        self.length = length
        self.offset = offset
        block = paddedCount(batchSize)
        let rowStride = (length + 1) * block
        operands = workspace.floats((inputs + hidden + 1) * rowStride)
        gates = workspace.floats(4 * hidden * rowStride)
        cells = workspace.floats(hidden * rowStride)
        cellTanhs = workspace.floats(hidden * rowStride)
        outputDerivatives = workspace.floats(hidden * rowStride)
        carriedOutputs = workspace.floats(hidden * block)
        carriedCells = workspace.floats(hidden * block)
        for time in 0...length {
            let ones = operands + (inputs + hidden) * rowStride + time * block
            for example in 0..<batchSize { ones[example] = 1 }
        }
    }

    /// How many floats a layer takes of its workspace.
    static func scratchFloats(inputs: Int, hidden: Int, length: Int, batchSize: Int) -> Int {
        let block = paddedCount(batchSize)
        return (inputs + 8 * hidden + 1) * (length + 1) * block + 2 * hidden * block
    }

    /// The distance from one feature to the next.
    var rowStride: Int { (length + 1) * block }

    /// The number of this layer's parameters.
    var parameterCount: Int { (inputs + hidden + 1) * 4 * hidden }

    /// Where x of the first time step goes, `inputs` rows of `rowStride`.
    var input: UnsafeMutablePointer<Float> { operands }

    /// h of every time step but the zeros at the start, `hidden` rows of `rowStride`.
    var output: UnsafeMutablePointer<Float> { operands + inputs * rowStride + block }

    /// `[h, 1]` after the last time step.
    var finalOutput: Matrix {
        Matrix(
            operands + inputs * rowStride + length * block, rows: hidden + 1, columns: block, stride: rowStride)
    }

    // MARK: Passes

    /// Computes h at every time from what `input` holds.
    func forward(_ parameters: UnsafePointer<Float>) {
        // b lies behind W and is its last row, for the operands' row of ones.
        let weights = Matrix(parameters + offset, rows: inputs + hidden + 1, columns: 4 * hidden)
        for time in 0..<length {
            let operand = Matrix(
                operands + time * block, rows: weights.rows, columns: block, stride: rowStride)
            multiply(weights.transposed, operand, into: gates + time * block, stride: rowStride)
            activate(time)
        }
    }

    /// Overwrites the layer's part of the gradient, from `outputDerivatives`.
    ///
    /// - Parameter inputDerivatives: gets ∂loss/∂x, laid out as `outputDerivatives`; nil where nobody asks.
    /// - Precondition: `forward` ran last, with the same parameters.
    func backward(
        _ parameters: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>,
        inputDerivatives: UnsafeMutablePointer<Float>?
    ) {
        carriedOutputs.update(repeating: 0, count: hidden * block)
        carriedCells.update(repeating: 0, count: hidden * block)
        let width = 4 * hidden
        let recurrent = Matrix(parameters + offset + inputs * width, rows: hidden, columns: width)
        for time in (0..<length).reversed() {
            differentiate(time)
            guard time > 0 else { break }
            let derivatives = Matrix(gates + time * block, rows: width, columns: block, stride: rowStride)
            multiply(recurrent, derivatives, into: carriedOutputs, stride: block)
        }
        let derivatives = Matrix(gates, rows: width, columns: length * block, stride: rowStride)
        let operand = Matrix(
            operands, rows: inputs + hidden + 1, columns: length * block, stride: rowStride)
        multiply(operand, derivatives.transposed, into: gradient + offset, stride: width)
        if let inputDerivatives {
            let weights = Matrix(parameters + offset, rows: inputs, columns: width)
            multiply(weights, derivatives, into: inputDerivatives, stride: rowStride)
        }
    }

    // MARK: Elementwise

    /// From the gates' sums at `time` to c and h.
    private func activate(_ time: Int) {
        for unit in 0..<hidden {
            let (i, j, f, o) = gateRows(unit, time)
            let cell = cells + unit * rowStride + time * block
            let tanhs = cellTanhs + unit * rowStride + time * block
            let output = operands + (inputs + unit) * rowStride + (time + 1) * block
            for offset in stride(from: 0, to: block, by: Lanes.scalarCount) {
                let input = logistic(i[lanes: offset])
                let candidate = hyperbolicTangent(j[lanes: offset])
                let forget = logistic(f[lanes: offset])
                let gate = logistic(o[lanes: offset])
                let value = forget * cell[lanes: offset] + input * candidate
                let squashed = hyperbolicTangent(value)
                i[lanes: offset] = input
                j[lanes: offset] = candidate
                f[lanes: offset] = forget
                o[lanes: offset] = gate
                cell[lanes: block + offset] = value
                tanhs[lanes: offset] = squashed
                output[lanes: offset] = gate * squashed
            }
        }
    }

    /// From ∂loss/∂h and ∂loss/∂c at `time` to the derivatives with respect to the gates' sums.
    private func differentiate(_ time: Int) {
        for unit in 0..<hidden {
            let (i, j, f, o) = gateRows(unit, time)
            let cell = cells + unit * rowStride + time * block
            let tanhs = cellTanhs + unit * rowStride + time * block
            let fromAbove = outputDerivatives + unit * rowStride + time * block
            let (carriedOutput, carriedCell) = (carriedOutputs + unit * block, carriedCells + unit * block)
            for offset in stride(from: 0, to: block, by: Lanes.scalarCount) {
                let (input, candidate) = (i[lanes: offset], j[lanes: offset])
                let (forget, gate) = (f[lanes: offset], o[lanes: offset])
                let squashed = tanhs[lanes: offset]
                let output = fromAbove[lanes: offset] + carriedOutput[lanes: offset]
                let total = carriedCell[lanes: offset] + output * gate * (1 - squashed * squashed)
                i[lanes: offset] = total * candidate * (input * (1 - input))
                j[lanes: offset] = total * input * (1 - candidate * candidate)
                f[lanes: offset] = total * cell[lanes: offset] * (forget * (1 - forget))
                o[lanes: offset] = output * squashed * (gate * (1 - gate))
                carriedCell[lanes: offset] = total * forget
            }
        }
    }

    private typealias Row = UnsafeMutablePointer<Float>

    private func gateRows(_ unit: Int, _ time: Int) -> (i: Row, j: Row, f: Row, o: Row) {
        let first = gates + unit * rowStride + time * block
        let apart = hidden * rowStride
        return (first, first + apart, first + 2 * apart, first + 3 * apart)
    }
}
