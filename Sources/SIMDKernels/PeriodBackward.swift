import KernelTypes

/// A period's recorded gradients: what the reverse sweep starts from.
struct PeriodHistory<F: FeatureMap> {
    /// One feature map a step (their constants may depend on the step).
    let maps: UnsafePointer<F>
    /// Steps of the period.
    let steps: Int
    /// The optimizee's gradients, step after step, `stride` floats apart.
    let gradients: UnsafePointer<Float>
    let stride: Int
    /// The weight of each step's loss in the meta-loss.
    let lossWeights: UnsafePointer<Float>
}

/// Adds to `weightGradient` what the blocks `blocks` contribute to the meta-gradient of one period.
///
/// Replays the period from `startState` with the recorded gradients, keeping everything of one block in cache, then
/// sweeps back. The optimizee's gradient is a constant input, so ∂L/∂(Δθ_t) = Σ_{s>t} w_s g_s (Lv et al. 2017).
@inline(always)
func backwardBlocks<F: FeatureMap>(
    _ layout: NetworkLayout, _ history: PeriodHistory<F>, weights: UnsafePointer<Float>,
    transposed: UnsafePointer<Float>, scale: Float, blocks: Range<Int>, count: Int,
    startState: UnsafeRawPointer, scratch: UnsafeMutableRawPointer, weightGradient: UnsafeMutablePointer<Float>
) {
    // The last step's update is never evaluated within the period.
    let recorded = history.steps - 1
    guard recorded > 0 else { return }
    let lanes = Vector.scalarCount
    let stepRows = layout.tapeRowsPerStep
    let tape = scratch.assumingMemoryBound(to: Vector.self)
    let carried = tape + recorded * stepRows
    let state = carried + layout.replayedStateRow
    let sums = carried + layout.laneSumRow
    let factorMemory = UnsafeMutableRawPointer(carried + layout.reverseRows).assumingMemoryBound(to: Factor.self)
    sums.update(repeating: Vector(repeating: 0), count: layout.laneSumRows)

    for block in blocks {
        let first = block * lanes
        let filled = min(lanes, count - first)
        let start = startState.assumingMemoryBound(to: Vector.self) + block * layout.stateRows
        state.update(from: start, count: layout.stateRows)
        for step in 0..<recorded {
            let gradient = load(history.gradients + step * history.stride + first, filled)
            let features = history.maps[step].features(gradient, rows: state)
            _ = forwardStep(
                layout, weights: weights, features: features, state: state,
                memory: StepMemory(base: tape + step * stepRows, records: true, factors: factorMemory))
        }
        carried.update(repeating: Vector(repeating: 0), count: layout.inputGradientRow)
        var outputGradient = Vector(repeating: 0)
        for step in stride(from: recorded - 1, through: 0, by: -1) {
            let later = load(history.gradients + (step + 1) * history.stride + first, filled)
            // A weight of 0 must hide even an infinite gradient.
            let lossWeight = history.lossWeights[step + 1]
            if lossWeight != 0 { outputGradient = multiplyAdd(later, lossWeight, outputGradient) }
            reverseStep(
                layout, weights: weights, transposed: transposed, outputGradient: outputGradient * scale,
                tape: tape + step * stepRows, startState: step == 0 ? start : nil,
                carried: carried, sums: sums, factorMemory: factorMemory)
        }
        for layer in 0..<layout.layers {
            let rows = layout.rows(layer: layer)
            let factors = StepFactors(
                rows: tape + layout.tapeRow(layer: layer), count: rows + 4 * layout.hidden, steps: recorded,
                stepRows: stepRows, in: factorMemory)
            addOuterProducts(
                factors, rowCount: rows, units: layout.hidden, into: weightGradient + layout.layerOffset(layer))
        }
    }
    addLaneSums(layout, sums, to: weightGradient)
}

/// Adds what was summed lane by lane to its places among the weights.
@inline(always)
func addLaneSums(
    _ layout: NetworkLayout, _ sums: UnsafePointer<Vector>, to weightGradient: UnsafeMutablePointer<Float>
) {
    for index in 0..<layout.biasSum(layer: 0) { weightGradient[index] += sumOfLanes(sums[index]) }
    for layer in 0..<layout.layers {
        let biases = sums + layout.biasSum(layer: layer)
        let target = weightGradient + layout.layerOffset(layer)
        let unitSize = 4 * (1 + layout.rows(layer: layer))
        for unit in 0..<layout.hidden {
            for gate in 0..<4 { target[unit * unitSize + gate] += sumOfLanes(biases[4 * unit + gate]) }
        }
    }
    let readout = sums + layout.biasSum(layer: layout.layers)
    for index in 0...layout.hidden {
        weightGradient[layout.readoutOffset + index] += sumOfLanes(readout[index])
    }
}

/// One step of the reverse sweep for one block. Leaves the gate gradients where the tape held the gates.
@inline(always)
func reverseStep(
    _ layout: NetworkLayout, weights: UnsafePointer<Float>, transposed: UnsafePointer<Float>,
    outputGradient: Vector, tape: UnsafeMutablePointer<Vector>, startState: UnsafePointer<Vector>?,
    carried: UnsafeMutablePointer<Vector>, sums: UnsafeMutablePointer<Vector>,
    factorMemory: UnsafeMutablePointer<Factor>
) {
    let hidden = layout.hidden
    let inputGradients = carried + layout.inputGradientRow
    let readout = weights + layout.packedOffset(layout.layers, rowsPerFactor: rowsPerFactor)
    let readoutSums = sums + layout.biasSum(layer: layout.layers)
    let out = tape[2]
    let dOut = layout.tanhOutput ? outputGradient * (1 - out * out) : outputGradient
    let top = carried + (layout.layers - 1) * 2 * hidden
    let h = tape + layout.tapeRow(layer: layout.layers)
    for unit in 0..<hidden {
        top[hidden + unit] = multiplyAdd(dOut, readout[unit], top[hidden + unit])
        readoutSums[unit] = multiplyAdd(dOut, h[unit], readoutSums[unit])
    }
    readoutSums[hidden] += dOut

    for layer in stride(from: layout.layers - 1, through: 0, by: -1) {
        let rows = layout.rows(layer: layer)
        let record = tape + layout.tapeRow(layer: layer)
        let gates = record + rows
        let tanhC = gates + 5 * hidden
        // c before this step: the step before's, or what the period started with.
        let previousC =
            startState.map { $0 + layout.stateRow(layer: layer) }
            ?? UnsafePointer(gates + 4 * hidden - layout.tapeRowsPerStep)
        let dc = carried + layer * 2 * hidden
        let dh = dc + hidden
        let biasSums = sums + layout.biasSum(layer: layer)
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
        let firstRow = layout.firstTransposedRow(layer: layer)
        let inputs = layout.inputs(layer: layer)
        // Before the first step lies another period, which gets no gradient.
        let needed = startState == nil ? layout.transposedGroups(layer: layer) : (inputs - firstRow + 3) / 4
        weightedSums(
            rows: factors(of: gates, count: 4 * hidden, in: factorMemory), count: factorCount(4 * hidden),
            weights: transposed + layout.transposedOffset(layer, rowsPerFactor: rowsPerFactor), hasBias: false,
            groups: needed, into: inputGradients)
        let dInputs = inputGradients - firstRow
        for unit in 0..<hidden { dh[unit] = dInputs[inputs + unit] }
        if layer > 0 {
            let below = dh - 2 * hidden
            for unit in 0..<hidden { below[unit] += dInputs[unit] }
        } else if layout.projection > 0 {
            for unit in 0..<layout.projection {
                let e = record[unit]
                let slope = (e + 1).replacing(with: Vector(repeating: 1), where: e .> Vector(repeating: 0))
                let dz = dInputs[unit] * slope
                let target = sums + 3 * unit
                target[0] += dz
                target[1] = multiplyAdd(dz, tape[0], target[1])
                target[2] = multiplyAdd(dz, tape[1], target[2])
            }
        }
    }
}
