public import Optimizers

/// A learning rate's schedule over a whole run, however long that is.
public enum ScheduleShape: String, Sendable, Codable, CaseIterable {
    /// A cosine down to zero.
    case cosine
    /// A linear warm-up for a tenth of the steps, then the cosine.
    case warmUpCosine = "warmup_cosine"

    /// A description in words.
    public var text: String {
        switch self {
        case .cosine: "cosine"
        case .warmUpCosine: "warm-up, cosine"
        }
    }

    /// The schedule of a run.
    ///
    /// - Precondition: there are two steps; one has no room for a schedule.
    public func schedule(steps: Int) -> Schedule {
        precondition(steps > 1, "a schedule has steps")
        switch self {
        case .cosine: return .cosine(steps: steps)
        case .warmUpCosine: return .warmUpCosine(warmUpSteps: max(1, steps / 10), steps: steps)
        }
    }
}
