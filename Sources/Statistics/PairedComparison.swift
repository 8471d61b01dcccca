import Platform

/// Two optimizers' final losses on the same problems, pair by pair: the same initial parameters, the same minibatches.
///
///     let comparison = PairedComparison(learned.finalLoss, against: adam.finalLoss)
///     comparison.outcome()      // .win, .tie or .loss of the first
///
/// Who wins is decided by Wilcoxon's signed-rank test, whose small samples are exact. Fewer than six pairs can never
/// be significant at 0.05 (`canDecide`): they tie, however far apart.
public struct PairedComparison: Sendable, Equatable {
    /// What a comparison says of the first optimizer.
    public enum Outcome: String, Sendable, CaseIterable {
        /// Its losses are lower, beyond what chance explains.
        case win
        /// Chance explains the difference.
        case tie
        /// Its losses are higher, beyond what chance explains.
        case loss
    }

    /// The first's loss minus the second's for each pair: negative where the first is better. A run that diverged is
    /// infinitely worse than one that did not; two that did are equal.
    public let differences: [Double]
    /// Wilcoxon's test of the differences.
    public let test: SignedRankTest

    /// - Precondition: both have as many losses.
    public init(_ losses: [Double], against others: [Double]) {
        precondition(losses.count == others.count, "pairs need as many of both")
        differences = zip(losses, others).map { loss, other in
            switch (loss.isFinite, other.isFinite) {
            case (true, true): loss - other
            case (true, false): -.infinity
            case (false, true): .infinity
            case (false, false): 0
            }
        }
        test = SignedRankTest(differences)
    }

    /// In how many pairs the first is better.
    public var better: Int { differences.count { $0 < 0 } }
    /// In how many pairs the first is worse.
    public var worse: Int { differences.count { $0 > 0 } }

    /// Whether so many pairs could be significant at all: the smallest p-value is 2^(1−n).
    public func canDecide(significance: Double = 0.05) -> Bool {
        !differences.isEmpty && exp2(Double(1 - differences.count)) <= significance
    }

    /// Who wins.
    ///
    /// - Parameter significance: the share of wins and losses that equals would have by chance. With five pairs, 0.1 is
    ///   the least that can decide anything.
    public func outcome(significance: Double = 0.05) -> Outcome {
        guard test.pValue <= significance else { return .tie }
        return test.negativeRanks > test.positiveRanks ? .win : .loss
    }

    /// The median difference and its interval.
    public func medianDifference(_ bootstrap: Bootstrap) -> Estimate { bootstrap.median(differences) }
}

/// Wins, ties and losses of one optimizer over several problems.
public struct Tally: Sendable, Equatable {
    /// How often it won.
    public let wins: Int
    /// How often chance explained the difference.
    public let ties: Int
    /// How often it lost.
    public let losses: Int

    /// Counts outcomes.
    public init(_ outcomes: some Sequence<PairedComparison.Outcome>) {
        let counts = outcomes.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        wins = counts[.win] ?? 0
        ties = counts[.tie] ?? 0
        losses = counts[.loss] ?? 0
    }
}
