public import NumericCore
public import Optimizees
public import Optimizers

/// One run that is wanted: everything that decides what it comes to.
public struct RunRequest: Sendable {
    /// What optimizes; one that wants to know how many steps it has is told.
    public let optimizer: any Optimizer
    /// What is optimized.
    public let optimizee: any Optimizee
    /// How many steps it takes.
    public let steps: Int
    /// The root of all random numbers.
    public let seed: UInt64
    /// The number of the problem among those drawn from `seed`.
    public let problem: Int
    /// Whether the final parameters are to be scored on held-out data. Else the run keeps them
    /// (`Run.finalParameters`), so that this can be done later, for the few runs that are raced.
    public var scoresHeldOut = true

    /// - Precondition: `steps` is positive, `problem` not negative.
    public init(optimizer: any Optimizer, optimizee: any Optimizee, steps: Int, seed: UInt64, problem: Int) {
        precondition(steps > 0 && problem >= 0, "a run has steps and a problem")
        self.optimizer = withBudget(steps, optimizer)
        self.optimizee = optimizee
        self.steps = steps
        self.seed = seed
        self.problem = problem
    }

    /// The problem's key; each optimizer that meets it starts from the same parameters and sees the same minibatches.
    public var key: RandomKey { RandomKey(seed: seed).child(problem) }

    /// What a run counts in `ProgressMeter`: its steps, and as many evaluations for the final loss.
    public var work: Int { 2 * steps }
}

/// Something that performs runs: it computes each, or looks first whether it was computed before.
///
/// Races and sweeps ask for all their runs here, so that a store of results is one more conformance.
public protocol RunPerformer: Sendable {
    /// The runs of some requests, in their order.
    ///
    /// - Parameters:
    ///   - requests: the runs that are wanted.
    ///   - meter: has been told to expect `request.work` for each; all of it is completed on return.
    /// - Throws: `CancellationError` where `meter` is cancelled.
    func perform(_ requests: [RunRequest], meter: ProgressMeter) throws -> [Run]

    /// How long a step takes; see `StepTiming`.
    ///
    /// - Throws: `CancellationError` once `isCancelled` is true.
    func timing(
        of optimizer: any Optimizer, on optimizee: any Optimizee, steps: Int, isCancelled: () -> Bool
    ) throws -> StepTiming
}

extension RunPerformer {
    public func timing(
        of optimizer: any Optimizer, on optimizee: any Optimizee, steps: Int, isCancelled: () -> Bool
    ) throws -> StepTiming {
        try StepTiming.measure(optimizer, on: optimizee, steps: steps, isCancelled: isCancelled)
    }
}

/// Computes every run, all cores busy, and keeps none.
public struct ComputedRuns: RunPerformer {
    /// It has no settings.
    public init() {}

    public func perform(_ requests: [RunRequest], meter: ProgressMeter) throws -> [Run] {
        let runs = parallelMap(requests.count) { Run.perform(requests[$0], meter: meter) }.compactMap(\.self)
        guard runs.count == requests.count else { throw CancellationError() }
        return runs
    }
}

/// The problems that every optimizer of a comparison meets.
struct ProblemSet: Sendable {
    let optimizee: any Optimizee
    let steps: Int
    let count: Int
    let seed: UInt64
    var scoresHeldOut = true

    /// Every optimizer on every problem, one optimizer after the other.
    func requests(_ optimizers: [any Optimizer]) -> [RunRequest] {
        optimizers.flatMap { optimizer in
            (0..<count).map {
                var request = RunRequest(
                    optimizer: optimizer, optimizee: optimizee, steps: steps, seed: seed, problem: $0)
                request.scoresHeldOut = scoresHeldOut
                return request
            }
        }
    }

    /// What came of `requests`: a list of runs for each optimizer, in order.
    func perOptimizer(_ runs: [Run]) -> [[Run]] {
        stride(from: 0, to: runs.count, by: count).map { Array(runs[$0..<$0 + count]) }
    }
}
