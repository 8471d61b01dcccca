import NumericCore
public import Optimizees
public import Optimizers

/// Optimizers on the same problems: on each problem the same initial parameters and the same minibatches for each.
///
///     let race = Race(on: optimizee, steps: 100, problems: 10, optimizers: [Adam(learningRate: 0.03), learned])
///     let result = try race.run()
///
/// Every run is kept, diverged ones too (the paper drops outliers: Lv et al. 2017, section 5). Runs are spread over
/// the threads, and the result does not depend on how many there are; only the times do, which are taken afterwards,
/// one optimizer at a time.
public struct Race: Sendable {
    /// What is optimized.
    public var optimizee: any Optimizee
    /// How many steps each run takes.
    public var steps: Int
    /// How many problems each optimizer meets.
    public var problems: Int
    /// The root of all random numbers: problem `i` is drawn from `RandomKey(seed: seed).child(i)`.
    public var seed: UInt64
    /// The optimizers, in the order of the result.
    public var entrants: [Entrant]
    /// Whether to time the steps after the race.
    public var measuresTime: Bool

    /// - Precondition: `steps` and `problems` are positive.
    public init(
        on optimizee: any Optimizee, steps: Int, problems: Int, seed: UInt64 = 0, entrants: [Entrant],
        measuresTime: Bool = true
    ) {
        precondition(steps > 0 && problems > 0, "a race has steps and problems")
        self.optimizee = optimizee
        self.steps = steps
        self.problems = problems
        self.seed = seed
        self.entrants = entrants
        self.measuresTime = measuresTime
    }

    /// A race between optimizers whose learning rates were not searched for.
    public init(
        on optimizee: any Optimizee, steps: Int, problems: Int, seed: UInt64 = 0, optimizers: [any Optimizer],
        measuresTime: Bool = true
    ) {
        self.init(
            on: optimizee, steps: steps, problems: problems, seed: seed, entrants: optimizers.map { Entrant($0) },
            measuresTime: measuresTime)
    }

    /// Runs each optimizer on each problem.
    ///
    /// - Parameters:
    ///   - control: hears of progress, and may cancel.
    ///   - performer: computes the runs, or finds them.
    /// - Throws: `CancellationError` where `control` cancels; what `performer` throws.
    public func run(
        control: RunControl = RunControl(), performer: any RunPerformer = ComputedRuns()
    ) throws -> RaceResult {
        let set = ProblemSet(optimizee: optimizee, steps: steps, count: problems, seed: seed)
        let requests = set.requests(entrants.map(\.optimizer))
        let meter = ProgressMeter(control)
        meter.expect(requests.reduce(0) { $0 + $1.work })
        let runs = set.perOptimizer(try performer.perform(requests, meter: meter))
        let results = try zip(entrants, runs).map { entrant, runs in
            let timing =
                measuresTime
                ? try performer.timing(
                    of: entrant.optimizer, on: optimizee, steps: min(steps, 100), isCancelled: control.isCancelled)
                : nil
            return OptimizerResult(entrant, runs: runs, timing: timing)
        }
        return RaceResult(
            optimizee: optimizee.name, parameters: optimizee.parameterCount, steps: steps, problems: problems,
            seed: seed,
            results: results)
    }
}

/// An optimizer in a race, and how it was chosen.
public struct Entrant: Sendable {
    /// What runs.
    public let optimizer: any Optimizer
    /// How it is called in tables and charts.
    public let label: String
    /// How many learning rates were tried to find this one; nil where none was searched for.
    public let trials: Int?
    /// How long its weights were trained; nil where that is not known.
    public var trainingMinutes: Double?

    /// - Parameters:
    ///   - optimizer: what runs.
    ///   - label: how it is called in tables and charts; else hand-designed optimizers get their keyword and what
    ///     differs from the defaults, as `adam lr=2^-5`, and others their name.
    ///   - trials: how many learning rates were tried to find this one.
    public init(_ optimizer: any Optimizer, label: String? = nil, trials: Int? = nil) {
        self.optimizer = optimizer
        self.label = label ?? (optimizer as? any HandDesignedOptimizer)?.label ?? optimizer.name
        self.trials = trials
    }

    /// The optimizer at the best learning rate of a sweep.
    public init(_ sweep: SweepResult, label: String? = nil) {
        self.init(sweep.optimizer, label: label, trials: sweep.trials.count)
    }
}
