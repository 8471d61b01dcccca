public import Optimizees
public import Optimizers

/// What a panel is run with: its problem, its optimizers, and how much effort goes into it.
public struct PanelRun: Sendable {
    /// What is done at the moment.
    public enum Stage: Sendable {
        /// An optimizer's learning rate is searched for.
        case sweep(String)
        /// All optimizers race.
        case race

        /// In words.
        public var text: String {
            switch self {
            case .sweep(let optimizer): "sweep of \(optimizer)"
            case .race: "race"
            }
        }
    }

    /// What is optimized.
    public var optimizee: any Optimizee
    /// How many steps each run takes.
    public var steps: Int
    /// How many problems each optimizer meets.
    public var seeds: Int
    /// The root of all random numbers.
    public var seed: UInt64
    /// Optimizers that race as they are.
    public var entrants: [Entrant]
    /// Optimizers whose learning rates are searched for first.
    public var tuned: [any HandDesignedOptimizer]
    /// How they are searched for.
    public var search: RateSearch

    /// All of a panel's run.
    public init(
        optimizee: any Optimizee, steps: Int, seeds: Int, seed: UInt64, entrants: [Entrant],
        tuned: [any HandDesignedOptimizer], search: RateSearch
    ) {
        self.optimizee = optimizee
        self.steps = steps
        self.seeds = seeds
        self.seed = seed
        self.entrants = entrants
        self.tuned = tuned
        self.search = search
    }

    /// Searches for the learning rates, then runs the race.
    ///
    /// - Parameter control: makes the control of each stage.
    /// - Throws: `CancellationError` where a control cancels; what `performer` throws.
    public func run(
        performer: any RunPerformer, control: (Stage) -> RunControl
    ) throws -> (race: RaceResult, sweeps: [SweepRecord]) {
        let sweeps = try tuned.map { optimizer in
            try LearningRateSweep(
                on: optimizee, of: optimizer, steps: steps, seeds: min(search.problems, seeds), seed: seed,
                spacing: search.spacing, coarseSeeds: search.coarseProblems
            ).run(control: control(.sweep(type(of: optimizer).keyword)), performer: performer)
        }
        let race = Race(
            on: optimizee, steps: steps, seeds: seeds, seed: seed, entrants: entrants + sweeps.map { Entrant($0) })
        return (try race.run(control: control(.race), performer: performer), sweeps.map { SweepRecord($0) })
    }
}
