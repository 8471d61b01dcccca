// IEEE binary16 by its bits: Swift has no `Float16` on Intel Macs.

/// The number that binary16's bits stand for, exactly.
package func floatFromHalf(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 31)
    let fraction = UInt32(bits & 0x3FF)
    let magnitude: Float =
        switch exponent {
        case 0: Float(fraction) * 0x1p-24
        case 31: Float(bitPattern: 0x7F80_0000 | fraction << 13)
        default: Float(bitPattern: (exponent + 112) << 23 | fraction << 13)
        }
    return Float(bitPattern: magnitude.bitPattern | sign)
}

/// The bits of the nearest binary16, of two the even one; what is too large becomes infinity.
package func halfFromFloat(_ value: Float) -> UInt16 {
    let sign = UInt16(value.bitPattern >> 16 & 0x8000)
    let magnitude = value.magnitude
    if magnitude.isNaN { return sign | 0x7E00 | UInt16(magnitude.bitPattern >> 13 & 0x3FF) }
    // Halfway from the largest binary16 to the next power of two.
    guard magnitude < 65_520 else { return sign | 0x7C00 }
    // Below 2⁻¹⁴ the spacing stays 2⁻²⁴; above, it is 2⁻¹⁰ of the leading power of two.
    guard magnitude >= 0x1p-14 else { return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven)) }
    let bits = magnitude.bitPattern
    let rounded = bits + 0xFFF + (bits >> 13 & 1)
    return sign | UInt16((rounded >> 13) - (112 << 10))
}
