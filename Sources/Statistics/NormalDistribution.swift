import Platform

/// The standard normal distribution.
enum NormalDistribution {
    /// Φ(x).
    static func cumulative(_ x: Double) -> Double { 0.5 * erfc(-x * 0.5.squareRoot()) }

    /// Φ⁻¹(p) by bisection, to the last digits of a `Double`; ∓∞ for 0 and 1.
    static func quantile(_ p: Double) -> Double {
        guard p > 0 else { return -.infinity }
        guard p < 1 else { return .infinity }
        // The upper half by symmetry: there Φ has no digits to spare.
        guard p <= 0.5 else { return -quantile(1 - p) }
        var (low, high) = (-40.0, 0.0)
        while true {
            let middle = 0.5 * (low + high)
            guard low < middle && middle < high else { return middle }
            if cumulative(middle) < p { low = middle } else { high = middle }
        }
    }

    /// The probability of a value at least as far from 0 as `z`.
    static func twoSided(_ z: Double) -> Double { min(1, erfc(abs(z) * 0.5.squareRoot())) }
}
