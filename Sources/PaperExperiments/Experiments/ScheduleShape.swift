public import Optimizers

/// A learning rate's schedule over a whole run, however long that is.
public enum ScheduleShape: String, Sendable, Codable, CaseIterable {
    /// A cosine down to zero.
    case cosine
    /// A linear warm-up for a tenth of the steps, then the cosine.
    case warmUpCosine = "warmup_cosine"
    /// The inverse square root, with a timescale of a tenth of the steps: from 1 down to 0.30.
    case inverseSquareRoot = "rsqrt"
    /// A linear warm-up for a tenth of the steps, then the inverse square root with that timescale: the usual √(w / t).
    case warmUpInverseSquareRoot = "warmup_rsqrt"
    /// A linear warm-up for a tenth of the steps, then constant.
    case warmUp = "warmup"

    /// With a cosine.
    public static let cosines: [ScheduleShape] = [.cosine, .warmUpCosine]

    /// A description in words.
    public var text: String {
        switch self {
        case .cosine: "cosine"
        case .warmUpCosine: "warm-up, cosine"
        case .inverseSquareRoot: "inverse root"
        case .warmUpInverseSquareRoot: "warm-up, inverse root"
        case .warmUp: "warm-up"
        }
    }

    /// The schedule of a run.
    ///
    /// - Precondition: there are two steps; one has no room for a schedule.
    public func schedule(steps: Int) -> Schedule {
        precondition(steps > 1, "a schedule has steps")
        let tenth = max(1, steps / 10)
        switch self {
        case .cosine: return .cosine(steps: steps)
        case .warmUpCosine: return .warmUpCosine(warmUpSteps: tenth, steps: steps)
        case .inverseSquareRoot: return .inverseSquareRoot(timescale: tenth)
        case .warmUpInverseSquareRoot: return .inverseSquareRoot(timescale: tenth, warmUpSteps: tenth)
        case .warmUp: return .warmUp(steps: tenth)
        }
    }
}
