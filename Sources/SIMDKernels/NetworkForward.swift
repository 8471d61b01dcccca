import KernelTypes

/// Where one step of one block writes what it computes: rows as in a recorded step of `NetworkLayout`. Without a
/// tape all layers share the place of the first, and the layers' outputs are not kept.
struct StepMemory {
    let base: UnsafeMutablePointer<Vector>
    let records: Bool
    /// Room for the factors of one product.
    let factors: UnsafeMutablePointer<Factor>
    /// The next block's state: it comes from memory while this one computes.
    var next = UnsafeRawBufferPointer(start: nil, count: 0)
}

/// One step of the network for one block of coordinates; returns the read-out's value, after tanh where it has one.
@inline(always)
func forwardStep(
    _ layout: NetworkLayout, weights: UnsafePointer<Float>, features: (Vector, Vector),
    state: UnsafeMutablePointer<Vector>, memory: StepMemory
) -> Vector {
    let hidden = layout.hidden
    var record = memory.base + layout.tapeRow(layer: 0)
    if memory.records {
        memory.base[0] = features.0
        memory.base[1] = features.1
    }
    if layout.projection > 0 {
        for unit in 0..<layout.projection {
            let w = weights + 3 * unit
            let z = multiplyAdd(features.0, w[1], multiplyAdd(features.1, w[2], Vector(repeating: w[0])))
            record[unit] = elu(z)
        }
    } else {
        record[0] = features.0
        record[1] = features.1
    }
    var weight = weights + layout.projection * 3
    for layer in 0..<layout.layers {
        let rows = layout.rows(layer: layer)
        let inputs = layout.inputs(layer: layer)
        let c = state + layout.stateRow(layer: layer)
        let h = c + hidden
        let gates = record + rows
        for unit in 0..<hidden { record[inputs + unit] = h[unit] }
        prefetch(memory.next, part: layer, of: layout.layers)
        weightedSums(
            rows: factors(of: record, count: rows, in: memory.factors), count: factorCount(rows), weights: weight,
            hasBias: true, groups: hidden, into: gates)
        weight += layout.packedLayerSize(layer, rowsPerFactor: rowsPerFactor)
        exponentials(gates, count: 4 * hidden)
        for unit in 0..<hidden {
            let gate = gates + 4 * unit
            let memoryCell = LSTMMemory(gates: gate, previousC: c[unit])
            c[unit] = memoryCell.c
            if memory.records {
                gate[0] = memoryCell.i
                gate[1] = memoryCell.j
                gate[2] = memoryCell.f
                gates[4 * hidden + unit] = memoryCell.c
            }
        }
        // The next layer reads this one's output as its first rows.
        let next = memory.base + layout.tapeRow(layer: memory.records ? layer + 1 : 0)
        for unit in 0..<hidden {
            let output = LSTMOutput(eo: gates[4 * unit + 3], c: c[unit])
            h[unit] = output.h
            next[unit] = output.h
            if memory.records {
                gates[4 * unit + 3] = output.o
                gates[5 * hidden + unit] = output.tanhC
            }
        }
        record = next
    }
    var out = Vector(repeating: weight[hidden])
    for unit in 0..<hidden { out = multiplyAdd(record[unit], weight[unit], out) }
    if layout.tanhOutput { out = tanh(out) }
    if memory.records { memory.base[2] = out }
    return out
}

/// One step for the blocks `blocks`: features, network and parameter update, block by block.
@inline(always)
func forwardBlocks<F: FeatureMap>(
    _ layout: NetworkLayout, _ map: F, weights: UnsafePointer<Float>, scale: Float, blocks: Range<Int>, count: Int,
    parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, state: UnsafeMutableRawPointer,
    precision: StatePrecision, scratch: UnsafeMutableRawPointer
) {
    let lanes = Vector.scalarCount
    let rows = scratch.assumingMemoryBound(to: Vector.self)
    let factors = UnsafeMutableRawPointer(rows + layout.forwardScratchRows).assumingMemoryBound(to: Factor.self)
    var memory = StepMemory(base: rows, records: false, factors: factors)
    let blockBytes = lanes * layout.stateBytes(precision)
    for block in blocks {
        let first = block * lanes
        let filled = min(lanes, count - first)
        let kept = state + block * blockBytes
        let blockState: UnsafeMutablePointer<Vector>
        switch precision {
        case .single: blockState = kept.assumingMemoryBound(to: Vector.self)
        case .half:
            blockState = memory.base + layout.unpackedStateRow
            unpackState(layout, kept, into: blockState)
        }
        let isLast = block + 1 == blocks.upperBound
        memory.next = UnsafeRawBufferPointer(start: kept + blockBytes, count: isLast ? 0 : blockBytes)
        let features = map.features(load(gradient + first, filled), rows: blockState)
        let out = forwardStep(layout, weights: weights, features: features, state: blockState, memory: memory)
        let updated = multiplyAdd(out, scale, load(parameters + first, filled))
        store(updated, to: parameters + first, filled)
        if precision == .half { packState(layout, blockState, into: kept) }
    }
}

/// A block's state from its half-precision form: the feature map's rows as they are, then 16 bits a lane.
@inline(always)
private func unpackState(
    _ layout: NetworkLayout, _ kept: UnsafeRawPointer, into rows: UnsafeMutablePointer<Vector>
) {
    let features = kept.assumingMemoryBound(to: Vector.self)
    for row in 0..<layout.featureRows { rows[row] = features[row] }
    let halves = UnsafeRawPointer(features + layout.featureRows).assumingMemoryBound(to: HalfVector.self)
    for row in layout.featureRows..<layout.stateRows { rows[row] = Vector(halves: halves[row - layout.featureRows]) }
}

@inline(always)
private func packState(
    _ layout: NetworkLayout, _ rows: UnsafePointer<Vector>, into kept: UnsafeMutableRawPointer
) {
    let features = kept.assumingMemoryBound(to: Vector.self)
    for row in 0..<layout.featureRows { features[row] = rows[row] }
    let halves = UnsafeMutableRawPointer(features + layout.featureRows).assumingMemoryBound(to: HalfVector.self)
    for row in layout.featureRows..<layout.stateRows { halves[row - layout.featureRows] = rows[row].halves }
}

/// `filled` floats and zeros behind them.
@inline(always)
func load(_ pointer: UnsafePointer<Float>, _ filled: Int) -> Vector {
    if filled == Vector.scalarCount {
        return UnsafeRawPointer(pointer).loadUnaligned(as: Vector.self)
    }
    var result = Vector(repeating: 0)
    for lane in 0..<filled { result[lane] = pointer[lane] }
    return result
}

@inline(always)
func store(_ vector: Vector, to pointer: UnsafeMutablePointer<Float>, _ filled: Int) {
    if filled == Vector.scalarCount {
        UnsafeMutableRawPointer(pointer).storeBytes(of: vector, as: Vector.self)
    } else {
        for lane in 0..<filled { pointer[lane] = vector[lane] }
    }
}
