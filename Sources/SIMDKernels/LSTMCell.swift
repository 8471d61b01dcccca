// The activations of a layer run in three passes over its units. Each pass is a short chain of dependent operations,
// so that the processor overlaps many units; as one pass they took twice the time (Documentation/Performance.md).

/// First pass: 2ˢ of every gate's sum, in place.
///
/// The sums are exponents: −z/ln 2 for i, f, o and −2z/ln 2 for j (`NetworkLayout`); σ(z) = 1 / (1 + 2ˢ).
@inline(always)
func exponentials(_ gates: UnsafeMutablePointer<Vector>, count: Int) {
    for gate in 0..<count { gates[gate] = exp2(gates[gate]) }
}

/// Second pass: c ← σ(f) c + σ(i) tanh(j), one division for three gates.
struct LSTMMemory {
    let i, j, f, c: Vector

    @inline(always)
    init(gates: UnsafePointer<Vector>, previousC: Vector) {
        let ej = gates[1]
        let (i1, j1, f1) = (1 + gates[0], 1 + ej, 1 + gates[2])
        let ij1 = i1 * j1
        let inverse = 1 / (ij1 * f1)
        let shared = f1 * inverse
        f = ij1 * inverse
        i = j1 * shared
        j = (1 - ej) * (i1 * shared)
        c = multiplyAdd(f, previousC, i * j)
    }
}

/// Third pass: h ← σ(o) tanh(c), one division for both.
struct LSTMOutput {
    let o, tanhC, h: Vector

    @inline(always)
    init(eo: Vector, c: Vector) {
        let o1 = 1 + eo
        let ec = exp2(c * (-2 * log2E))
        let c1 = 1 + ec
        let inverse = 1 / (o1 * c1)
        o = c1 * inverse
        tanhC = (1 - ec) * (o1 * inverse)
        h = o * tanhC
    }
}

/// Gradients at one unit's gates, and at its previous c.
struct LSTMUnitGradient {
    var i, j, f, o, previousC: Vector

    /// The derivative of `LSTMMemory` and `LSTMOutput` from ∂h and the ∂c that later steps left.
    @inline(always)
    init(i: Vector, j: Vector, f: Vector, o: Vector, tanhC: Vector, previousC c: Vector, dh: Vector, dc: Vector) {
        let dho = dh * o
        let total = multiplyAdd(dho, 1 - tanhC * tanhC, dc)
        let di = total * i
        self.i = di * j * (1 - i)
        self.j = di * (1 - j * j)
        let df = total * f
        self.f = df * c * (1 - f)
        self.o = dho * tanhC * (1 - o)
        previousC = df
    }
}
