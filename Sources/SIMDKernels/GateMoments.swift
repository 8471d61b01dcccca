import KernelTypes

/// The sixteen numbers from here on, or as many as there are, with zeros behind them.
@inline(always)
func partialVector(_ memory: UnsafePointer<Float>, count: Int) -> Vector {
    if count >= Vector.scalarCount { return UnsafeRawPointer(memory).loadUnaligned(as: Vector.self) }
    var result = Vector(repeating: 0)
    withUnsafeMutableBytes(of: &result) {
        let lanes = $0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Float.self)
        for lane in 0..<count { lanes[lane] = memory[lane] }
    }
    return result
}

@inline(always)
func storePartialVector(_ value: Vector, to memory: UnsafeMutablePointer<Float>, count: Int) {
    if count >= Vector.scalarCount {
        UnsafeMutableRawPointer(memory).storeBytes(of: value, as: Vector.self)
    } else {
        withUnsafeBytes(of: value) {
            let lanes = $0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Float.self)
            for lane in 0..<count { memory[lane] = lanes[lane] }
        }
    }
}

@inline(always)
func magnitude(_ x: Vector) -> Vector {
    unsafeBitCast(unsafeBitCast(x, to: IntVector.self) & 0x7FFF_FFFF, to: Vector.self)
}

/// β a + (1 − β) x, exact where one of the two is much smaller.
@inline(always)
func average(_ a: Vector, _ x: Vector, _ decay: Float) -> Vector { multiplyAdd(a, decay, x * (1 - decay)) }

/// 1/x and 1/y with one division.
@inline(always)
func inverses(_ x: Vector, _ y: Vector) -> (Vector, Vector) {
    let both = 1 / (x * y)
    return (y * both, x * both)
}

/// A block's moments after a step.
struct GateMoments {
    /// m_a before the step.
    let before: Vector
    let mean, square, slowMean, slowSquare: Vector

    @inline(always)
    init(_ c: GateConstants, gradient g: Vector, state: UnsafePointer<Vector>) {
        let g2 = g * g
        before = state[0]
        mean = average(before, g, c.fastDecay)
        square = average(state[1], g2, c.fastDecay)
        slowMean = average(state[2], g, c.slowMeanDecay)
        slowSquare = average(state[3], g2, c.slowSquareDecay)
    }

    /// s_a and s_b.
    @inline(always)
    func root(_ c: GateConstants) -> Vector { (square * c.fastCorrection).squareRoot() + c.epsilon }
    @inline(always)
    func slowRoot(_ c: GateConstants) -> Vector { (slowSquare * c.slowSquareCorrection).squareRoot() + c.epsilon }
}

@inline(always)
private func add(_ x: Vector, to sum: inout PartialSum) {
    #if WIDE_REGISTERS
        sum = sum + x
    #else
        sum = sum + x.lowHalf + x.highHalf
    #endif
}

@inline(always)
private func addProduct(_ x: Vector, _ y: Vector, to sum: inout PartialSum) {
    #if WIDE_REGISTERS
        sum = multiplyAdd(x, y, sum)
    #else
        sum = multiplyAdd(x.highHalf, y.highHalf, multiplyAdd(x.lowHalf, y.lowHalf, sum))
    #endif
}

/// First pass: sums over a chunk with its moments after the step. These are not written: what is read once more
/// is cheaper than what goes to memory and comes back.
@inline(never)
func sumGates(_ c: GateConstants, _ chunk: GateChunk, _ sums: UnsafeMutablePointer<Float>) {
    let zero = PartialSum(repeating: 0)
    var (squares, sizes, fast, slow) = (zero, zero, zero, zero)
    var (gradients, products, means) = (zero, zero, zero)
    var state = UnsafePointer(chunk.state.assumingMemoryBound(to: Vector.self))
    var done = 0
    while done < chunk.count {
        let left = chunk.count - done
        let g = partialVector(chunk.gradient + done, count: left)
        let theta = partialVector(UnsafePointer(chunk.parameters + done), count: left)
        let moments = GateMoments(c, gradient: g, state: state)
        let (inverse, slowInverse) = inverses(moments.root(c), moments.slowRoot(c))
        let (direction, slowDirection) = (moments.mean * inverse, moments.slowMean * slowInverse)
        add(moments.square, to: &squares)
        addProduct(theta, theta, to: &sizes)
        addProduct(direction, direction, to: &fast)
        addProduct(slowDirection, slowDirection, to: &slow)
        addProduct(g, g, to: &gradients)
        addProduct(g, moments.before, to: &products)
        addProduct(moments.before, moments.before, to: &means)
        state += GateLayout.stateRows
        done += Vector.scalarCount
    }
    let first = sumsOfLanes(squares, sizes, fast, slow)
    let second = sumsOfLanes(gradients, products, means, zero)
    sums[0] = first[0] * c.fastCorrection
    sums[1] = first[1]
    sums[2] = first[2] * (c.fastCorrection * c.fastCorrection)
    sums[3] = first[3] * (c.slowMeanCorrection * c.slowMeanCorrection)
    sums[4] = second[0]
    sums[5] = second[1]
    sums[6] = second[2]
}
