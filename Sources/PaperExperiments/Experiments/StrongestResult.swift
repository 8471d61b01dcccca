public import Evaluation

/// The strongest hand-designed optimizer that was found for a panel: the second bar that learned ones are held against.
///
/// The first are the paper's seven, each at the best constant rate. Here everything that is hand-designed takes part:
/// further optimizers and constants, and schedules, each with its rate tuned again. See `StrongestSearch`.
public struct StrongestResult: Sendable, Codable {
    /// Its runs on the panel's problems. Its `trials` are all rates that were tried, with those of the paper's seven.
    public var result: OptimizerResult
    /// The sweeps that were made beside the panel's own.
    public var sweeps: [SweepRecord]
    /// How many runs the tuning took, with those of the paper's seven.
    public var runs: Int

    /// Makes a result from its parts.
    public init(result: OptimizerResult, sweeps: [SweepRecord], runs: Int) {
        self.result = result
        self.sweeps = sweeps
        self.runs = runs
    }
}

extension SweepRecord {
    /// The best rate's trial.
    /// - Precondition: it is among the trials, as in every result that was read or computed.
    var bestTrial: Trial { trials.first { $0.halfPower == best }! }

    /// How many runs the sweep took, and the race of what it found, on as many problems.
    func runs(racedOn problems: Int) -> Int {
        trials.reduce(0) { $0 + $1.finalLosses.count } + max(0, problems - bestTrial.finalLosses.count)
    }
}

extension PanelResult {
    /// How many runs it took to tune those of the race: every rate on each problem that it met, and the race itself.
    public var tuningRuns: Int {
        let problems = race?.problems ?? 0
        return sweeps.reduce(0) { $0 + $1.runs(racedOn: problems) }
    }
}
