import KernelTypes

/// Where one step of one block writes what it computes. Without a tape only the inputs of the layers are kept,
/// in scratch; with one, everything that the reverse sweep needs.
struct StepMemory {
    /// Row 0 of the scratch, or of this step in the tape.
    let base: UnsafeMutablePointer<Vector>
    let records: Bool

    @inline(__always)
    func inputs(_ layout: NetworkLayout, layer: Int) -> UnsafeMutablePointer<Vector> {
        base + (records ? layout.tapeRow(layer: layer) : layer * layout.largestRows)
    }
}

/// One step of the network for one block of coordinates; returns the read-out's value, after tanh where it has one.
@inline(__always)
func forwardStep(
    _ layout: NetworkLayout, weights: UnsafePointer<Float>, features: (Vector, Vector),
    state: UnsafeMutablePointer<Vector>, memory: StepMemory
) -> Vector {
    let hidden = layout.hidden
    var below = memory.inputs(layout, layer: 0)
    if memory.records {
        memory.base[0] = features.0
        memory.base[1] = features.1
    }
    if layout.projection > 0 {
        for unit in 0..<layout.projection {
            let w = weights + 3 * unit
            let z = multiplyAdd(features.0, w[1], multiplyAdd(features.1, w[2], Vector(repeating: w[0])))
            below[unit] = elu(z)
        }
    } else {
        below[0] = features.0
        below[1] = features.1
    }
    var weight = weights + layout.projection * 3
    var output = below
    for layer in 0..<layout.layers {
        let rows = layout.rows(layer: layer)
        let inputs = layout.inputs(layer: layer)
        let c = state + layout.stateRow(layer: layer)
        let h = c + hidden
        for unit in 0..<hidden { below[inputs + unit] = h[unit] }
        let isLast = layer + 1 == layout.layers
        output =
            isLast
            ? (memory.records ? memory.base + layout.tapeRow(layer: layout.layers) : h)
            : memory.inputs(layout, layer: layer + 1)
        for unit in 0..<hidden {
            let sums = FourSums(
                rows: below, count: rows, weights: weight + 4,
                start: (weight[0], weight[1], weight[2], weight[3]))
            weight += 4 * (1 + rows)
            let cell = LSTMUnit(sums, c: c[unit])
            if memory.records {
                let gates = below + rows + 4 * unit
                gates[0] = cell.i
                gates[1] = cell.j
                gates[2] = cell.f
                gates[3] = cell.o
                below[rows + 4 * hidden + unit] = cell.c
                below[rows + 5 * hidden + unit] = cell.tanhC
            }
            c[unit] = cell.c
            h[unit] = cell.h
            output[unit] = cell.h
        }
        below = output
    }
    var out = Vector(repeating: weight[hidden])
    for unit in 0..<hidden { out = multiplyAdd(output[unit], weight[unit], out) }
    if layout.tanhOutput { out = tanh(out) }
    if memory.records { memory.base[2] = out }
    return out
}

/// One step for the blocks `blocks`: features, network and parameter update, block by block.
@inline(__always)
func forwardBlocks<F: FeatureMap>(
    _ layout: NetworkLayout, _ map: F, weights: UnsafePointer<Float>, scale: Float, blocks: Range<Int>, count: Int,
    parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, state: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
) {
    let lanes = Vector.scalarCount
    let memory = StepMemory(base: scratch.assumingMemoryBound(to: Vector.self), records: false)
    let rows = layout.stateRows
    for block in blocks {
        let first = block * lanes
        let filled = min(lanes, count - first)
        let blockState = state.assumingMemoryBound(to: Vector.self) + block * rows
        let features = map.features(load(gradient + first, filled), rows: blockState)
        let out = forwardStep(layout, weights: weights, features: features, state: blockState, memory: memory)
        let updated = multiplyAdd(out, scale, load(parameters + first, filled))
        store(updated, to: parameters + first, filled)
    }
}

/// `filled` floats and zeros behind them.
@inline(__always)
func load(_ pointer: UnsafePointer<Float>, _ filled: Int) -> Vector {
    if filled == Vector.scalarCount {
        return UnsafeRawPointer(pointer).loadUnaligned(as: Vector.self)
    }
    var result = Vector(repeating: 0)
    for lane in 0..<filled { result[lane] = pointer[lane] }
    return result
}

@inline(__always)
func store(_ vector: Vector, to pointer: UnsafeMutablePointer<Float>, _ filled: Int) {
    if filled == Vector.scalarCount {
        UnsafeMutableRawPointer(pointer).storeBytes(of: vector, as: Vector.self)
    } else {
        for lane in 0..<filled { pointer[lane] = vector[lane] }
    }
}
