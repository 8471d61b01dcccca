public import Evaluation
public import Optimizers
import Statistics

/// How a panel's strongest hand-designed optimizer is searched for.
///
/// First come further optimizers at constant rates, searched for as the paper's seven are. Then those that do best at
/// constant rates, or all, are tuned again under each schedule, from their best constant rate on. The lowest mean final
/// loss wins. Everything is tuned on the very problems of the race, which favours the hand-designed ones a little, and
/// the more the more of them there are; never the learned one.
public struct StrongestSearch: Sendable {
    /// Optimizers beside those that the panel tunes anyway; one may be there with several constants.
    public var further: [any HandDesignedOptimizer]
    /// The schedules under which they are tuned again.
    public var schedules: [ScheduleShape]
    /// How many of them go under schedules, the best at constant rates first; nil for all.
    public var scheduled: Int?
    /// Where rates are searched for on fewer problems than are raced on, so many of the best meet all of these.
    public var finalists = 5

    /// Makes a search from its parts.
    public init(further: [any HandDesignedOptimizer], schedules: [ScheduleShape], scheduled: Int? = nil) {
        self.further = further
        self.schedules = schedules
        self.scheduled = scheduled
    }

    /// Every hand-designed optimizer, Adam and NAdam with two ε, each under every schedule.
    public static let everything = StrongestSearch(
        further: [
            Adam(epsilon: 1e-12), AdamW(), NAdam(), NAdam(epsilon: 1e-12), NAdamW(), SeedRule(),
        ], schedules: ScheduleShape.allCases)

    /// The same where a run takes seconds: only the three that are best at constant rates go under schedules.
    public static let frugal = {
        var search = everything
        search.scheduled = 3
        return search
    }()

    /// How many go under each schedule, of `tuned` and the further ones.
    private func scheduledCount(_ tuned: Int) -> Int {
        min(scheduled ?? .max, tuned + further.count)
    }

    /// About how many runs it takes.
    func expectedRuns(_ search: RateSearch, tuned: Int, problems: Int, steps: Int) -> Int {
        let shaped = steps > 1 ? scheduledCount(tuned) * schedules.count : 0
        return further.count * search.expectedRuns + shaped * search.nearby.expectedRuns
            + (finalistCount(search, problems) + 2) * problems
    }

    fileprivate func finalistCount(_ search: RateSearch, _ problems: Int) -> Int {
        search.problems < problems ? finalists : 1
    }

    /// A description in words.
    func text(_ search: RateSearch, tuned: Int) -> String {
        let count = scheduledCount(tuned)
        let who = count == tuned + further.count ? "all \(count)" : "the best \(count) of all"
        return
            "the strongest: \(further.count) more in the same way, and \(who) under \(schedules.count) schedules, from "
            + "the best constant rate on, \(search.nearby.text)"
    }
}

/// An optimizer at the best rate of its sweep.
private struct Candidate {
    let optimizer: any HandDesignedOptimizer
    let record: SweepRecord
    let mean: Double

    init(_ optimizer: any HandDesignedOptimizer, _ record: SweepRecord) {
        self.optimizer = optimizer.with(learningRate: record.bestTrial.learningRate)
        self.record = record
        mean = Statistics(record.bestTrial.losses).mean
    }

    init(_ sweep: SweepResult, under shape: ScheduleShape? = nil) {
        self.init(sweep.optimizer, SweepRecord(sweep, under: shape))
    }
}

extension PanelRun {
    /// Searches for the strongest hand-designed optimizer, when the panel's own have been tuned and raced.
    ///
    /// - Parameters:
    ///   - strongest: how.
    ///   - race: what `run` came to.
    ///   - sweeps: what it found; the first ones are of `tuned` at constant rates.
    ///   - performer: computes the runs, or finds them.
    ///   - control: makes the control of each stage.
    /// - Throws: `CancellationError` where a control cancels; what `performer` throws.
    public func strongest(
        _ strongest: StrongestSearch, after race: RaceResult, _ sweeps: [SweepRecord], performer: any RunPerformer,
        control: (Stage) -> RunControl
    ) throws -> StrongestResult {
        let own = zip(tuned, sweeps).map { Candidate($0, $1) }
        let stage = Stage(
            text: "sweeps of \(strongest.further.count) further optimizers",
            expectedRuns: strongest.further.count * search.expectedRuns)
        let further = try LearningRateSweep.run(
            strongest.further.map { sweep($0, search, from: nil) }, control: control(stage), performer: performer
        ).map { Candidate($0) }
        let shaped = try scheduled(best(own + further, strongest.scheduled), strongest, performer, control)
        let found = further + shaped
        // The best of the panel's own on all problems is one of them: the strongest is never weaker.
        let results = race.results.filter { $0.role == .tuned }.prefix(own.count)
        let leader = zip(own, results).min { $0.1.finalStatistics.mean < $1.1.finalStatistics.mean }?.0
        let finalists = best(own + found, strongest.finalistCount(search, problems)) + (leader.map { [$0] } ?? [])
        let trials = (own + found).reduce(0) { $0 + $1.record.trials.count }
        let result = try final(finalists, trials: trials, performer, control)
        let raced = Set(finalists.map(\.optimizer.name))
        let runs =
            own.reduce(0) { $0 + $1.record.runs(racedOn: problems) }
            + found.reduce(0) { $0 + $1.record.runs(racedOn: raced.contains($1.optimizer.name) ? problems : 0) }
        return StrongestResult(result: result, sweeps: found.map(\.record), runs: runs)
    }

    /// The candidates with the lowest means, in their order.
    private func best(_ candidates: [Candidate], _ count: Int?) -> [Candidate] {
        guard let count else { return candidates }
        return candidates.enumerated().sorted { ($0.1.mean, $0.0) < ($1.1.mean, $1.0) }.prefix(count).map(\.1)
    }

    private func scheduled(
        _ candidates: [Candidate], _ strongest: StrongestSearch, _ performer: any RunPerformer,
        _ control: (Stage) -> RunControl
    ) throws -> [Candidate] {
        guard steps > 1 else { return [] }
        let nearby = search.nearby
        let wanted = candidates.flatMap { candidate in
            strongest.schedules.map { shape in
                var optimizer = candidate.optimizer
                optimizer.schedule = shape.schedule(steps: steps)
                return (shape, sweep(optimizer, nearby, from: candidate.record.best))
            }
        }
        let stage = Stage(
            text: "sweeps of \(candidates.count) optimizers under \(strongest.schedules.count) schedules",
            expectedRuns: wanted.count * nearby.expectedRuns)
        let results = try LearningRateSweep.run(wanted.map(\.1), control: control(stage), performer: performer)
        return zip(results, wanted).map { Candidate($0, under: $1.0) }
    }

    /// Of the finalists, the one with the lowest mean over all problems; its steps are timed.
    private func final(
        _ finalists: [Candidate], trials: Int, _ performer: any RunPerformer, _ control: (Stage) -> RunControl
    ) throws -> OptimizerResult {
        func race(_ optimizers: [any HandDesignedOptimizer], measuresTime: Bool) throws -> [OptimizerResult] {
            let stage = Stage(text: "race of the strongest", expectedRuns: optimizers.count * problems)
            return try Race(
                on: optimizee, steps: steps, problems: problems, seed: seed,
                entrants: optimizers.map { Entrant($0, trials: trials) }, measuresTime: measuresTime
            ).run(control: control(stage), performer: performer).results
        }
        let optimizers = finalists.map(\.optimizer)
        let means = try race(optimizers, measuresTime: false).map(\.finalStatistics.mean)
        let winner = optimizers.indices.min { (means[$0], $0) < (means[$1], $1) }!
        return try race([optimizers[winner]], measuresTime: true)[0]
    }
}
