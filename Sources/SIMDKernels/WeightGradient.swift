/// Adds Σ over steps and lanes of rows ⊗ gate gradients of one layer to its weight gradient, but for the biases.
///
/// Each pair of rows and each unit's four gates keep their sums in registers over the whole period.
///
/// - Parameter factors: the layer's rows, then the four gates of each unit.
@inline(always)
func addOuterProducts(
    _ factors: StepFactors, rowCount: Int, units: Int, into target: UnsafeMutablePointer<Float>
) {
    let parts = MemoryLayout<Factor>.size / MemoryLayout<PartialFactor>.size
    let stride = factors.rowStride
    for unit in 0..<units {
        let gates = factors.base + (rowCount + 4 * unit) * stride
        let unitTarget = target + unit * 4 * (1 + rowCount)
        var row = 0
        while row + 1 < rowCount {
            let x = factors.base + row * stride
            var sums = PairOfFour()
            for part in 0..<parts {
                for step in 0..<factors.count {
                    let at = step * factors.stepStride + part
                    sums.add(gates + at, x + at, stride)
                }
            }
            add(sums.first, to: unitTarget + 4 * (1 + row))
            add(sums.second, to: unitTarget + 4 * (2 + row))
            row += 2
        }
        if row < rowCount {
            let x = factors.base + row * stride
            var sums = PairOfFour()
            for part in 0..<parts {
                for step in 0..<factors.count {
                    let at = step * factors.stepStride + part
                    sums.addFirst(gates + at, x[at], stride)
                }
            }
            add(sums.first, to: unitTarget + 4 * (1 + row))
        }
    }
}

@inline(always)
private func add(_ sums: SIMD4<Float>, to target: UnsafeMutablePointer<Float>) {
    let raw = UnsafeMutableRawPointer(target)
    raw.storeBytes(of: raw.loadUnaligned(as: SIMD4<Float>.self) + sums, as: SIMD4<Float>.self)
}

/// The sums of two rows against four gates.
struct PairOfFour {
    var a0 = PartialSum(repeating: 0), a1 = PartialSum(repeating: 0)
    var a2 = PartialSum(repeating: 0), a3 = PartialSum(repeating: 0)
    var b0 = PartialSum(repeating: 0), b1 = PartialSum(repeating: 0)
    var b2 = PartialSum(repeating: 0), b3 = PartialSum(repeating: 0)

    @inline(always)
    init() {}

    @inline(always)
    mutating func add(_ gates: UnsafePointer<PartialFactor>, _ x: UnsafePointer<PartialFactor>, _ stride: Int) {
        let xa = x[0]
        let xb = x[stride]
        let g0 = gates[0]
        let g1 = gates[stride]
        let g2 = gates[2 * stride]
        let g3 = gates[3 * stride]
        a0 = multiplyAdd(xa, g0, a0)
        a1 = multiplyAdd(xa, g1, a1)
        a2 = multiplyAdd(xa, g2, a2)
        a3 = multiplyAdd(xa, g3, a3)
        b0 = multiplyAdd(xb, g0, b0)
        b1 = multiplyAdd(xb, g1, b1)
        b2 = multiplyAdd(xb, g2, b2)
        b3 = multiplyAdd(xb, g3, b3)
    }

    @inline(always)
    mutating func addFirst(_ gates: UnsafePointer<PartialFactor>, _ xa: PartialFactor, _ stride: Int) {
        a0 = multiplyAdd(xa, gates[0], a0)
        a1 = multiplyAdd(xa, gates[stride], a1)
        a2 = multiplyAdd(xa, gates[2 * stride], a2)
        a3 = multiplyAdd(xa, gates[3 * stride], a3)
    }

    var first: SIMD4<Float> {
        @inline(always) get { sumsOfLanes(a0, a1, a2, a3) }
    }

    var second: SIMD4<Float> {
        @inline(always) get { sumsOfLanes(b0, b1, b2, b3) }
    }
}

/// The four sums over lanes.
@inline(always)
func sumsOfLanes(_ a: PartialSum, _ b: PartialSum, _ c: PartialSum, _ d: PartialSum) -> SIMD4<Float> {
    let (a, b, c, d) = (quarter(a), quarter(b), quarter(c), quarter(d))
    // Two rounds of pairwise sums transpose as they add.
    let ab = SIMD8(lowHalf: a, highHalf: b)
    let cd = SIMD8(lowHalf: c, highHalf: d)
    let pairs = SIMD8(lowHalf: ab.evenHalf + ab.oddHalf, highHalf: cd.evenHalf + cd.oddHalf)
    return pairs.evenHalf + pairs.oddHalf
}

#if WIDE_REGISTERS
    @inline(always)
    private func quarter(_ x: SIMD16<Float>) -> SIMD4<Float> { quarter(x.lowHalf + x.highHalf) }
#endif

@inline(always)
private func quarter(_ x: SIMD8<Float>) -> SIMD4<Float> { x.lowHalf + x.highHalf }

@inline(always)
func sumOfLanes(_ x: SIMD16<Float>) -> Float {
    let quarter = quarter(x.lowHalf + x.highHalf)
    let pair = quarter.lowHalf + quarter.highHalf
    return pair[0] + pair[1]
}
