/// How many steps an optimizer takes to where a baseline ends, and how long that is.
///
/// Minibatch losses are noisy, so curves are smoothed: at each step the mean of the last `window` losses, from the first
/// full window on. The target of each seed is where the baseline's smoothed curve ends on the same problem, so that the
/// baseline itself gets there in every run that does not diverge. What counts is the first time: a run that diverges
/// later has been there. Where the baseline diverged, every finite smoothed loss is at the target.
public struct TimeToTarget: Sendable, Equatable {
    /// Each seed's number of updates before the smoothed loss was at or below the target; +∞ where it never was.
    public let steps: [Double]
    /// Milliseconds of one step, as the race measured them; nil where it did not.
    public let millisecondsPerStep: Double?

    /// - Parameters:
    ///   - curves: the losses of each seed's run.
    ///   - baseline: those of the optimizer that sets the target, on the same problems.
    ///   - window: how many losses are averaged.
    ///   - millisecondsPerStep: how long a step takes; nil where it was not measured.
    /// - Precondition: both have as many problems; `window` is positive.
    public init(_ curves: [[Float]], baseline: [[Float]], window: Int, millisecondsPerStep: Double? = nil) {
        precondition(curves.count == baseline.count, "a race has as many problems for each optimizer")
        steps = zip(curves, baseline).map { curve, other in
            let end = smoothed(other, window: window).last ?? .infinity
            let target = end.isFinite ? end : .greatestFiniteMagnitude
            return stepsToTarget(curve, target: target, window: window).map(Double.init) ?? .infinity
        }
        self.millisecondsPerStep = millisecondsPerStep
    }

    /// How many runs got there.
    public var reached: Int { steps.count(where: \.isFinite) }
    /// The median over the problems; +∞ where half of them never got there, NaN where there are none.
    public var medianSteps: Double { steps.isEmpty ? .nan : Statistics(steps).median }
    /// The wall-clock time of so many steps; nil where a step was not timed.
    public var medianSeconds: Double? { millisecondsPerStep.map { medianSteps * $0 / 1000 } }
}

/// At each step the mean of the last `window` losses; +∞ before there are so many, and where one is not finite.
///
/// - Precondition: `window` is positive.
public func smoothed(_ curve: [Float], window: Int) -> [Double] {
    precondition(window > 0, "a window holds a loss")
    return curve.indices.map { step in
        guard step + 1 >= window else { return .infinity }
        let sum = curve[(step + 1 - window)...step].reduce(0) { $0 + Double($1) }
        return sum.isFinite ? sum / Double(window) : .infinity
    }
}

/// How many updates a run took before its smoothed loss was first at or below the target; nil where it never was.
///
/// - Precondition: `window` is positive.
public func stepsToTarget(_ curve: [Float], target: Double, window: Int) -> Int? {
    smoothed(curve, window: window).firstIndex { $0 <= target }
}
