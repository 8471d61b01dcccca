public import Optimizees
public import Optimizers
import Platform
import Statistics

/// Finds a hand-designed optimizer's best learning rate among the powers of √2 (the grid of Lv et al. 2017).
///
/// Every rate meets the same problems. The best has the lowest mean final loss; a rate at which a run diverges is
/// worse than any at which none does. The search begins with some rates `spacing` half powers apart. It tries the two
/// neighbours of the best at that distance, which lets it grow beyond where it began, until the best lies between
/// them; then it halves the distance, and ends where the `reach` next rates on either side are no better. One would be
/// too few: close to divergence, losses change from one rate to the next by more than their trend (on the LSTMs,
/// Adadelta's search ended in dents up to 21 % above its best). Further away it does not look: `spacing` 1 tries all.
///
/// The problems are those of a `Race` with the same seed. To tune on what is then raced favours the tuned optimizer
/// a little, never the learned one that it is compared with.
public struct LearningRateSweep: Sendable {
    /// What is optimized.
    public var optimizee: any Optimizee
    /// The optimizer; its learning rate does not matter.
    public var optimizer: any HandDesignedOptimizer
    /// How many steps each run takes.
    public var steps: Int
    /// How many problems each learning rate meets.
    public var problems: Int
    /// The root of all random numbers, as a race's.
    public var seed: UInt64
    /// Where the search begins: `2^(k/2)` for each k from the lower bound on, `spacing` apart.
    public var halfPowers: ClosedRange<Int>
    /// How far apart the first rates are, in half powers of two; a power of two. 1 tries the whole grid.
    public var spacing: Int
    /// How many of the problems a rate meets while rates are further apart than √2; the last ones meet all of them.
    /// Fewer are for runs that take seconds.
    public var coarseProblems: Int
    /// How many next rates on either side of the best must be no better, on all problems.
    public var reach = 3
    /// How many must be so before that on `coarseProblems` problems. 0 leaves this out.
    public var coarseReach = 0
    /// Whether its runs are scored on held-out data at once, or keep their final parameters for later; see
    /// `RunRequest.scoresHeldOut`. The search does not look at the scores.
    public var scoresHeldOut = true
    /// Where the search stops growing. A sweep that gets there has `SweepResult.isOnEdge` set.
    public var limits: ClosedRange<Int> = -80...40

    /// - Parameters:
    ///   - optimizee: what is optimized.
    ///   - optimizer: what is tuned; its learning rate does not matter.
    ///   - steps: how many steps each run takes.
    ///   - problems: how many problems each learning rate meets.
    ///   - seed: the root of all random numbers, as a race's.
    ///   - halfPowers: where the search begins, `2^(k/2)` for each k; else the optimizer's `usualHalfPowers`.
    ///   - spacing: how far apart the first rates are, in half powers of two; 1 tries the whole grid.
    ///   - coarseProblems: how many problems a rate meets while rates are further apart than √2; else all.
    /// - Precondition: `steps`, `problems` and `coarseProblems` are positive, `spacing` is a power of two.
    public init(
        on optimizee: any Optimizee, of optimizer: any HandDesignedOptimizer, steps: Int, problems: Int,
        seed: UInt64 = 0, halfPowers: ClosedRange<Int>? = nil, spacing: Int = 4,
        coarseProblems: Int? = nil
    ) {
        precondition(spacing > 0 && spacing.nonzeroBitCount == 1, "a spacing is a power of two")
        precondition(steps > 0 && problems > 0, "a sweep has steps and problems")
        self.optimizee = optimizee
        self.optimizer = optimizer
        self.steps = steps
        self.problems = problems
        self.seed = seed
        self.halfPowers = halfPowers ?? type(of: optimizer).usualHalfPowers
        self.spacing = spacing
        self.coarseProblems = min(coarseProblems ?? problems, problems)
        precondition(self.coarseProblems > 0, "a sweep has problems")
    }

    /// Searches until the best rate lies between those of its `reach`, or at the limits.
    ///
    /// - Parameters:
    ///   - control: hears of progress, and may cancel.
    ///   - performer: computes the runs, or finds them.
    /// - Throws: `CancellationError` where `control` cancels; what `performer` throws.
    public func run(
        control: RunControl = RunControl(), performer: any RunPerformer = ComputedRuns()
    ) throws -> SweepResult {
        try Self.run([self], control: control, performer: performer)[0]
    }

    /// Runs several sweeps side by side, each as if it were alone: what one of them wants next may be too little to keep
    /// all cores busy.
    ///
    /// - Parameters:
    ///   - sweeps: what to search for.
    ///   - control: hears of progress, and may cancel.
    ///   - performer: computes the runs, or finds them.
    /// - Throws: `CancellationError` where `control` cancels; what `performer` throws.
    public static func run(
        _ sweeps: [LearningRateSweep], control: RunControl = RunControl(),
        performer: any RunPerformer = ComputedRuns()
    ) throws -> [SweepResult] {
        let meter = ProgressMeter(control)
        var open = sweeps.map { OpenSweep($0) }
        while true {
            let wanted = open.map(\.requests)
            let requests = wanted.flatMap(\.self)
            guard !requests.isEmpty else { return open.map(\.result) }
            meter.expect(requests.reduce(0) { $0 + $1.work })
            var runs = try performer.perform(requests, meter: meter)[...]
            for index in open.indices where !wanted[index].isEmpty {
                open[index].add(Array(runs.prefix(wanted[index].count)))
                runs = runs.dropFirst(wanted[index].count)
            }
        }
    }
}

/// What progress calls sweeps: `sweep of adam`, `sweeps of 3 optimizers`.
public func sweepsText(_ optimizers: [any HandDesignedOptimizer]) -> String {
    guard optimizers.count == 1 else { return "sweeps of \(optimizers.count) optimizers" }
    return "sweep of \(type(of: optimizers[0]).keyword)"
}

/// What a learning-rate sweep tried and found.
public struct SweepResult: Sendable {
    /// One learning rate's outcome.
    public struct Trial: Sendable, Equatable {
        /// The learning rate is `2^(halfPower/2)`.
        public let halfPower: Int
        /// The final loss of each problem's run; +∞ where it diverged.
        public let finalLosses: [Double]

        /// `2^(halfPower/2)`.
        public var learningRate: Double { exp2(Double(halfPower) / 2) }
        /// The learning rate as `2^-5.5`.
        public var text: String { "2^\(exponentText(halfPowers: halfPower))" }
        /// The mean final loss; +∞ where a run diverged.
        public var mean: Double { Statistics(finalLosses).mean }
        /// How many runs diverged.
        public var diverged: Int { finalLosses.count { !$0.isFinite } }
    }

    /// The optimizer at the best learning rate.
    public let optimizer: any HandDesignedOptimizer
    /// Every learning rate that was tried, in rising order.
    public let trials: [Trial]
    private let bestIndex: Int

    init(optimizer: any HandDesignedOptimizer, trials: [Trial], best: Int) {
        self.optimizer = optimizer
        self.trials = trials
        bestIndex = best
    }

    /// What was tuned, as `adam` or `adam beta1=0.5 cosine=100`.
    public var label: String { optimizer.labelWithoutRate }

    /// The learning rate with the lowest mean final loss.
    public var best: Trial { trials[bestIndex] }
    /// How many runs the search took: each rate on each problem that it met.
    public var runs: Int { trials.reduce(0) { $0 + $1.finalLosses.count } }

    /// The sweep whose best rate has the lowest mean final loss, the first where several have; nil where there is none.
    ///
    /// - Parameter sweeps: several optimizers, or one with several constants, on the same problems.
    public static func best(of sweeps: some Sequence<SweepResult>) -> SweepResult? {
        sweeps.min { ($0.best.mean, $0.best.diverged) < ($1.best.mean, $1.best.diverged) }
    }

    /// At how many of the learning rates a run diverged.
    public var divergedRates: Int { trials.count { $0.diverged > 0 } }
    /// Whether the best rate is the last that was tried in a direction: the true best may lie beyond the sweep's limits.
    public var isOnEdge: Bool { bestIndex == 0 || bestIndex == trials.count - 1 }
}
