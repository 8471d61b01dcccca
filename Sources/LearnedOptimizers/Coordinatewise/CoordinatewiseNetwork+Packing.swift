import KernelTypes
import NumericCore

// The forms in which kernels read the weights; see `NetworkLayout`.
extension CoordinatewiseNetwork {
    /// Gate sums become exponents of 2 (−z / ln 2, and −2z / ln 2 for the candidate), the forget gate's 1 included.
    static func pack(
        _ weights: [Float], _ layout: NetworkLayout, _ factors: Kernels.FactorPrecision
    ) -> AlignedFloats {
        let log2E: Float = 1.442695041
        let gateScale: [Float] = [-log2E, -2 * log2E, -log2E, -log2E]
        var packed = Array(weights[..<layout.layerOffset(0)])
        for layer in 0..<layout.layers {
            let start = layout.layerOffset(layer)
            let unitSize = 4 * (1 + layout.rows(layer: layer))
            for unit in 0..<layout.hidden {
                let scaled = (0..<unitSize).map { index in
                    let forgetBias: Float = index == 2 ? 1 : 0
                    return (weights[start + unit * unitSize + index] + forgetBias) * gateScale[index % 4]
                }
                packed += scaled[..<4] + words(scaled[4...], factors)
            }
        }
        packed += weights[layout.readoutOffset...]
        return AlignedFloats(packed)
    }

    static func transpose(
        _ weights: [Float], _ layout: NetworkLayout, _ factors: Kernels.FactorPrecision
    ) -> AlignedFloats {
        var transposed: [Float] = []
        for layer in 0..<layout.layers {
            let rows = layout.rows(layer: layer)
            let start = layout.layerOffset(layer)
            let firstRow = layout.firstTransposedRow(layer: layer)
            for group in 0..<layout.transposedGroups(layer: layer) {
                var values: [Float] = []
                for unit in 0..<layout.hidden {
                    for gate in 0..<4 {
                        for row in firstRow + 4 * group..<firstRow + 4 * group + 4 {
                            values.append(row < rows ? weights[start + (unit * (1 + rows) + 1 + row) * 4 + gate] : 0)
                        }
                    }
                }
                transposed += words(values[...], factors)
            }
        }
        return AlignedFloats(transposed)
    }

    /// The weights of successive rows, four a row, as the factors want them.
    private static func words(_ rows: ArraySlice<Float>, _ factors: Kernels.FactorPrecision) -> [Float] {
        guard factors == .bfloat16 else { return Array(rows) }
        return stride(from: rows.startIndex, to: rows.endIndex, by: 8).flatMap { first in
            (first..<first + 4).map { index in
                let second = index + 4 < rows.endIndex ? rows[index + 4] : 0
                return Float(bitPattern: UInt32(bfloat16(rows[index])) | UInt32(bfloat16(second)) << 16)
            }
        }
    }

    /// The bits of the nearest bfloat16, of two the even one.
    private static func bfloat16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        guard !value.isNaN else { return UInt16(bits >> 16) | 0x40 }
        return UInt16((UInt64(bits) + 0x7FFF + UInt64(bits >> 16 & 1)) >> 16)
    }
}
