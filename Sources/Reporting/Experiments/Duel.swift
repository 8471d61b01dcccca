public import Evaluation
public import Statistics

/// One optimizer against another on the same problems, pair by pair.
public struct Duel: Sendable {
    /// What can be said of the first.
    public enum Verdict: String, Sendable, CaseIterable {
        /// Its losses are lower, beyond what chance explains.
        case win
        /// Chance explains the difference.
        case tie
        /// Its losses are higher, beyond what chance explains.
        case loss
        /// There are too few pairs for any difference to count.
        case open
    }

    /// The pairs and their test.
    public let comparison: PairedComparison
    /// The median over the pairs of the first's loss divided by the second's, with its interval.
    public let ratio: Estimate
    /// What can be said of the first.
    public let verdict: Verdict

    /// - Precondition: both have as many losses, none of them negative.
    public init(_ first: OptimizerResult, against second: OptimizerResult, _ bootstrap: Bootstrap) {
        comparison = PairedComparison(first.finalLoss, against: second.finalLoss)
        ratio = bootstrap.median(zip(first.finalLoss, second.finalLoss).map { logRatio($0, to: $1) }).exponential
        guard let significance = Self.significance(pairs: comparison.differences.count) else {
            verdict = .open
            return
        }
        verdict =
            switch comparison.outcome(significance: significance) {
            case .win: .win
            case .tie: .tie
            case .loss: .loss
            }
    }

    /// At which p-value so many pairs are called: 0.05; 0.1 for five, of which no outcome is rarer than 0.0625; nil for
    /// fewer, of which no outcome is rare.
    public static func significance(pairs: Int) -> Double? { pairs >= 6 ? 0.05 : pairs == 5 ? 0.1 : nil }

    /// What the bootstrap's interval of a median is: of fewer than five runs, only their range.
    public static func spreadName(pairs: Int) -> String { pairs >= 5 ? "95 % interval" : "range" }

    /// For example `8.1 % lower (95 % interval: 5.0 % to 11 % lower), lower in 9 of 10 runs (p = 0.004)`.
    public var text: String {
        let pairs = comparison.differences.count
        let runs = pairs == 1 ? "in the one run" : "lower in \(comparison.better) of \(pairs) runs"
        let probability = verdict == .open ? "" : " (p = \(numberText(comparison.test.pValue, digits: 2)))"
        return "\(ratioText(ratio, spread: Self.spreadName(pairs: pairs))), \(runs)\(probability)"
    }
}

/// A ratio and its interval, as `8.1 % lower (95 % interval: 5.0 % to 11 % lower)`.
func ratioText(_ ratio: Estimate, spread: String = "95 % interval") -> String {
    let text = differenceText(ratio.value)
    guard ratio.hasInterval, ratio.low < ratio.high else { return text }
    let (low, high) = (differenceText(ratio.low), differenceText(ratio.high))
    let interval: String
    if low == high {
        interval = low
    } else if ratio.low > 0 && ratio.high < 0.9995 {
        // The nearer end first, the word only once.
        interval = "\(percentText(ratio.high)) to \(low)"
    } else if ratio.low > 1.0005 && ratio.high <= 2 {
        interval = "\(percentText(ratio.low)) to \(high)"
    } else {
        interval = "\(low) to \(high)"
    }
    return "\(text) (\(spread): \(interval))"
}

/// A ratio as a difference, as `8.1 % lower`, `equal` or `3.2 times as high`.
private func differenceText(_ ratio: Double) -> String {
    switch ratio {
    case 0: "infinitely lower"
    case _ where abs(ratio - 1) < 0.0005: "equal"
    case ..<1: "\(percentText(ratio)) lower"
    case ...2: "\(percentText(ratio)) higher"
    case .infinity: "infinitely higher"
    default: "\(numberText(ratio, digits: 2)) times as high"
    }
}

private func percentText(_ ratio: Double) -> String { "\(numberText(100 * abs(ratio - 1), digits: 2)) %" }
