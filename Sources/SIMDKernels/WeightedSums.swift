/// The matrix product of a layer: `groups` times four weighted sums of rows, written one after another.
///
/// - Parameters:
///   - rows: `count` factors.
///   - weights: for each group, first its four biases if `hasBias`, then for each factor its four weights.
@inline(always)
func weightedSums(
    rows: UnsafePointer<Factor>, count: Int, weights: UnsafePointer<Float>, hasBias: Bool, groups: Int,
    into target: UnsafeMutablePointer<Vector>
) {
    let bias = hasBias ? 4 : 0
    let groupSize = bias + 4 * count
    var group = 0
    #if WIDE_REGISTERS
        // Two ports with four cycles of latency each are busy with eight chains of multiply-adds, not with four. Sixteen
        // registers do not hold them.
        while group + 1 < groups {
            let start = weights + group * groupSize
            var first = FourSums(start, hasBias: hasBias)
            var second = FourSums(start + groupSize, hasBias: hasBias)
            var weight = start + bias
            for k in 0..<count {
                let row = rows[k]
                first.add(row, weight)
                second.add(row, weight + groupSize)
                weight += 4
            }
            first.store(to: target + 4 * group)
            second.store(to: target + 4 * group + 4)
            group += 2
        }
    #endif
    while group < groups {
        let start = weights + group * groupSize
        var sums = FourSums(start, hasBias: hasBias)
        var weight = start + bias
        for k in 0..<count {
            sums.add(rows[k], weight)
            weight += 4
        }
        sums.store(to: target + 4 * group)
        group += 1
    }
}

/// Four weighted sums that share each load of a row.
private struct FourSums {
    var a, b, c, d: Vector

    /// The biases, or zeros.
    @inline(always)
    init(_ biases: UnsafePointer<Float>, hasBias: Bool) {
        a = Vector(repeating: hasBias ? biases[0] : 0)
        b = Vector(repeating: hasBias ? biases[1] : 0)
        c = Vector(repeating: hasBias ? biases[2] : 0)
        d = Vector(repeating: hasBias ? biases[3] : 0)
    }

    @inline(always)
    mutating func add(_ row: Factor, _ weights: UnsafePointer<Float>) {
        a = multiplyAdd(row, weights[0], a)
        b = multiplyAdd(row, weights[1], b)
        c = multiplyAdd(row, weights[2], c)
        d = multiplyAdd(row, weights[3], d)
    }

    @inline(always)
    func store(to target: UnsafeMutablePointer<Vector>) {
        target[0] = a
        target[1] = b
        target[2] = c
        target[3] = d
    }
}
