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

/// One step of the network for one block of coordinates: features, layers, and the outputs among `memory`'s rows.
@inline(always)
func forwardStep<Map: FeatureMap>(
    _ layout: NetworkLayout, _ map: Map, gradient: Vector, weights: UnsafePointer<Float>,
    state: UnsafeMutablePointer<Vector>, memory: StepMemory
) {
    let features = memory.base
    map.features(of: gradient, state: state, into: features)
    var record = memory.base + layout.tapeRow(layer: 0)
    if layout.projection > 0 {
        project(layout, map, features, weights: weights, into: record)
    } else {
        for feature in 0..<Map.features { record[feature] = features[feature] }
    }
    var weight = weights + layout.projectionSize
    for layer in 0..<layout.layers {
        // The next layer reads this one's output as its first rows.
        let next = memory.base + layout.tapeRow(layer: memory.records ? layer + 1 : 0)
        forwardLayer(layout, layer, weights: weight, state: state, memory: memory, record: record, output: next)
        weight += layout.packedLayerSize(layer, rowsPerFactor: rowsPerFactor)
        record = next
    }
    readOut(layout, map, record, weights: weight, into: memory.base + layout.outputRow)
}

/// The ELU projection. The map tells how many features there are, for it does so when the kernels are compiled.
@inline(always)
private func project<Map: FeatureMap>(
    _ layout: NetworkLayout, _: Map, _ features: UnsafePointer<Vector>, weights: UnsafePointer<Float>,
    into record: UnsafeMutablePointer<Vector>
) {
    for unit in 0..<layout.projection {
        let w = weights + unit * (1 + Map.features)
        var z = Vector(repeating: w[0])
        for feature in (0..<Map.features).reversed() { z = multiplyAdd(features[feature], w[1 + feature], z) }
        record[unit] = elu(z)
    }
}

/// One LSTM layer. Its inputs are the first rows of `record`; its c and h, in `state`, become the new ones.
@inline(always)
private func forwardLayer(
    _ layout: NetworkLayout, _ layer: Int, weights: UnsafePointer<Float>, state: UnsafeMutablePointer<Vector>,
    memory: StepMemory, record: UnsafeMutablePointer<Vector>, output: UnsafeMutablePointer<Vector>
) {
    let hidden = layout.hidden
    let rows = layout.rows(layer: layer)
    let inputs = layout.inputs(layer: layer)
    let c = state + layout.stateRow(layer: layer)
    let h = c + hidden
    let gates = record + rows
    for unit in 0..<hidden { record[inputs + unit] = h[unit] }
    prefetch(memory.next, part: layer, of: layout.layers)
    weightedSums(
        rows: factors(of: record, count: rows, in: memory.factors), count: factorCount(rows), weights: weights,
        hasBias: true, groups: hidden, into: gates)
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
    for unit in 0..<hidden {
        let cell = LSTMOutput(eo: gates[4 * unit + 3], c: c[unit])
        h[unit] = cell.h
        output[unit] = cell.h
        if memory.records {
            gates[4 * unit + 3] = cell.o
            gates[5 * hidden + unit] = cell.tanhC
        }
    }
}

/// The outputs from the last layer's h, after tanh where the layout has it.
@inline(always)
private func readOut<Map: FeatureMap>(
    _ layout: NetworkLayout, _: Map, _ h: UnsafePointer<Vector>, weights: UnsafePointer<Float>,
    into outputs: UnsafeMutablePointer<Vector>
) {
    for output in 0..<Map.outputs {
        let weight = weights + output * layout.outputSize
        var out = Vector(repeating: weight[layout.hidden])
        for unit in 0..<layout.hidden { out = multiplyAdd(h[unit], weight[unit], out) }
        if layout.tanhOutput { out = tanh(out) }
        outputs[output] = out
    }
}

/// One step for a range of blocks: features, network and parameter update, block by block.
@inline(never)
func forwardBlocks<Map: FeatureMap>(_ layout: NetworkLayout, _ map: Map, _ step: StepArguments) {
    let lanes = Vector.scalarCount
    let rows = step.scratch.assumingMemoryBound(to: Vector.self)
    let factors = UnsafeMutableRawPointer(rows + layout.forwardScratchRows).assumingMemoryBound(to: Factor.self)
    var memory = StepMemory(base: rows, records: false, factors: factors)
    let network = NetworkOutput(features: rows, outputs: rows + layout.outputRow, scale: step.scale)
    let blockBytes = lanes * layout.stateBytes(step.precision)
    for block in step.blocks {
        let first = block * lanes
        let filled = min(lanes, step.count - first)
        let kept = step.state + block * blockBytes
        let blockState: UnsafeMutablePointer<Vector>
        switch step.precision {
        case .single: blockState = kept.assumingMemoryBound(to: Vector.self)
        case .half:
            blockState = memory.base + layout.unpackedStateRow
            unpackState(layout, kept, into: blockState)
        }
        let isLast = block + 1 == step.blocks.upperBound
        memory.next = UnsafeRawBufferPointer(start: kept + blockBytes, count: isLast ? 0 : blockBytes)
        forwardStep(
            layout, map, gradient: load(step.gradient + first, filled), weights: step.weights, state: blockState,
            memory: memory)
        let parameters = step.parameters + first
        store(map.updated(load(parameters, filled), by: network), to: parameters, filled)
        if step.precision == .half { packState(layout, blockState, into: kept) }
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
