import Platform

/// Whether a series rises or falls: Kendall's rank correlation with time and its test (Mann 1945; Kendall 1975), and
/// the median of the slopes between any two points (Theil 1950; Sen 1968).
///
/// Neither minds outliers. Values should be independent of each other: take means of blocks of a noisy curve. Cost
/// grows with the square of the number of values.
public struct Trend: Sendable, Equatable {
    /// Kendall's τ_b between −1, always falling, and 1, always rising; 0 where all values are equal.
    public let correlation: Double
    /// The two-sided p-value of no trend, from the normal distribution; 1 where all values are equal.
    public let pValue: Double
    /// The median slope per step.
    public let slope: Double

    /// - Parameter values: one a step; infinite ones rank highest or lowest.
    /// - Precondition: none is NaN.
    public init(_ values: [Double]) {
        precondition(!values.contains(where: \.isNaN), "a value is a number")
        let count = values.count
        var (score, ties) = (0, 0)
        var slopes: [Double] = []
        for first in values.indices {
            for second in values.indices where second > first {
                let difference = values[first] == values[second] ? 0 : values[second] - values[first]
                score += difference > 0 ? 1 : difference < 0 ? -1 : 0
                ties += difference == 0 ? 1 : 0
                slopes.append(difference / Double(second - first))
            }
        }
        let n = Double(count)
        let groups = Dictionary(grouping: values, by: \.self).values.map { Double($0.count) }
        let tieCorrection = groups.reduce(0) { $0 + $1 * ($1 - 1) * (2 * $1 + 5) }
        let variance = (n * (n - 1) * (2 * n + 5) - tieCorrection) / 18
        guard score != 0, variance > 0 else {
            (correlation, pValue) = (0, 1)
            slope = slopes.isEmpty ? 0 : Statistics(slopes).median
            return
        }
        let pairs = Double(slopes.count)
        correlation = Double(score) / (pairs * (pairs - Double(ties))).squareRoot()
        pValue = NormalDistribution.twoSided(Double(score) / variance.squareRoot())
        slope = Statistics(slopes).median
    }
}
