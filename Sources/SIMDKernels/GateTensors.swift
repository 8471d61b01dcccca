import KernelTypes

/// Runs the network that looks at tensors on sixteen of them, one in each lane.
///
/// - Parameters:
///   - weights: its own: of the hidden layer, row after row, its biases, and the same of the outputs.
///   - biases: of coordinates' hidden units without what tensors add, as many as `GateLayout.paddedHidden`.
///   - memory: see `GateTensorRows`.
@inline(never)
func lookAtTensors(
    _ layout: GateLayout, _ weights: UnsafePointer<Float>, _ biases: UnsafePointer<Float>,
    _ memory: UnsafeMutableRawPointer
) {
    let (rows, places) = (memory.assumingMemoryBound(to: Vector.self), GateTensorRows(layout))
    fillTensorInputs(rows, places)
    let hidden = rows + GateTensorRows.hidden
    var layer = TensorLayer(weights, inputs: GateTensorRows.inputs, units: layout.hidden)
    for unit in 0..<layout.hidden { hidden[unit] = tanh(layer.sum(unit, rows)) }
    layer = TensorLayer(layer.end, inputs: layout.hidden, units: layout.hidden + 1)
    let targets = rows + places.biases
    for unit in 0..<layout.hidden { targets[unit] = layer.sum(unit, hidden) + biases[unit] }
    for unit in layout.hidden..<layout.paddedHidden { targets[unit] = Vector(repeating: 0) }
    let logRate = tanh(layer.sum(layout.hidden, hidden) * 0.2) * 5
    rows[places.logRate] = logRate
    rows[places.scale] = rows[GateTensorRows.rate] * exp2(logRate * log2E)
}

/// From what is known of tensors to the network's inputs, and to what coordinates need of it.
@inline(always)
private func fillTensorInputs(_ rows: UnsafeMutablePointer<Vector>, _ places: GateTensorRows) {
    typealias Rows = GateTensorRows
    let (squares, size) = (rows[Rows.squares], rows[Rows.size])
    let logSquares = finiteLog2(squares)
    rows[places.logSquares] = logSquares
    rows[places.inverseSquares] = 1 / squares
    rows[places.inverseSize] = 1 / size
    rows[Rows.fast] = finiteLog2(atLeast(1e-6, rows[Rows.fast])) * (1 / 3)
    rows[Rows.slow] = finiteLog2(atLeast(1e-6, rows[Rows.slow])) * (1 / 3)
    rows[Rows.size] = finiteLog2(size + 1e-4) * 0.2
    rows[Rows.averageCosine] = rows[Rows.averageCosine] * 2
    rows[Rows.squares] = clamp((logSquares - rows[Rows.level]) * 0.25, -3, 3)
    rows[Rows.lastLogRate] = rows[Rows.lastLogRate] * (1 / 3)
    rows[Rows.level] = clamp((logSquares + 8) * 0.125, -3, 3)
}

@inline(always)
private func atLeast(_ low: Float, _ x: Vector) -> Vector {
    let least = Vector(repeating: low)
    return x.replacing(with: least, where: x .< least)
}

/// log₂ x, and NaN stays NaN: what spoils a tensor is seen.
@inline(always)
private func finiteLog2(_ x: Vector) -> Vector { log2(x).replacing(with: x, where: x .!= x) }

/// A layer's weights, row after row, and behind them its biases.
private struct TensorLayer {
    let weights: UnsafePointer<Float>
    let inputs: Int
    let units: Int

    @inline(always)
    init(_ weights: UnsafePointer<Float>, inputs: Int, units: Int) {
        self.weights = weights
        self.inputs = inputs
        self.units = units
    }

    /// What stands behind it.
    @inline(always) var end: UnsafePointer<Float> { weights + units * (inputs + 1) }

    /// A unit's weighted sum.
    @inline(always)
    func sum(_ unit: Int, _ rows: UnsafePointer<Vector>) -> Vector {
        let row = weights + unit * inputs
        var sum = Vector(repeating: weights[units * inputs + unit])
        for input in 0..<inputs { sum = multiplyAdd(rows[input], row[input], sum) }
        return sum
    }
}
