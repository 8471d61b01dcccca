public import NumericCore

/// When tasks begin and end, and how much of them lies between two updates of φ.
public protocol TruncationSchedule: PlanPart, Equatable {
    /// Steps of a period, after which φ is updated.
    var unroll: Int { get set }
    /// Updates of φ in one meta-iteration. Where there is one, tasks may end at different times, and one that is lost
    /// (its loss is no longer finite) ends early; else a meta-iteration begins and ends all of its tasks.
    var periodsPerIteration: Int { get }
    /// Steps of a task that a checkpoint is judged by.
    var validationHorizon: Int { get }
    /// Whether the number of meta-iterations that are planned decides what is done in one.
    var spansPlan: Bool { get }

    /// How many periods a task has.
    ///
    /// - Parameters:
    ///   - start: where and when it begins.
    ///   - stream: numbers of that task's own.
    func periods(of start: TaskStart, stream: inout RandomStream) -> Int

    /// How many steps a task takes before its first period, with φ as it is and nothing learned from them.
    ///
    /// Drawn after `periods(of:stream:)`, with the same arguments.
    func burnIn(of start: TaskStart, stream: inout RandomStream) -> Int
}

extension TruncationSchedule {
    public func burnIn(of start: TaskStart, stream: inout RandomStream) -> Int { 0 }

    /// Periods of a task that a checkpoint is judged by.
    public var validationPeriods: Int { max(1, validationHorizon / unroll) }
}

/// Where and when a task begins.
public struct TaskStart: Sendable, Equatable {
    /// The meta-iteration, from 0, and how many are planned; nil where nobody said.
    public var iteration: Int
    public var iterations: Int?
    /// The task's place within the meta-batch, and how many it has.
    public var place: Int
    public var places: Int

    public init(iteration: Int, iterations: Int?, place: Int, places: Int) {
        self.iteration = iteration
        self.iterations = iterations
        self.place = place
        self.places = places
    }
}

/// Every task takes the same number of steps, all of them within one meta-iteration: the paper's 5 × 20.
public struct FixedTruncation: TruncationSchedule {
    public static let kind = "fixed"
    public static let summary = "every task has the same horizon, and a meta-iteration is one task"
    public static let fields: [PlanField<Self>] = [
        .integer("horizon", \.horizon, 2...1_000_000, "steps of a task"),
        .integer("unroll", \.unroll, 2...10_000, "steps of a period, over which gradients flow"),
    ]

    /// Steps of a task.
    public var horizon = 100
    public var unroll = 20

    public init() {}

    public init(horizon: Int, unroll: Int) {
        self.horizon = horizon
        self.unroll = unroll
    }

    public var conflict: PlanConflict? {
        horizon % unroll == 0
            ? nil
            : PlanConflict(
                "horizon \(horizon), no multiple of unroll \(unroll)", advice: "give a whole number of periods")
    }

    public var periodsPerIteration: Int { horizon / unroll }
    public var validationHorizon: Int { horizon }
    public var spansPlan: Bool { false }

    public func periods(of start: TaskStart, stream: inout RandomStream) -> Int { horizon / unroll }
}

/// Horizons drawn log-uniformly, up to a bound that grows; a meta-iteration is one period of all tasks under way.
///
/// Each task begins when the one before in its place has ended. The first ones end early, at evenly spread times, so
/// that an update always sees tasks at every stage.
public struct LogUniformTruncation: TruncationSchedule {
    public static let kind = "log-uniform"
    public static let summary = "horizons drawn log-uniformly up to a growing bound; a meta-iteration is one period"
    public static let fields: [PlanField<Self>] = [
        .integer("unroll", \.unroll, 2...10_000, "steps of a period, after which there is an update"),
        .integer("shortest", \.shortest, 2...10_000_000, "the least steps of a task"),
        .integer(
            "longest_at_first", \.longestAtFirst, 2...10_000_000, "the most steps of a task when training begins"),
        .integer("longest", \.longest, 2...10_000_000, "the most steps of a task in the end"),
        .number(
            "tilt", \.tilt, 0...4,
            "how much rarer long tasks are: 0 for as many tasks of each octave, 1 for as many steps at each"),
        .number("late", \.late, 0...1, "the share of tasks met late, after steps that nothing is learned from"),
        .integer("latest", \.latest, 2...10_000_000, "the most such steps in the end"),
        .number("growth", \.growth, 0...1, "the share of training after which the most is reached; 0 from the start"),
        .flag("staggered", \.isStaggered, "whether the first tasks end early, at evenly spread times"),
        .optionalInteger(
            "validation_horizon", \.wantedValidationHorizon, 2...10_000_000,
            "steps of a task by which a checkpoint is judged; else the longest"),
    ]

    public var unroll = 20
    /// The least steps of a task.
    public var shortest = 100
    /// The most steps of a task when training begins.
    public var longestAtFirst = 100
    /// The most steps of a task in the end.
    public var longest = 1000
    /// The horizon's density falls with its power −1 − tilt: at 0 there are as many tasks of each octave, so that most steps
    /// are taken far out; at 1 as many steps are taken in each octave.
    public var tilt = 0.0
    /// The share of tasks that are met late: their first steps are taken with φ as it is, and only what follows is learned
    /// from. So much is learned about late steps with the variance of a short task's estimate.
    public var late = 0.0
    /// The most steps before a late task's first period, in the end; their number is drawn log-uniformly from `shortest`.
    public var latest = 10_000
    /// The share of training after which `longest` and `latest` are reached.
    public var growth = 1.0
    /// Whether the first tasks end early.
    public var isStaggered = true
    /// Steps of a task by which a checkpoint is judged; nil for `longest`.
    public var wantedValidationHorizon: Int?

    public init() {}

    public var conflict: PlanConflict? {
        guard shortest <= longestAtFirst && longestAtFirst <= longest else {
            return PlanConflict(
                "horizons from \(shortest) to \(longestAtFirst) to \(longest)",
                advice: "give shortest, longest_at_first and longest in rising order")
        }
        if late > 0 && latest < longestAtFirst {
            return PlanConflict(
                "latest \(latest), below longest_at_first \(longestAtFirst)", advice: "give a higher one")
        }
        return nil
    }

    public var periodsPerIteration: Int { 1 }
    public var validationHorizon: Int { wantedValidationHorizon ?? longest }
    public var spansPlan: Bool { growth > 0 && longestAtFirst < max(longest, late > 0 ? latest : 0) }

    /// The most steps of a task that begins in an iteration.
    public func most(iteration: Int, of iterations: Int?) -> Double {
        grown(to: longest, iteration: iteration, of: iterations)
    }

    /// What has grown from `longestAtFirst` in an iteration.
    private func grown(to end: Int, iteration: Int, of iterations: Int?) -> Double {
        guard spansPlan, let iterations else { return Double(end) }
        let share = min(1, Double(iteration) / max(growth * Double(iterations), 1))
        return Double(longestAtFirst) * pow(Double(end) / Double(longestAtFirst), share)
    }

    public func periods(of start: TaskStart, stream: inout RandomStream) -> Int {
        let most = most(iteration: start.iteration, of: start.iterations)
        let horizon = horizon(at: Double(stream.uniform()), most: most)
        let periods = max(1, Int((horizon / Double(unroll)).rounded()))
        guard isStaggered && start.iteration == 0 else { return periods }
        return max(1, (periods * (start.place + 1) + start.places - 1) / start.places)
    }

    public func burnIn(of start: TaskStart, stream: inout RandomStream) -> Int {
        guard late > 0, Double(stream.uniform()) < late else { return 0 }
        let most = grown(to: latest, iteration: start.iteration, of: start.iterations)
        return Int((Double(shortest) * pow(most / Double(shortest), Double(stream.uniform()))).rounded())
    }

    /// The horizon that a share of tasks, from 0 to below 1, does not exceed.
    func horizon(at share: Double, most: Double) -> Double {
        let least = Double(shortest)
        guard tilt > 0 else { return least * pow(most / least, share) }
        return least * pow(1 - share * (1 - pow(most / least, -tilt)), -1 / tilt)
    }
}
