import Platform

/// Wilcoxon's test of whether paired differences lie around 0 (Wilcoxon 1945, *Individual comparisons by ranking
/// methods*).
///
/// Differences of 0 are left out, equal sizes share the mean of their ranks. The p-value is exact up to `exactLimit`
/// pairs, ties included; beyond, it is that of the normal distribution with the variance corrected for ties.
public struct SignedRankTest: Sendable, Equatable {
    /// How many differences are not 0.
    public let count: Int
    /// The sum of the ranks of positive differences.
    public let positiveRanks: Double
    /// The sum of the ranks of negative differences.
    public let negativeRanks: Double
    /// The two-sided p-value; 1 where every difference is 0 or there is none.
    public let pValue: Double

    /// The largest number of pairs whose p-value is exact.
    public static let exactLimit = 100

    /// - Parameter differences: one for each pair; infinite ones have the largest ranks.
    /// - Precondition: none is NaN.
    public init(_ differences: [Double]) {
        precondition(!differences.contains(where: \.isNaN), "a difference is a number")
        let nonzero = differences.filter { $0 != 0 }.sorted { abs($0) < abs($1) }
        count = nonzero.count
        // Twice the ranks, which are whole numbers.
        var ranks: [Int] = []
        var tieCorrection = 0.0
        while ranks.count < nonzero.count {
            let size = abs(nonzero[ranks.count])
            let ties = nonzero[ranks.count...].prefix { abs($0) == size }.count
            ranks += [Int](repeating: 2 * ranks.count + ties + 1, count: ties)
            tieCorrection += Double(ties * ties * ties - ties)
        }
        let positive = zip(ranks, nonzero).reduce(0) { $1.1 > 0 ? $0 + $1.0 : $0 }
        let negative = ranks.reduce(0, +) - positive
        positiveRanks = Double(positive) / 2
        negativeRanks = Double(negative) / 2
        if count == 0 {
            pValue = 1
        } else if count <= Self.exactLimit {
            pValue = min(1, 2 * Self.probability(upTo: min(positive, negative), ranks: ranks))
        } else {
            let n = Double(count)
            let variance = n * (n + 1) * (2 * n + 1) / 24 - tieCorrection / 48
            pValue = NormalDistribution.twoSided((positiveRanks - n * (n + 1) / 4) / variance.squareRoot())
        }
    }

    /// The probability that ranks with signs thrown like coins sum up to at most `limit`.
    private static func probability(upTo limit: Int, ranks: [Int]) -> Double {
        var probabilities = [Double](repeating: 0, count: limit + 1)
        probabilities[0] = 1
        for rank in ranks {
            for sum in stride(from: limit, through: 0, by: -1) {
                let with = sum >= rank ? probabilities[sum - rank] : 0
                probabilities[sum] = 0.5 * (probabilities[sum] + with)
            }
        }
        return probabilities.reduce(0, +)
    }
}
