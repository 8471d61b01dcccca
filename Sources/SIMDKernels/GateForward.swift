import KernelTypes

/// Some blocks of a chunk, which go through each part of a step together: what one of them waits for, the others fill.
struct GateBatch {
    let chunk: GateChunk
    let rows: GateRows
    /// Coordinates before it.
    let start: Int
    let blocks: Int
    /// Whether no block has fewer coordinates than lanes.
    let isWhole: Bool

    static var size: Int { GateLayout.batch * Vector.scalarCount }

    /// One of as many coordinates as there can be.
    @inline(always)
    init(whole chunk: GateChunk, _ rows: GateRows, start: Int) {
        self.chunk = chunk
        self.rows = rows
        self.start = start
        blocks = GateLayout.batch
        isWhole = true
    }

    /// One of those that are left.
    @inline(always)
    init(_ chunk: GateChunk, _ rows: GateRows, start: Int) {
        self.chunk = chunk
        self.rows = rows
        self.start = start
        blocks = min((chunk.count - start + Vector.scalarCount - 1) / Vector.scalarCount, GateLayout.batch)
        isWhole = false
    }

    /// Coordinates before a block, and how many there are from there on, or as many as matter.
    @inline(always)
    func place(_ block: Int) -> (start: Int, left: Int) {
        let place = start + block * Vector.scalarCount
        return (place, isWhole ? Vector.scalarCount : chunk.count - place)
    }

    /// Bases and what networks read. The state moves on if it is to be written.
    ///
    /// In short parts, for a processor looks only so far ahead that it sees a block or two.
    @inline(always)
    func fill(_ c: GateConstants, _ tensor: GateTensor, writesState: Bool) {
        for block in 0..<blocks { fillMoments(block, c, tensor, writesState: writesState) }
        for block in 0..<blocks { fillRatios(block) }
        for block in 0..<blocks { fillInputs(block, c, writesState: writesState) }
        for block in 0..<blocks { fillLogarithms(block, tensor) }
        if blocks % GateRows.blocks != 0 {
            // A tile's last block that is not there.
            for input in 0..<GateLayout.inputs { rows.inputs(blocks)[input] = Vector(repeating: 0) }
        }
    }

    @inline(always)
    private func state(_ block: Int) -> UnsafeMutablePointer<Vector> {
        chunk.state.assumingMemoryBound(to: Vector.self)
            + (start / Vector.scalarCount + block) * GateLayout.stateRows
    }

    /// Moments, and what needs no more than these: of the basis numerators, two roots in the place of their logarithms, and
    /// m̂ of the step before in that of an average.
    @inline(always)
    private func fillMoments(_ block: Int, _ c: GateConstants, _ tensor: GateTensor, writesState: Bool) {
        let (start, left) = place(block)
        let (basis, inputs, state) = (rows.basis(block), rows.inputs(block), state(block))
        let g = partialVector(chunk.gradient + start, count: left)
        let moments = GateMoments(c, gradient: g, state: UnsafePointer(state))
        inputs[3] = moments.root(c)
        inputs[4] = moments.slowRoot(c)
        inputs[8] = moments.before * c.fastCorrection
        if writesState {
            state[0] = moments.mean
            state[1] = moments.square
            state[2] = moments.slowMean
            state[3] = moments.slowSquare
        }
        basis[0] = g
        let mean = moments.mean * c.fastCorrection
        basis[1] = mean
        basis[2] = moments.slowMean * c.slowMeanCorrection
        basis[3] = clamp(mean * tensor.inverseSquares, -10, 10)
        let relative = partialVector(UnsafePointer(chunk.parameters + start), count: left) * tensor.inverseSize
        basis[4] = clamp(relative * 0.3, -10, 10)
        inputs[5] = squashed(relative)
    }

    /// The basis, and m̂ of the step before in its units.
    @inline(always)
    private func fillRatios(_ block: Int) {
        let (basis, inputs) = (rows.basis(block), rows.inputs(block))
        let (inverse, slowInverse) = inverses(inputs[3], inputs[4])
        basis[0] = basis[0] * inverse
        basis[1] = basis[1] * inverse
        basis[2] = clamp(basis[2] * slowInverse, -10, 10)
        inputs[8] = inputs[8] * inverse
    }

    /// Inputs that are made of the basis.
    @inline(always)
    private func fillInputs(_ block: Int, _ c: GateConstants, writesState: Bool) {
        let (basis, inputs, state) = (rows.basis(block), rows.inputs(block), state(block))
        let (raw, fast, slow) = (basis[0], basis[1], basis[2])
        let agreement = clamp(raw * inputs[8], -2, 2)
        let agreement1 = average(state[4], agreement, c.agreementDecay1)
        let agreement2 = average(state[5], agreement, c.agreementDecay2)
        if writesState {
            state[4] = agreement1
            state[5] = agreement2
        }
        inputs[0] = squashed(raw)
        inputs[1] = squashed(fast)
        inputs[2] = squashed(slow)
        inputs[6] = clamp(raw * fast, -3, 3)
        inputs[7] = clamp(fast * slow, -3, 3)
        inputs[8] = agreement1
        inputs[9] = agreement2
    }

    @inline(always)
    private func fillLogarithms(_ block: Int, _ tensor: GateTensor) {
        let inputs = rows.inputs(block)
        let (log, slowLog) = (log2(inputs[3]), log2(inputs[4]))
        inputs[3] = clamp(log - tensor.logSquares, -12, 6)
        inputs[4] = clamp(log - slowLog, -6, 6)
    }
}

/// |x| / (1 + |x|).
@inline(always)
private func squashed(_ x: Vector) -> Vector { 1 - 1 / (1 + magnitude(x)) }

/// What a block's outputs and basis come to.
struct GateResult {
    /// e^h of the coordinate.
    let rate: Vector
    /// Σ gate · basis.
    let direction: Vector

    /// - Parameter outputs: the last of them is h/4 already, see `squeeze`.
    @inline(always)
    init(_ outputs: BlockRows, _ basis: BlockRows) {
        rate = boundedExp2(outputs[GateLayout.basis] * (4 * log2E))
        var sum = outputs[0] * basis[0]
        for index in 1..<GateLayout.basis { sum = multiplyAdd(outputs[index], basis[index], sum) }
        direction = sum
    }

    /// The tanh of a block's last output, whose packed weights make the exponent of two in it.
    @inline(always)
    static func squeeze(_ outputs: BlockRows) {
        let power = exp2(outputs[GateLayout.basis])
        outputs[GateLayout.basis] = (1 - power) / (1 + power)
    }
}

/// Second pass: a chunk's state and parameters.
@inline(never)
func applyGates(
    _ layout: GateLayout, _ c: GateConstants, _ tensor: GateTensor, _ chunk: GateChunk,
    _ scratch: UnsafeMutableRawPointer
) {
    let rows = GateRows(layout, scratch, count: layout.forwardRows)
    var start = 0
    while start + GateBatch.size <= chunk.count {
        apply(layout, c, tensor, GateBatch(whole: chunk, rows, start: start))
        start += GateBatch.size
    }
    if start < chunk.count { apply(layout, c, tensor, GateBatch(chunk, rows, start: start)) }
}

@inline(always)
private func apply(_ layout: GateLayout, _ c: GateConstants, _ tensor: GateTensor, _ batch: GateBatch) {
    let (rows, parameters) = (batch.rows, batch.chunk.parameters)
    batch.fill(c, tensor, writesState: true)
    runGates(layout, rows, tensor, blocks: batch.blocks)
    for block in 0..<batch.blocks { GateResult.squeeze(rows.outputs(block)) }
    for block in 0..<batch.blocks {
        let (start, left) = batch.place(block)
        let result = GateResult(rows.outputs(block), rows.basis(block))
        let theta = partialVector(UnsafePointer(parameters + start), count: left)
        storePartialVector(
            multiplyAdd(result.rate * tensor.scale, result.direction, theta), to: parameters + start, count: left)
    }
}
