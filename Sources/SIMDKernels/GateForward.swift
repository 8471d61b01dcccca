import KernelTypes

/// The sixteen numbers from here on, or as many as there are, with zeros behind them.
@inline(always)
func partialVector(_ memory: UnsafePointer<Float>, count: Int) -> Vector {
    if count >= Vector.scalarCount { return UnsafeRawPointer(memory).loadUnaligned(as: Vector.self) }
    var result = Vector(repeating: 0)
    for lane in 0..<count { result[lane] = memory[lane] }
    return result
}

@inline(always)
func storePartialVector(_ value: Vector, to memory: UnsafeMutablePointer<Float>, count: Int) {
    if count >= Vector.scalarCount {
        UnsafeMutableRawPointer(memory).storeBytes(of: value, as: Vector.self)
    } else {
        for lane in 0..<count { memory[lane] = value[lane] }
    }
}

@inline(always)
func magnitude(_ x: Vector) -> Vector {
    unsafeBitCast(unsafeBitCast(x, to: IntVector.self) & 0x7FFF_FFFF, to: Vector.self)
}

/// First pass: the moments of a chunk, and sums over it.
@inline(never)
func accumulateGates(_ c: GateConstants, _ chunk: GateChunk, _ sums: UnsafeMutableRawPointer) {
    let zero = Vector(repeating: 0)
    var (squares, sizes, fast, slow) = (zero, zero, zero, zero)
    var (gradients, products, means) = (zero, zero, zero)
    var state = chunk.state.assumingMemoryBound(to: Vector.self)
    var done = 0
    while done < chunk.count {
        let left = chunk.count - done
        let g = partialVector(chunk.gradient + done, count: left)
        let theta = partialVector(UnsafePointer(chunk.parameters + done), count: left)
        let before = state[0]
        let g2 = g * g
        let v = multiplyAdd(state[1], c.fastDecay, g2 * (1 - c.fastDecay))
        let m = multiplyAdd(before, c.fastDecay, g * (1 - c.fastDecay))
        let slowM = multiplyAdd(state[2], c.slowMeanDecay, g * (1 - c.slowMeanDecay))
        let slowV = multiplyAdd(state[3], c.slowSquareDecay, g2 * (1 - c.slowSquareDecay))
        let corrected = v * c.fastCorrection
        let root = corrected.squareRoot() + c.epsilon
        let slowRoot = (slowV * c.slowSquareCorrection).squareRoot() + c.epsilon
        // One division for both.
        let inverses = 1 / (root * slowRoot)
        let inverse = slowRoot * inverses
        let scaled = inverse * c.fastCorrection
        let agreement = clamp(g * inverse * (before * scaled), -2, 2)
        let direction = m * scaled
        let slowDirection = slowM * c.slowMeanCorrection * (root * inverses)
        state[0] = m
        state[1] = v
        state[2] = slowM
        state[3] = slowV
        state[4] = multiplyAdd(state[4], c.agreementDecay1, agreement * (1 - c.agreementDecay1))
        state[5] = multiplyAdd(state[5], c.agreementDecay2, agreement * (1 - c.agreementDecay2))
        squares = squares + corrected
        sizes = multiplyAdd(theta, theta, sizes)
        fast = multiplyAdd(direction, direction, fast)
        slow = multiplyAdd(slowDirection, slowDirection, slow)
        gradients = gradients + g2
        products = multiplyAdd(g, before, products)
        means = multiplyAdd(before, before, means)
        state += GateLayout.stateRows
        done += Vector.scalarCount
    }
    let result = sums.assumingMemoryBound(to: Vector.self)
    result[0] = squares
    result[1] = sizes
    result[2] = fast
    result[3] = slow
    result[4] = gradients
    result[5] = products
    result[6] = means
}

/// Where a block's rows are: inputs, hidden units, outputs, the basis, then eʰ of the coordinate and ∂h/∂output.
struct GateRows {
    let inputs: UnsafeMutablePointer<Vector>
    let hidden: UnsafeMutablePointer<Vector>
    let outputs: UnsafeMutablePointer<Vector>
    let basis: UnsafeMutablePointer<Vector>
    /// What follows.
    let rest: UnsafeMutablePointer<Vector>

    @inline(always)
    init(_ layout: GateLayout, _ scratch: UnsafeMutableRawPointer) {
        inputs = scratch.assumingMemoryBound(to: Vector.self)
        hidden = inputs + GateLayout.inputs
        outputs = hidden + 4 * layout.hiddenGroups
        basis = outputs + 4 * GateLayout.outputGroups
        rest = basis + GateLayout.basis
    }
}

/// x / (1 + x) of two numbers that are not negative, with one division.
@inline(always)
private func squashed(_ x: Vector, _ y: Vector) -> (Vector, Vector) {
    let (x1, y1) = (1 + x, 1 + y)
    let inverse = 1 / (x1 * y1)
    return (x * (y1 * inverse), y * (x1 * inverse))
}

/// A block's basis and what its network reads.
@inline(always)
private func fillGateRows(
    _ rows: GateRows, _ c: GateConstants, _ tensor: GateTensor, gradient g: Vector, parameters theta: Vector,
    state: UnsafePointer<Vector>
) {
    let root = (state[1] * c.fastCorrection).squareRoot() + c.epsilon
    let slowRoot = (state[3] * c.slowSquareCorrection).squareRoot() + c.epsilon
    let inverses = 1 / (root * slowRoot)
    let inverse = slowRoot * inverses
    let m = state[0] * c.fastCorrection
    let raw = g * inverse
    let fast = m * inverse
    let slow = clamp(state[2] * c.slowMeanCorrection * (root * inverses), -10, 10)
    let relative = theta * tensor.inverseSize
    rows.basis[0] = raw
    rows.basis[1] = fast
    rows.basis[2] = slow
    rows.basis[3] = clamp(m * tensor.inverseSquares, -10, 10)
    rows.basis[4] = clamp(relative * 0.3, -10, 10)
    let log = log2(root)
    (rows.inputs[0], rows.inputs[1]) = squashed(magnitude(raw), magnitude(fast))
    (rows.inputs[2], rows.inputs[5]) = squashed(magnitude(slow), magnitude(relative))
    rows.inputs[3] = clamp((log - tensor.logSquares) * 0.25, -3, 1.5)
    rows.inputs[4] = clamp((log - log2(slowRoot)) * 0.5, -3, 3)
    rows.inputs[6] = clamp(raw * fast, -3, 3)
    rows.inputs[7] = clamp(fast * slow, -3, 3)
    rows.inputs[8] = state[4] * 3
    rows.inputs[9] = state[5] * 3
}

#if BFLOAT16_FACTORS
    /// The weighted sums of rows that are not rounded, for a rule whose products are in single precision here too.
    @inline(always)
    private func weightedSums(
        rows: UnsafePointer<Vector>, count: Int, weights: UnsafePointer<Float>, hasBias: Bool, groups: Int,
        into target: UnsafeMutablePointer<Vector>
    ) {
        let bias = hasBias ? 4 : 0
        for index in 0..<4 * groups {
            let start = weights + index / 4 * (bias + 4 * count) + index % 4
            var sum = Vector(repeating: hasBias ? start[0] : 0)
            for k in 0..<count { sum = multiplyAdd(rows[k], start[bias + 4 * k], sum) }
            target[index] = sum
        }
    }
#endif

/// A block's network: from inputs to gates and eʰ.
@inline(always)
private func runGates(_ layout: GateLayout, _ rows: GateRows, _ weights: UnsafePointer<Float>) {
    let hidden = 4 * layout.hiddenGroups
    weightedSums(
        rows: UnsafePointer(rows.inputs), count: GateLayout.inputs, weights: weights, hasBias: true,
        groups: layout.hiddenGroups, into: rows.hidden)
    let zero = Vector(repeating: 0)
    for unit in 0..<hidden { rows.hidden[unit].replace(with: zero, where: rows.hidden[unit] .< zero) }
    weightedSums(
        rows: UnsafePointer(rows.hidden), count: hidden, weights: weights + layout.outputOffset, hasBias: true,
        groups: GateLayout.outputGroups, into: rows.outputs)
    let squeezed = tanh(rows.outputs[GateLayout.basis] * 0.25)
    rows.rest[0] = exp2(squeezed * (4 * log2E))
    rows.rest[1] = 1 - squeezed * squeezed
}

/// Σ gate · basis, where a gate of 0 is the seed rule's.
@inline(always)
private func gatedDirection(_ rows: GateRows) -> Vector {
    var sum = (rows.outputs[0] + 0.3) * rows.basis[0]
    sum = multiplyAdd(rows.outputs[1] + 0.7, rows.basis[1], sum)
    for index in 2..<GateLayout.basis { sum = multiplyAdd(rows.outputs[index], rows.basis[index], sum) }
    return sum
}

/// Second pass: a chunk's parameters.
@inline(never)
func applyGates(
    _ layout: GateLayout, _ c: GateConstants, _ tensor: GateTensor, _ chunk: GateChunk,
    _ scratch: UnsafeMutableRawPointer
) {
    let rows = GateRows(layout, scratch)
    var state = UnsafePointer(chunk.state.assumingMemoryBound(to: Vector.self))
    var done = 0
    while done < chunk.count {
        let left = chunk.count - done
        let g = partialVector(chunk.gradient + done, count: left)
        let theta = partialVector(UnsafePointer(chunk.parameters + done), count: left)
        fillGateRows(rows, c, tensor, gradient: g, parameters: theta, state: state)
        runGates(layout, rows, tensor.weights)
        let size = rows.rest[0] * tensor.scale
        storePartialVector(
            multiplyAdd(size, gatedDirection(rows), theta), to: chunk.parameters + done, count: left)
        state += GateLayout.stateRows
        done += Vector.scalarCount
    }
}

/// The derivative of the second pass with respect to packed weights and the tensor's log-rate.
@inline(never)
func differentiateGates(
    _ layout: GateLayout, _ c: GateConstants, _ tensor: GateTensor, _ chunk: GateChunk,
    _ later: UnsafePointer<Float>, _ scratch: UnsafeMutableRawPointer, _ sums: UnsafeMutablePointer<Float>
) {
    let rows = GateRows(layout, scratch)
    let hidden = 4 * layout.hiddenGroups
    let outputAdjoints = rows.rest + 2
    let hiddenAdjoints = outputAdjoints + 4 * GateLayout.outputGroups
    let zero = Vector(repeating: 0)
    for index in GateLayout.outputs..<4 * GateLayout.outputGroups { outputAdjoints[index] = zero }
    var state = UnsafePointer(chunk.state.assumingMemoryBound(to: Vector.self))
    var rate = zero
    var done = 0
    while done < chunk.count {
        let left = chunk.count - done
        let g = partialVector(chunk.gradient + done, count: left)
        let theta = partialVector(UnsafePointer(chunk.parameters + done), count: left)
        fillGateRows(rows, c, tensor, gradient: g, parameters: theta, state: state)
        runGates(layout, rows, tensor.weights)
        let size = partialVector(later + done, count: left) * (rows.rest[0] * tensor.scale)
        for index in 0..<GateLayout.basis { outputAdjoints[index] = size * rows.basis[index] }
        let change = size * gatedDirection(rows)
        rate = rate + change
        outputAdjoints[GateLayout.basis] = change * rows.rest[1]
        addGateProducts(
            UnsafePointer(rows.hidden), inputs: hidden, UnsafePointer(outputAdjoints),
            groups: GateLayout.outputGroups, to: sums + layout.outputOffset)
        for unit in 0..<hidden {
            let weights = tensor.weights + layout.outputOffset + 4 * (1 + unit)
            var sum = zero
            for output in 0..<GateLayout.outputs {
                let place = output / 4 * 4 * (1 + hidden) + output % 4
                sum = multiplyAdd(outputAdjoints[output], weights[place], sum)
            }
            hiddenAdjoints[unit] = sum.replacing(with: zero, where: rows.hidden[unit] .<= zero)
        }
        addGateProducts(
            UnsafePointer(rows.inputs), inputs: GateLayout.inputs, UnsafePointer(hiddenAdjoints),
            groups: layout.hiddenGroups, to: sums)
        state += GateLayout.stateRows
        done += Vector.scalarCount
    }
    sums[layout.packedCount] += sumOfLanes(rate)
}

/// Adds a layer's derivatives of one block, biases first, in the order of packed weights.
@inline(always)
private func addGateProducts(
    _ rows: UnsafePointer<Vector>, inputs: Int, _ adjoints: UnsafePointer<Vector>, groups: Int,
    to sums: UnsafeMutablePointer<Float>
) {
    for group in 0..<groups {
        let target = UnsafeMutableRawPointer(sums + group * 4 * (1 + inputs)).assumingMemoryBound(
            to: SIMD4<Float>.self)
        let (a, b, c, d) =
            (adjoints[4 * group], adjoints[4 * group + 1], adjoints[4 * group + 2], adjoints[4 * group + 3])
        target[0] = target[0] + sumsOfLanes(folded(a), folded(b), folded(c), folded(d))
        for input in 0..<inputs {
            let x = rows[input]
            target[1 + input] =
                target[1 + input] + sumsOfLanes(folded(a * x), folded(b * x), folded(c * x), folded(d * x))
        }
    }
}

/// As many lanes as sums over them have.
@inline(always)
private func folded(_ x: Vector) -> PartialSum {
    #if WIDE_REGISTERS
        x
    #else
        x.lowHalf + x.highHalf
    #endif
}
