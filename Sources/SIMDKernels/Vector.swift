// Lanes are coordinates: one Vector holds the same feature of neighbouring coordinates.

/// One register of AVX-512, two of AVX2, four of NEON and SSE.
typealias Vector = SIMD16<Float>
typealias IntVector = SIMD16<Int32>

#if WIDE_REGISTERS
    /// What the sums over lanes are kept in until a block is done: one register.
    typealias PartialSum = SIMD16<Float>
#else
    typealias PartialSum = SIMD8<Float>
#endif

@inline(always)
func multiplyAdd(_ a: Vector, _ b: Float, _ c: Vector) -> Vector { multiplyAdd(a, Vector(repeating: b), c) }

/// Values below `low` or above `high` become these; NaN stays NaN.
@inline(always)
func clamp(_ x: Vector, _ low: Float, _ high: Float) -> Vector {
    let atLeast = x.replacing(with: Vector(repeating: low), where: x .< Vector(repeating: low))
    return atLeast.replacing(with: Vector(repeating: high), where: atLeast .> Vector(repeating: high))
}

/// 2ˣ for x clamped to ±40, relative error below 2.5e-7.
///
/// The bound keeps products of three such values finite, and 2⁻⁴⁰ vanishes beside 1 in single precision.
@inline(always)
func exp2(_ x: Vector) -> Vector { boundedExp2(clamp(x, -40, 40)) }

/// 2ˣ for |x| ≤ 40.
@inline(always)
func boundedExp2(_ x: Vector) -> Vector {
    // Adding 1.5 · 2²³ rounds to an integer, which then stands in the low bits.
    let magic = Vector(repeating: 0x1.8p23)
    let shifted = x + magic
    let fraction = x - (shifted - magic)
    // Minimax in relative error on [−½, ½] among the polynomials that give exactly 1 at 0.
    var p = multiplyAdd(fraction, 0.0013202982, Vector(repeating: 0.009674952))
    p = multiplyAdd(p, fraction, Vector(repeating: 0.055510472))
    p = multiplyAdd(p, fraction, Vector(repeating: 0.24022166))
    p = multiplyAdd(p, fraction, Vector(repeating: 0.6931466))
    p = multiplyAdd(p, fraction, Vector(repeating: 1))
    let exponent = unsafeBitCast(shifted, to: IntVector.self) &<< 23
    return unsafeBitCast(unsafeBitCast(p, to: IntVector.self) &+ exponent, to: Vector.self)
}

let log2E: Float = 1.442695041

/// tanh x = (1 − e⁻²ˣ) / (1 + e⁻²ˣ), absolute error below 2e-7.
@inline(always)
func tanh(_ x: Vector) -> Vector {
    let e = exp2(x * (-2 * log2E))
    return (1 - e) / (1 + e)
}

/// x where positive, eˣ − 1 elsewhere (Clevert et al. 2016), absolute error below 3e-7.
@inline(always)
func elu(_ x: Vector) -> Vector {
    let negative = exp2(x * log2E) - 1
    return negative.replacing(with: x, where: x .> Vector(repeating: 0))
}

/// ln x for positive normal x, absolute error below 2e-7 near 1 and relative below 2e-7 elsewhere.
@inline(always)
func log(_ x: Vector) -> Vector {
    // x = m · 2ᵉ with m in [√½, √2).
    let bits = unsafeBitCast(x, to: IntVector.self)
    let biased = bits &- 0x3F35_04F3
    let exponent = biased &>> 23
    let m = unsafeBitCast(bits &- (exponent &<< 23), to: Vector.self)
    // ln m = 2 artanh s with s = (m − 1) / (m + 1), |s| ≤ 0.1716.
    let s = (m - 1) / (m + 1)
    let s2 = s * s
    var p = multiplyAdd(s2, 0.29926631, Vector(repeating: 0.39974753))
    p = multiplyAdd(p, s2, Vector(repeating: 0.66666816))
    p = multiplyAdd(p, s2, Vector(repeating: 2))
    return multiplyAdd(Vector(exponent), 0.6931472, s * p)
}

/// log₂ x for positive normal x, absolute error below 4e-7 times the larger of 1 and |log₂ x|; without a division, for rules
/// whose logarithms are features.
@inline(always)
func log2(_ x: Vector) -> Vector {
    let bits = unsafeBitCast(x, to: IntVector.self)
    let biased = bits &- 0x3F35_04F3
    let exponent = biased &>> 23
    let f = unsafeBitCast(bits &- (exponent &<< 23), to: Vector.self) - 1
    // Minimax in absolute error on [√½ − 1, √2 − 1] among the polynomials that give exactly 0 at 0.
    // Its terms in pairs, for a shorter chain.
    let square = f * f
    let low = multiplyAdd(f, -0.7213759, Vector(repeating: 1.4426997))
    let middle = multiplyAdd(f, -0.35896185, Vector(repeating: 0.48046502))
    let high = multiplyAdd(square, 0.17063446, multiplyAdd(f, -0.27269793, Vector(repeating: 0.2972626)))
    let p = multiplyAdd(multiplyAdd(high, square, middle), square, low)
    return multiplyAdd(p, f, Vector(exponent))
}
