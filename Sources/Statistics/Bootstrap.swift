import Platform
public import RandomNumbers

/// A number from a sample, and the interval in which it may as well have been.
public struct Estimate: Sendable, Equatable {
    /// The statistic of the sample itself; NaN of an empty one.
    public let value: Double
    /// The interval's lower end; NaN where fewer than two values leave it open.
    public let low: Double
    /// The interval's upper end; NaN where fewer than two values leave it open.
    public let high: Double

    /// A number and its interval.
    public init(value: Double, low: Double, high: Double) {
        self.value = value
        self.low = low
        self.high = high
    }

    /// Whether there is an interval: one value alone has none.
    public var hasInterval: Bool { !low.isNaN && !high.isNaN }

    /// The same of exp(x), for estimates of logarithms.
    public var exponential: Estimate { Estimate(value: exp(value), low: exp(low), high: exp(high)) }
}

/// Confidence intervals from resamples of the data (Efron and Tibshirani 1993, *An introduction to the bootstrap*).
///
///     let bootstrap = Bootstrap(key: RandomKey(seed: 0))
///     let estimate = bootstrap.mean(finalLosses)      // value, low, high
///
/// The same key gives the same bits. A value that is NaN counts as +∞: diverged runs take part, and where enough of
/// them do, an interval reaches to +∞.
public struct Bootstrap: Sendable {
    /// How an interval is read off the resamples.
    public enum Method: Sendable {
        /// Between quantiles of the resamples' statistic.
        case percentile
        /// Between quantiles corrected for bias and skewness (Efron 1987, *Better bootstrap confidence intervals*).
        /// Where the correction is undefined, as with infinite or equal values, the same as `percentile`.
        case biasCorrected
    }

    /// Where the resamples come from.
    public var key: RandomKey
    /// How many resamples are drawn.
    public var resamples: Int
    /// The share of intervals that shall contain the true value.
    public var confidence: Double
    /// How intervals are read off the resamples.
    public var method: Method

    /// - Precondition: `resamples` is positive, `confidence` lies between 0 and 1.
    public init(key: RandomKey, resamples: Int = 10_000, confidence: Double = 0.95, method: Method = .biasCorrected) {
        precondition(resamples > 0 && 0 < confidence && confidence < 1, "resamples and a confidence below 1")
        self.key = key
        self.resamples = resamples
        self.confidence = confidence
        self.method = method
    }

    /// The mean and its interval.
    public func mean(_ values: [Double]) -> Estimate {
        estimate(values) { $0.reduce(0, +) / Double($0.count) }
    }

    /// The median and its interval.
    public func median(_ values: [Double]) -> Estimate { estimate(values, Statistics.median) }

    /// Any statistic of the values, and its interval.
    ///
    /// - Parameters:
    ///   - values: one for each run.
    ///   - statistic: of a sample of as many values, in any order; never called with none.
    public func estimate(_ values: [Double], _ statistic: ([Double]) -> Double) -> Estimate {
        let values = values.map { $0.isNaN ? .infinity : $0 }
        guard values.count > 1 else { return Self.withoutInterval(values, statistic) }
        var stream = RandomStream(key)
        var sample = values
        let distribution = (0..<resamples).map { _ in
            for index in sample.indices { sample[index] = values[stream.index(below: values.count)] }
            return statistic(sample)
        }
        return interval(of: values, distribution: distribution, statistic)
    }

    /// A statistic of all values of several strata, each resampled within itself; always a percentile interval, as
    /// Agarwal et al. 2021 (*Deep reinforcement learning at the edge of the statistical precipice*) have it.
    ///
    /// - Parameters:
    ///   - strata: the values of each problem, one a run. Empty strata take no part.
    ///   - statistic: of all strata's values, one after the other; never called with none.
    public func estimate(strata: [[Double]], _ statistic: ([Double]) -> Double) -> Estimate {
        let strata = strata.map { $0.map { $0.isNaN ? .infinity : $0 } }
        let values = strata.flatMap(\.self)
        guard strata.contains(where: { $0.count > 1 }) else { return Self.withoutInterval(values, statistic) }
        var stream = RandomStream(key)
        var sample = values
        let distribution = (0..<resamples).map { _ in
            var next = 0
            for stratum in strata {
                for _ in stratum {
                    sample[next] = stratum[stream.index(below: stratum.count)]
                    next += 1
                }
            }
            return statistic(sample)
        }
        return percentileInterval(statistic(values), distribution, at: tails)
    }

    private static func withoutInterval(_ values: [Double], _ statistic: ([Double]) -> Double) -> Estimate {
        Estimate(value: values.isEmpty ? .nan : statistic(values), low: .nan, high: .nan)
    }

    // MARK: Intervals

    /// The shares of resamples below the interval's two ends.
    private var tails: (Double, Double) { ((1 - confidence) / 2, (1 + confidence) / 2) }

    /// The interval, given the statistic of every resample.
    package func interval(
        of values: [Double], distribution: [Double], _ statistic: ([Double]) -> Double
    ) -> Estimate {
        let value = statistic(values)
        let corrected = method == .percentile ? nil : correctedTails(values, value, distribution, statistic)
        return percentileInterval(value, distribution, at: corrected ?? tails)
    }

    private func percentileInterval(
        _ value: Double, _ distribution: [Double], at tails: (Double, Double)
    ) -> Estimate {
        let statistics = Statistics(distribution)
        return Estimate(
            value: value, low: statistics.quantile(tails.0), high: statistics.quantile(tails.1))
    }

    /// Efron 1987: Φ(z₀ + (z₀ + z) / (1 − a (z₀ + z))), with the bias z₀ from the share of resamples below the
    /// estimate and the acceleration a from the jackknife. Nil where that is not defined.
    private func correctedTails(
        _ values: [Double], _ value: Double, _ distribution: [Double], _ statistic: ([Double]) -> Double
    ) -> (Double, Double)? {
        let count = Double(values.count)
        let jackknife = values.indices.map { left in
            statistic(values.indices.filter { $0 != left }.map { values[$0] })
        }
        let center = jackknife.reduce(0, +) / count
        let influences = jackknife.map { (count - 1) * (center - $0) }
        let cubes = influences.reduce(0) { $0 + $1 * $1 * $1 } / (count * count * count)
        let squares = influences.reduce(0) { $0 + $1 * $1 } / (count * count)
        let acceleration = cubes / (6 * squares * squares.squareRoot())
        let below = distribution.reduce(0.0) { $0 + ($1 < value ? 1 : $1 == value ? 0.5 : 0) }
        let bias = NormalDistribution.quantile(below / Double(distribution.count))
        guard acceleration.isFinite && bias.isFinite else { return nil }
        func corrected(_ tail: Double) -> Double {
            let shifted = bias + NormalDistribution.quantile(tail)
            return NormalDistribution.cumulative(bias + shifted / (1 - acceleration * shifted))
        }
        return (corrected(tails.0), corrected(tails.1))
    }
}
