import Platform

/// What several runs came to. Diverged runs take part as +∞, so that quantiles still say something.
public struct Statistics: Sendable, Equatable {
    /// How many values there are.
    public let count: Int
    /// The arithmetic mean; +∞ where one value is.
    public let mean: Double
    /// The corrected sample standard deviation; zero for a single value, NaN where one is infinite.
    public let standardDeviation: Double
    private let sorted: [Double]

    /// - Parameter values: in any order; NaN counts as +∞.
    /// - Precondition: there is at least one value.
    public init(_ values: some Sequence<Double>) {
        sorted = values.map { $0.isNaN ? .infinity : $0 }.sorted()
        precondition(!sorted.isEmpty, "statistics need a value")
        count = sorted.count
        let mean = sorted.reduce(0, +) / Double(sorted.count)
        self.mean = mean
        let squares = sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        standardDeviation = sorted.count > 1 ? (squares / Double(sorted.count - 1)).squareRoot() : 0
    }

    /// The standard deviation of the mean: `standardDeviation / √count`.
    public var standardError: Double { standardDeviation / Double(count).squareRoot() }
    /// The smallest value.
    public var minimum: Double { sorted[0] }
    /// The largest value.
    public var maximum: Double { sorted[count - 1] }
    /// The middle value, or the mean of the two middle ones.
    public var median: Double { quantile(0.5) }

    /// The value below which a fraction of the values lie, interpolated linearly between neighbours.
    ///
    /// This is type 7 of Hyndman and Fan 1996, *Sample quantiles in statistical packages*: NumPy's and R's default.
    /// - Precondition: `0 ≤ fraction ≤ 1`.
    public func quantile(_ fraction: Double) -> Double {
        Self.quantile(fraction, ofSorted: sorted.span)
    }

    /// The median alone, of at least one value, none of them NaN: for whoever needs thousands of them.
    static func median(of values: [Double]) -> Double {
        unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: values.count) { memory in
            var sorted = unsafe memory
            _ = unsafe sorted.initialize(fromContentsOf: values)
            unsafe sorted.sort()
            return unsafe quantile(0.5, ofSorted: UnsafeBufferPointer(sorted).span)
        }
    }

    private static func quantile(_ fraction: Double, ofSorted sorted: Span<Double>) -> Double {
        precondition(0 <= fraction && fraction <= 1, "a quantile is between 0 and 1")
        let position = fraction * Double(sorted.count - 1)
        let below = Int(position)
        let weight = position - Double(below)
        guard weight > 0 && sorted[below].isFinite else { return sorted[below] }
        return sorted[below] + weight * (sorted[below + 1] - sorted[below])
    }
}

/// The exponential of the mean logarithm, for ratios; 0 where one value is, NaN where one is negative or none is given.
public func geometricMean(_ values: some Sequence<Double>) -> Double {
    var sum = 0.0
    var count = 0
    for value in values {
        sum += log(value)
        count += 1
    }
    return exp(sum / Double(count))
}

/// The median of several curves at each step, and two quantiles that enclose it.
public struct CurveBand: Sendable, Equatable {
    /// The median at each step.
    public let median: [Double]
    /// The lower quantile at each step.
    public let low: [Double]
    /// The upper quantile at each step.
    public let high: [Double]

    /// - Parameters:
    ///   - curves: a curve for each run; one that ends early, because it diverged, counts as +∞ from there on.
    ///   - steps: how many steps the band has.
    ///   - quantiles: the band's edges.
    public init(_ curves: [[Float]], steps: Int, quantiles: ClosedRange<Double> = 0.25...0.75) {
        let bands =
            curves.isEmpty
            ? []
            : (0..<steps).map { step in
                Statistics(curves.map { step < $0.count ? Double($0[step]) : .infinity })
            }
        median = bands.map(\.median)
        low = bands.map { $0.quantile(quantiles.lowerBound) }
        high = bands.map { $0.quantile(quantiles.upperBound) }
    }
}
