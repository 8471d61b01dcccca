// What matrix products multiply: single-precision rows as they are, or two rows at a time rounded to bfloat16. Sums are
// in single precision either way.

#if BFLOAT16_FACTORS
    import CBFloat16

    /// Two rows: lane by lane one number in the low half, one in the high half. One instruction multiplies both.
    typealias Factor = SIMD16<UInt32>
    typealias PartialFactor = Factor

    /// Rows, or steps, that one factor holds.
    let rowsPerFactor = 2

    /// sum + the two products; `weights` holds the bits of a pair of numbers.
    @inline(always)
    func multiplyAdd(_ a: Factor, _ weights: Float, _ sum: Vector) -> Vector {
        bfloat16_add_products(sum, a, Factor(repeating: weights.bitPattern))
    }

    @inline(always)
    func multiplyAdd(_ a: Factor, _ b: Factor, _ sum: Vector) -> Vector { bfloat16_add_products(sum, a, b) }

    /// Rows as a product over rows needs them: two neighbours in a factor, the last one with zeros where it is alone.
    @inline(always)
    func factors(
        of rows: UnsafePointer<Vector>, count: Int, in memory: UnsafeMutablePointer<Factor>
    ) -> UnsafePointer<Factor> {
        for pair in 0..<count / 2 { memory[pair] = bfloat16_round_pairs(rows[2 * pair], rows[2 * pair + 1]) }
        if count % 2 == 1 { memory[count / 2] = bfloat16_round_pairs(rows[count - 1], Vector(repeating: 0)) }
        return UnsafePointer(memory)
    }
#else
    typealias Factor = Vector
    typealias PartialFactor = PartialSum

    /// Rows, or steps, that one factor holds.
    let rowsPerFactor = 1

    /// Rows as a product over rows needs them: as they are.
    @inline(always)
    func factors(
        of rows: UnsafePointer<Vector>, count: Int, in memory: UnsafeMutablePointer<Factor>
    ) -> UnsafePointer<Factor> { rows }
#endif

/// Factors that hold so many rows.
@inline(always)
func factorCount(_ rows: Int) -> Int { (rows + rowsPerFactor - 1) / rowsPerFactor }

/// The factors of a product over steps: row `r` at step factor `t` is `base[r * rowStride + t * stepStride]`, in parts
/// of `PartialFactor`.
struct StepFactors {
    let base: UnsafePointer<PartialFactor>
    let rowStride: Int
    let stepStride: Int
    /// How many there are of a row.
    let count: Int

    #if BFLOAT16_FACTORS
        /// Two steps in a factor. The sum runs over lanes too, so it does not matter which of them share one.
        @inline(always)
        init(
            rows: UnsafePointer<Vector>, count rowCount: Int, steps: Int, stepRows: Int,
            in memory: UnsafeMutablePointer<Factor>
        ) {
            count = factorCount(steps)
            for row in 0..<rowCount {
                let target = memory + row * count
                for pair in 0..<steps / 2 {
                    let first = rows + (2 * pair * stepRows + row)
                    target[pair] = bfloat16_round(first[0], first[stepRows])
                }
                if steps % 2 == 1 {
                    target[steps / 2] = bfloat16_round(rows[(steps - 1) * stepRows + row], Vector(repeating: 0))
                }
            }
            base = UnsafePointer(memory)
            rowStride = count
            stepStride = 1
        }
    #else
        @inline(always)
        init(
            rows: UnsafePointer<Vector>, count rowCount: Int, steps: Int, stepRows: Int,
            in memory: UnsafeMutablePointer<Factor>
        ) {
            base = UnsafeRawPointer(rows).assumingMemoryBound(to: PartialFactor.self)
            rowStride = Vector.scalarCount / PartialFactor.scalarCount
            stepStride = stepRows * rowStride
            count = steps
        }
    #endif
}
