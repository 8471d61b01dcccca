public import Evaluation
public import Optimizees
public import Optimizers
import Statistics

/// What a panel is run with: its problem, its optimizers, and how much effort goes into it.
public struct PanelRun: Sendable {
    /// What is done at the moment.
    public struct Stage: Sendable {
        /// For example `sweeps of 7 optimizers`, or `race`.
        public let text: String
        /// About how many runs it takes.
        public let expectedRuns: Int
    }

    /// What is optimized.
    public var optimizee: any Optimizee
    /// How many steps each run takes.
    public var steps: Int
    /// How many problems each optimizer meets.
    public var problems: Int
    /// The root of all random numbers.
    public var seed: UInt64
    /// Optimizers that race as they are.
    public var entrants: [Entrant]
    /// Optimizers whose learning rates are searched for first.
    public var tuned: [any HandDesignedOptimizer]
    /// How they are searched for.
    public var search: RateSearch
    /// The schedules under which the best of them is tuned again; one step has no room for any.
    public let schedules: [ScheduleShape]

    /// Makes a panel's run from its parts.
    public init(
        optimizee: any Optimizee, steps: Int, problems: Int, seed: UInt64, entrants: [Entrant],
        tuned: [any HandDesignedOptimizer], search: RateSearch, schedules: [ScheduleShape] = []
    ) {
        self.optimizee = optimizee
        self.steps = steps
        self.problems = problems
        self.seed = seed
        self.entrants = entrants
        self.tuned = tuned
        self.search = search
        self.schedules = steps > 1 ? schedules : []
    }

    /// How the learning rates are searched for, in words; empty where none is.
    public var searchText: String {
        guard !tuned.isEmpty else { return "" }
        let further = "; with schedules: from the best of these on, \(search.nearby.text)"
        return search.text + (schedules.isEmpty ? "" : further)
    }

    /// Searches for the learning rates and runs the race; then the same for the best of them under each schedule.
    ///
    /// - Parameter control: makes the control of each stage.
    /// - Throws: `CancellationError` where a control cancels; what `performer` throws.
    public func run(
        performer: any RunPerformer, control: (Stage) -> RunControl
    ) throws -> (race: RaceResult, sweeps: [SweepRecord]) {
        func sweeps(
            _ optimizers: [any HandDesignedOptimizer], _ search: RateSearch, from start: Int? = nil, _ text: String
        ) throws -> [SweepResult] {
            let stage = Stage(text: text, expectedRuns: optimizers.count * search.expectedRuns)
            return try LearningRateSweep.run(
                optimizers.map { sweep($0, search, from: start) }, control: control(stage), performer: performer)
        }
        func race(_ entrants: [Entrant]) throws -> RaceResult {
            try Race(on: optimizee, steps: steps, problems: problems, seed: seed, entrants: entrants).run(
                control: control(Stage(text: "race", expectedRuns: entrants.count * problems)), performer: performer)
        }
        let constant = try sweeps(tuned, search, sweepsText(tuned))
        var result = try race(entrants + constant.map { Entrant($0) })
        let means = result.results.suffix(constant.count).map(\.finalStatistics.mean)
        guard !schedules.isEmpty, let best = zip(constant, means).min(by: { $0.1 < $1.1 })?.0 else {
            return (result, constant.map { SweepRecord($0) })
        }
        let shaped = schedules.map { shape in
            var optimizer = best.optimizer
            optimizer.schedule = shape.schedule(steps: steps)
            return optimizer
        }
        let text = "sweeps of \(best.label) under schedules"
        let scheduled = try sweeps(shaped, search.nearby, from: best.best.halfPower, text)
        result.results += try race(scheduled.map { Entrant($0) }).results
        return (
            result, constant.map { SweepRecord($0) } + zip(scheduled, schedules).map { SweepRecord($0, under: $1) }
        )
    }

    func sweep(
        _ optimizer: any HandDesignedOptimizer, _ search: RateSearch, from start: Int?
    ) -> LearningRateSweep {
        var sweep = LearningRateSweep(
            on: optimizee, of: optimizer, steps: steps, problems: min(search.problems, problems), seed: seed,
            halfPowers: start.map { $0...$0 }, spacing: search.spacing, coarseProblems: search.coarseProblems)
        (sweep.reach, sweep.coarseReach) = (search.reach, search.coarseReach)
        sweep.scoresHeldOut = !search.isFrugal
        guard search.isFrugal && search.spacing > 1 else { return sweep }
        if let start = search.starts?.halfPowers[type(of: optimizer).keyword] {
            (sweep.halfPowers, sweep.spacing) = (start...start, 2)
        } else {
            let usual = sweep.halfPowers
            sweep.halfPowers = usual.lowerBound + search.spacing...usual.upperBound - search.spacing
        }
        return sweep
    }
}
