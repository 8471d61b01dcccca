import KernelTypes

/// Adds to `weightGradient` what a range of blocks contributes to the meta-gradient of one period.
///
/// Replays the period from `startState` with the recorded gradients, keeping everything of one block in cache, then
/// sweeps back. The optimizee's gradient is a constant input, so ∂L/∂(Δθ_t) = Σ_{s>t} w_s g_s (Lv et al. 2017).
@inline(never)
func backwardBlocks<Map: FeatureMap>(_ layout: NetworkLayout, _ period: PeriodArguments<Map>) {
    // The last step's update is never evaluated within the period.
    let recorded = period.steps - 1
    guard recorded > 0 else { return }
    let lanes = Vector.scalarCount
    let stepRows = layout.tapeRowsPerStep
    let tape = period.scratch.assumingMemoryBound(to: Vector.self)
    let carried = tape + recorded * stepRows
    let state = carried + layout.replayedStateRow
    let sums = carried + layout.laneSumRow
    let factorMemory = UnsafeMutableRawPointer(carried + layout.reverseRows).assumingMemoryBound(to: Factor.self)
    sums.update(repeating: Vector(repeating: 0), count: layout.laneSumRows)

    for block in period.blocks {
        let first = block * lanes
        let filled = min(lanes, period.count - first)
        let start = period.startState.assumingMemoryBound(to: Vector.self) + block * layout.stateRows
        state.update(from: start, count: layout.stateRows)
        for step in 0..<recorded {
            forwardStep(
                layout, period.maps[step],
                gradient: load(period.gradients + step * period.count + first, filled), weights: period.weights,
                state: state, memory: StepMemory(base: tape + step * stepRows, records: true, factors: factorMemory))
        }
        carried.update(repeating: Vector(repeating: 0), count: layout.outputGradientRow)
        var updateGradient = Vector(repeating: 0)
        for step in stride(from: recorded - 1, through: 0, by: -1) {
            let later = load(period.gradients + (step + 1) * period.count + first, filled)
            // A weight of 0 must hide even an infinite gradient.
            let lossWeight = period.lossWeights[step + 1]
            if lossWeight != 0 { updateGradient = multiplyAdd(later, lossWeight, updateGradient) }
            let memory = ReverseMemory(
                tape: tape + step * stepRows, startState: step == 0 ? start : nil, carried: carried, sums: sums,
                factors: factorMemory)
            reverseStep(
                layout, period.maps[step], weights: period.weights, transposed: period.transposed,
                scale: period.scale, updateGradient: updateGradient, memory: memory)
        }
        for layer in 0..<layout.layers {
            let rows = layout.rows(layer: layer)
            let factors = StepFactors(
                rows: tape + layout.tapeRow(layer: layer), count: rows + 4 * layout.hidden, steps: recorded,
                stepRows: stepRows, in: factorMemory)
            addOuterProducts(
                factors, rowCount: rows, units: layout.hidden,
                into: period.weightGradient + layout.layerOffset(layer))
        }
    }
    addLaneSums(layout, sums, to: period.weightGradient)
}

/// Adds what was summed lane by lane to its places among the weights.
@inline(always)
func addLaneSums(
    _ layout: NetworkLayout, _ sums: UnsafePointer<Vector>, to weightGradient: UnsafeMutablePointer<Float>
) {
    for index in 0..<layout.projectionSize { weightGradient[index] += sumOfLanes(sums[index]) }
    for layer in 0..<layout.layers {
        let biases = sums + layout.biasSum(layer: layer)
        let target = weightGradient + layout.layerOffset(layer)
        let unitSize = 4 * (1 + layout.rows(layer: layer))
        for unit in 0..<layout.hidden {
            for gate in 0..<4 { target[unit * unitSize + gate] += sumOfLanes(biases[4 * unit + gate]) }
        }
    }
    let readout = sums + layout.biasSum(layer: layout.layers)
    for index in 0..<layout.outputs * layout.outputSize {
        weightGradient[layout.readoutOffset + index] += sumOfLanes(readout[index])
    }
}

/// Where one step of the reverse sweep reads and writes.
struct ReverseMemory {
    /// The step's rows as it recorded them. Gate gradients take the place of the gates.
    let tape: UnsafeMutablePointer<Vector>
    /// The state before the period, at the period's first step.
    let startState: UnsafePointer<Vector>?
    /// What goes from step to step: see `NetworkLayout.reverseRows`.
    let carried: UnsafeMutablePointer<Vector>
    /// Gradients that are summed lane by lane over blocks.
    let sums: UnsafeMutablePointer<Vector>
    /// Room for the factors of one product.
    let factors: UnsafeMutablePointer<Factor>
}

/// One step of the reverse sweep for one block.
@inline(always)
func reverseStep<Map: FeatureMap>(
    _ layout: NetworkLayout, _ map: Map, weights: UnsafePointer<Float>, transposed: UnsafePointer<Float>,
    scale: Float, updateGradient: Vector, memory: ReverseMemory
) {
    let network = NetworkOutput(features: memory.tape, outputs: memory.tape + layout.outputRow, scale: scale)
    map.outputGradients(of: updateGradient, by: network, into: memory.carried + layout.outputGradientRow)
    let readout = weights + layout.packedOffset(layout.layers, rowsPerFactor: rowsPerFactor)
    reverseReadOut(layout, map, weights: readout, memory: memory)
    for layer in stride(from: layout.layers - 1, through: 0, by: -1) {
        reverseGates(layout, layer, memory: memory)
        reverseInputs(layout, layer, transposed: transposed, memory: memory)
    }
    if layout.projection > 0 { reverseProjection(layout, map, memory: memory) }
}

/// From the outputs' gradients to the last layer's ∂h.
@inline(always)
private func reverseReadOut<Map: FeatureMap>(
    _ layout: NetworkLayout, _: Map, weights: UnsafePointer<Float>, memory: ReverseMemory
) {
    let hidden = layout.hidden
    let outputs = memory.tape + layout.outputRow
    let h = memory.tape + layout.tapeRow(layer: layout.layers)
    let dh = memory.carried + ((layout.layers - 1) * 2 * hidden + hidden)
    for output in 0..<Map.outputs {
        let gradient = memory.carried[layout.outputGradientRow + output]
        let out = outputs[output]
        let dOut = layout.tanhOutput ? gradient * (1 - out * out) : gradient
        let weight = weights + output * layout.outputSize
        let sums = memory.sums + (layout.biasSum(layer: layout.layers) + output * layout.outputSize)
        for unit in 0..<hidden {
            dh[unit] = multiplyAdd(dOut, weight[unit], dh[unit])
            sums[unit] = multiplyAdd(dOut, h[unit], sums[unit])
        }
        sums[hidden] += dOut
    }
}

/// From a layer's ∂h and ∂c to the gradients of its gates and of the c before.
@inline(always)
private func reverseGates(_ layout: NetworkLayout, _ layer: Int, memory: ReverseMemory) {
    let hidden = layout.hidden
    let gates = memory.tape + (layout.tapeRow(layer: layer) + layout.rows(layer: layer))
    let tanhC = gates + 5 * hidden
    // c before this step: the step before's, or what the period started with.
    let previousC =
        memory.startState.map { $0 + layout.stateRow(layer: layer) }
        ?? UnsafePointer(gates + 4 * hidden - layout.tapeRowsPerStep)
    let dc = memory.carried + layer * 2 * hidden
    let dh = dc + hidden
    let biasSums = memory.sums + layout.biasSum(layer: layer)
    for unit in 0..<hidden {
        let gate = gates + 4 * unit
        let gradient = LSTMUnitGradient(
            i: gate[0], j: gate[1], f: gate[2], o: gate[3], tanhC: tanhC[unit], previousC: previousC[unit],
            dh: dh[unit], dc: dc[unit])
        gate[0] = gradient.i
        gate[1] = gradient.j
        gate[2] = gradient.f
        gate[3] = gradient.o
        dc[unit] = gradient.previousC
        let bias = biasSums + 4 * unit
        bias[0] += gradient.i
        bias[1] += gradient.j
        bias[2] += gradient.f
        bias[3] += gradient.o
    }
}

/// From the gradients of a layer's gates to the h before, the layer below and the projection's outputs, which stay
/// where `inputGradientRow` says.
@inline(always)
private func reverseInputs(
    _ layout: NetworkLayout, _ layer: Int, transposed: UnsafePointer<Float>, memory: ReverseMemory
) {
    let hidden = layout.hidden
    let gates = memory.tape + (layout.tapeRow(layer: layer) + layout.rows(layer: layer))
    let inputGradients = memory.carried + layout.inputGradientRow
    let firstRow = layout.firstTransposedRow(layer: layer)
    let inputs = layout.inputs(layer: layer)
    // Before the first step lies another period, which gets no gradient.
    let needed = memory.startState == nil ? layout.transposedGroups(layer: layer) : (inputs - firstRow + 3) / 4
    weightedSums(
        rows: factors(of: gates, count: 4 * hidden, in: memory.factors), count: factorCount(4 * hidden),
        weights: transposed + layout.transposedOffset(layer, rowsPerFactor: rowsPerFactor), hasBias: false,
        groups: needed, into: inputGradients)
    let dInputs = inputGradients - firstRow
    let dh = memory.carried + (layer * 2 * hidden + hidden)
    for unit in 0..<hidden { dh[unit] = dInputs[inputs + unit] }
    if layer > 0 {
        let below = dh - 2 * hidden
        for unit in 0..<hidden { below[unit] += dInputs[unit] }
    }
}

/// From the projection's outputs to its weights.
@inline(always)
private func reverseProjection<Map: FeatureMap>(_ layout: NetworkLayout, _: Map, memory: ReverseMemory) {
    let features = memory.tape
    let projected = memory.tape + layout.tapeRow(layer: 0)
    let gradients = memory.carried + layout.inputGradientRow
    for unit in 0..<layout.projection {
        let e = projected[unit]
        let slope = (e + 1).replacing(with: Vector(repeating: 1), where: e .> Vector(repeating: 0))
        let dz = gradients[unit] * slope
        let sums = memory.sums + unit * (1 + Map.features)
        sums[0] += dz
        for feature in 0..<Map.features {
            sums[1 + feature] = multiplyAdd(dz, features[feature], sums[1 + feature])
        }
    }
}
