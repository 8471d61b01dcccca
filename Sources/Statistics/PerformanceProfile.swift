/// On what share of problems each optimizer comes within a factor τ of the best (Dolan and Moré 2002, *Benchmarking
/// optimization software with performance profiles*; Dahl et al. 2023, *Benchmarking neural network training
/// algorithms*).
///
///     let profile = PerformanceProfile(costs: [[40, 80], [50, 30]])    // of two optimizers, on two problems
///     profile.share(of: 0, within: 1.5)                               // 0.5
///
/// A cost is what is to be small: steps to a target, seconds, a final loss. A problem on which an optimizer failed costs
/// it +∞, and no factor is large enough.
public struct PerformanceProfile: Sendable, Equatable {
    /// The cost of each optimizer on each problem relative to the best one's; +∞ where it failed.
    public let ratios: [[Double]]

    /// - Parameter costs: of each optimizer on each problem; NaN counts as +∞.
    /// - Precondition: all optimizers have as many costs, and none is negative.
    public init(costs: [[Double]]) {
        let problems = costs.first?.count ?? 0
        precondition(costs.allSatisfy { $0.count == problems }, "every optimizer has a cost on every problem")
        precondition(!costs.joined().contains { $0 < 0 }, "costs are not negative")
        let best = (0..<problems).map { problem in
            costs.reduce(Double.infinity) { $1[problem].isNaN ? $0 : min($0, $1[problem]) }
        }
        ratios = costs.map { zip($0, best).map { cost, best in Self.ratio(cost, best) } }
    }

    /// - Returns: 1 for the best even where it is 0, and +∞ for all where nobody succeeded.
    private static func ratio(_ cost: Double, _ best: Double) -> Double {
        guard cost.isFinite else { return .infinity }
        return cost == best ? 1 : cost / best
    }

    /// The share of problems on which an optimizer's cost is at most `factor` times the best; NaN of no problems.
    public func share(of optimizer: Int, within factor: Double) -> Double {
        let ratios = ratios[optimizer]
        return Double(ratios.count { $0.isFinite && $0 <= factor }) / Double(ratios.count)
    }

    /// The area below the profile from 1 to `limit`, as a share of what the best possible one has: 1 for an optimizer
    /// that is the best everywhere. AlgoPerf's score, with its limit of 4.
    ///
    /// - Precondition: `limit` is above 1.
    public func area(of optimizer: Int, upTo limit: Double = 4) -> Double {
        precondition(limit > 1, "a profile begins at 1")
        let ratios = ratios[optimizer]
        return ratios.reduce(0) { $0 + max(0, limit - $1) / (limit - 1) } / Double(ratios.count)
    }

    /// The profile's corners: the factors at which it rises, from 1 to `limit`, with its value from there on.
    public func corners(of optimizer: Int, upTo limit: Double = 4) -> [(factor: Double, share: Double)] {
        let factors = Set(ratios[optimizer].filter { $0 > 1 && $0 < limit }).sorted()
        return ([1] + factors + [limit]).map { ($0, share(of: optimizer, within: $0)) }
    }
}
