import Optimizers
import Platform

/// A learning-rate sweep on its way: what it wants to know next, and what it has found.
struct OpenSweep {
    /// What must have been tried before the search goes on to what is finer.
    private struct Stage {
        /// How far apart rates are, in half powers of two.
        let distance: Int
        /// How many of them on either side of the best.
        let reach: Int
        /// On how many problems.
        let problems: Int
    }

    private let sweep: LearningRateSweep
    private var trials: [SweepResult.Trial] = []
    /// The present stage and those behind it.
    private var stages: [Stage]
    /// The rates that are to be tried next, in half powers of two; none once it has ended.
    private var next: [Int]

    init(_ sweep: LearningRateSweep) {
        self.sweep = sweep
        let distances = sequence(first: sweep.spacing) { $0 > 2 ? $0 / 2 : nil }.filter { $0 > 1 }
        stages = distances.map { Stage(distance: $0, reach: 1, problems: sweep.coarseProblems) }
        if sweep.coarseReach > 0 && sweep.coarseProblems < sweep.problems {
            stages.append(Stage(distance: 1, reach: sweep.coarseReach, problems: sweep.coarseProblems))
        }
        stages.append(Stage(distance: 1, reach: sweep.reach, problems: sweep.problems))
        let range = sweep.halfPowers.clamped(to: sweep.limits)
        next = Array(stride(from: range.lowerBound, through: range.upperBound, by: sweep.spacing))
    }

    /// The runs that are wanted next, rate after rate; none once it has ended.
    var requests: [RunRequest] {
        problems.requests(next.map { sweep.optimizer.with(learningRate: exp2(Double($0) / 2)) })
    }

    /// - Precondition: it has ended.
    var result: SweepResult {
        let best = bestIndex
        return SweepResult(
            optimizer: sweep.optimizer.with(learningRate: trials[best].learningRate), trials: trials, best: best)
    }

    /// Takes in what came of `requests`, and decides what to try next.
    mutating func add(_ runs: [Run]) {
        trials.removeAll { next.contains($0.halfPower) }
        trials += zip(next, problems.perOptimizer(runs)).map {
            SweepResult.Trial(halfPower: $0, finalLosses: $1.map(\.finalLoss))
        }
        trials.sort { $0.halfPower < $1.halfPower }
        next = missingNeighbours
        while next.isEmpty && stages.count > 1 {
            stages.removeFirst()
            next = missingNeighbours
        }
    }

    private var problems: ProblemSet {
        ProblemSet(
            optimizee: sweep.optimizee, steps: sweep.steps, count: stages[0].problems, seed: sweep.seed,
            scoresHeldOut: sweep.scoresHeldOut)
    }

    /// The rates, among the best and those next to it, that have not met as many problems as they should.
    private var missingNeighbours: [Int] {
        let (stage, limits) = (stages[0], sweep.limits)
        let center = trials[bestIndex].halfPower
        let neighbours = Set(
            (-stage.reach...stage.reach).map {
                min(max(center + $0 * stage.distance, limits.lowerBound), limits.upperBound)
            })
        let known = trials.filter { $0.finalLosses.count >= stage.problems }.map(\.halfPower)
        return neighbours.subtracting(known).sorted()
    }

    /// The lowest mean among those that met the most problems; then the fewest diverged; then the lowest rate, so that where
    /// all diverge the search goes down.
    private var bestIndex: Int {
        let most = trials.map(\.finalLosses.count).max()
        return trials.indices.filter { trials[$0].finalLosses.count == most }
            .min { (trials[$0].mean, trials[$0].diverged) < (trials[$1].mean, trials[$1].diverged) }!
    }
}
