import NumericCore
import Optimizees
import Optimizers

/// How a sweep looks for the best learning rate.
public enum RateSearch: Sendable, Hashable {
    /// Every rate of the grid, on all problems.
    case grid
    /// Powers of 2 on the first problem; then of √2 around the best, on so many problems.
    ///
    /// Supposes that the final loss has no narrow valleys; for runs so long that a whole grid of them is out of reach.
    case coarseToFine(problems: Int)
    /// Powers of 4, then of 2 around the best, on the first problem alone: for a first look.
    case coarse

    /// In words.
    public var text: String {
        switch self {
        case .grid: "every power of √2, on all problems"
        case .coarseToFine(let problems):
            "powers of 2 on one problem, then of √2 around the best on \(problems == 1 ? "one" : "\(problems)")"
        case .coarse: "powers of 4, then of 2, on one problem"
        }
    }

    /// About how many runs it takes, of so many problems.
    public func runs(problems: Int) -> Int {
        switch self {
        case .grid: 18 * problems
        case .coarseToFine(let fine): 8 + 3 * min(fine, problems)
        case .coarse: 7
        }
    }
}

extension LearningRateSweep {
    /// Looks for the best rate as `search` says; see `run(control:performer:)` for the rest.
    public func run(
        _ search: RateSearch, control: RunControl = RunControl(), performer: any RunPerformer = ComputedRuns()
    ) throws -> SweepResult {
        if search == .grid { return try run(control: control, performer: performer) }
        var descent = RateDescent(sweep: self, performer: performer, meter: ProgressMeter(control))
        let grid = halfPowers.clamped(to: limits)
        func every(_ step: Int) -> [Int] { Array(stride(from: grid.lowerBound, through: grid.upperBound, by: step)) }
        var best: Int
        if case .coarseToFine(let problems) = search {
            best = try descent.lowest(every(2), step: 2)
            best = try descent.lowest([best - 1, best, best + 1], step: 1, problems: min(problems, seeds))
        } else {
            best = try descent.lowest(every(4), step: 4)
            best = try descent.lowest([best - 2, best, best + 2], step: 2)
        }
        return descent.result(best: best)
    }
}

/// Rates that were tried so far, each on the first few problems.
private struct RateDescent {
    let sweep: LearningRateSweep
    let performer: any RunPerformer
    let meter: ProgressMeter
    private var losses: [Int: [Double]] = [:]

    init(sweep: LearningRateSweep, performer: any RunPerformer, meter: ProgressMeter) {
        self.sweep = sweep
        self.performer = performer
        self.meter = meter
    }

    /// The half power with the lowest mean over the first problems, going on in steps while the last one is the best.
    mutating func lowest(_ start: [Int], step: Int, problems: Int = 1) throws -> Int {
        var tried = start.filter(sweep.limits.contains)
        while true {
            try evaluate(tried, problems)
            let means = tried.map { Statistics(losses[$0]!.prefix(problems)).mean }
            let best = tried.indices.min { means[$0] < means[$1] }!
            if best == 0, sweep.limits.contains(tried[0] - step) {
                tried.insert(tried[0] - step, at: 0)
            } else if best == tried.count - 1, sweep.limits.contains(tried[best] + step) {
                tried.append(tried[best] + step)
            } else {
                return tried[best]
            }
        }
    }

    private mutating func evaluate(_ halfPowers: [Int], _ problems: Int) throws {
        let missing = halfPowers.flatMap { power in
            ((losses[power]?.count ?? 0)..<max(problems, losses[power]?.count ?? 0)).map {
                (power: power, problem: $0)
            }
        }
        let requests = missing.map {
            RunRequest(
                optimizer: sweep.optimizer.with(learningRate: exp2(Double($0.power) / 2)), optimizee: sweep.optimizee,
                steps: sweep.steps, seed: sweep.seed, problem: $0.problem)
        }
        meter.expect(requests.reduce(0) { $0 + $1.work })
        for (place, run) in zip(missing, try performer.perform(requests, meter: meter)) {
            losses[place.power, default: []].append(run.finalLoss)
        }
    }

    func result(best: Int) -> SweepResult {
        let trials = losses.sorted { $0.key < $1.key }.map { SweepResult.Trial(halfPower: $0, finalLosses: $1) }
        return SweepResult(
            optimizer: sweep.optimizer.with(learningRate: exp2(Double(best) / 2)), trials: trials,
            best: trials.firstIndex { $0.halfPower == best }!)
    }
}
