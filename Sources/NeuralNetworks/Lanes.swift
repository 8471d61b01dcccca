/// What one vectorised step of a loop works on.
typealias Lanes = SIMD8<Float>

/// The smallest number of floats that is whole `Lanes` and at least `count`.
func paddedCount(_ count: Int) -> Int {
    (count + Lanes.scalarCount - 1) / Lanes.scalarCount * Lanes.scalarCount
}

extension UnsafeMutablePointer<Float> {
    /// The `Lanes` that start at `offset`, a multiple of their size in aligned memory.
    @inline(__always)
    subscript(lanes offset: Int) -> Lanes {
        get { UnsafeRawPointer(self + offset).load(as: Lanes.self) }
        nonmutating set { UnsafeMutableRawPointer(self + offset).storeBytes(of: newValue, as: Lanes.self) }
    }
}

/// The sum of `count` floats, in an order that depends on `count` alone.
func laneSum(_ values: UnsafeMutablePointer<Float>, count: Int) -> Float {
    var sums = Lanes.zero
    let whole = count / Lanes.scalarCount * Lanes.scalarCount
    for offset in stride(from: 0, to: whole, by: Lanes.scalarCount) {
        sums += values[lanes: offset]
    }
    var sum = sums.sum()
    for index in whole..<count { sum += values[index] }
    return sum
}

/// eˣ as `2ⁿ (1 + p)`; x is clamped to ±87, where results stay normal numbers. NaN gives NaN.
@inline(__always)
private func exponentialParts(_ x: Lanes) -> (scale: Lanes, p: Lanes) {
    let low = x.replacing(with: -87, where: x .< -87)
    let clamped = low.replacing(with: 87, where: low .> 87)
    // Adding 1.5 · 2²³ rounds to an integer and leaves it in the low bits.
    let magic: Float = 0x1.8p23
    let shifted = clamped * 1.442_695_04 + magic
    let n = shifted - magic
    // ln 2 in two parts, so that n ln 2 is subtracted without rounding.
    let r = (clamped - n * 0.693_359_375) + n * 2.121_944_4e-4
    // Cephes' expf (Moshier 1989): a degree-5 polynomial for (eʳ − 1 − r) / r².
    var tail = r * 1.987_569_2e-4 + 1.398_199_95e-3
    tail = tail * r + 8.333_452e-3
    tail = tail * r + 4.166_579_6e-2
    tail = tail * r + 1.666_666_5e-1
    tail = tail * r + 5.000_000_1e-1
    let exponent = (unsafeBitCast(shifted, to: SIMD8<UInt32>.self) &<< 23) &+ 0x3F80_0000
    return (unsafeBitCast(exponent, to: Lanes.self), tail * r * r + r)
}

/// eˣ within 2 units in the last place for |x| ≤ 87.
@inline(__always)
func exponential(_ x: Lanes) -> Lanes {
    let (scale, p) = exponentialParts(x)
    return scale + scale * p
}

/// eˣ − 1 without cancellation near 0.
@inline(__always)
func exponentialMinusOne(_ x: Lanes) -> Lanes {
    let (scale, p) = exponentialParts(x)
    return scale * p + (scale - 1)
}

/// 1 / (1 + e⁻ˣ).
@inline(__always)
func logistic(_ x: Lanes) -> Lanes { 1 / (1 + exponential(-x)) }

/// tanh x, without cancellation near 0.
@inline(__always)
func hyperbolicTangent(_ x: Lanes) -> Lanes {
    let low = x.replacing(with: -20, where: x .< -20)
    let e = exponentialMinusOne(2 * low.replacing(with: 20, where: low .> 20))
    return e / (e + 2)
}
