import Platform

/// The mean of the middle half: the lowest and the highest quarter of the values, rounded down, are left out.
///
/// Agrees with `scipy.stats.trim_mean(values, 0.25)`. More robust than the mean, more efficient than the median (Agarwal et al.
/// 2021). NaN counts as +∞; NaN of no values.
public func interquartileMean(_ values: [Double]) -> Double { middleMean(values) }

/// The same by a name that the method below does not hide.
private func middleMean(_ values: [Double]) -> Double {
    let sorted = values.map { $0.isNaN ? .infinity : $0 }.sorted()
    let cut = sorted.count / 4
    let middle = sorted[cut..<sorted.count - cut]
    return middle.reduce(0, +) / Double(middle.count)
}

extension Bootstrap {
    /// The interquartile mean over all runs of all problems, with the runs of each problem resampled among themselves.
    ///
    /// - Parameter scores: the scores of each problem, one a run, on a scale that problems share, as `logRatio`'s.
    public func interquartileMean(_ scores: [[Double]]) -> Estimate {
        estimate(strata: scores, middleMean)
    }
}

/// log(loss / reference): a loss as a score on a scale that all problems share; 0 is the reference, lower is better.
///
/// The exponential of such scores' mean is a ratio again: 0.9 for losses a tenth below the reference's. A run that
/// diverged scores +∞, two that did are equal.
/// - Precondition: losses are not negative.
public func logRatio(_ loss: Double, to reference: Double) -> Double {
    let (isLost, isReferenceLost) = (!loss.isFinite, !reference.isFinite)
    guard !isLost && !isReferenceLost else { return isLost ? (isReferenceLost ? 0 : .infinity) : -.infinity }
    precondition(loss >= 0 && reference >= 0, "a ratio needs losses that are not negative")
    return loss == reference ? 0 : log(loss / reference)
}
