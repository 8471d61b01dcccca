import Evaluation
import Files

extension ReproductionResult {
    /// Checks that the parts of a result belong together, so that what is drawn from it need not.
    ///
    /// - Parameter name: where it came from, for the error's text.
    /// - Throws: `InputError` for the first part that does not fit.
    func check(_ name: String) throws {
        guard problems > 0 else { throw mismatch(name, "has no problems") }
        guard Set(panels.map(\.id)).count == panels.count else { throw mismatch(name, "has a panel twice") }
        guard Set(experiments.map(\.id)).count == experiments.count else {
            throw mismatch(name, "has an experiment twice")
        }
        for experiment in experiments {
            guard experiment.panels.allSatisfy({ id in panels.contains { $0.id == id } }) else {
                throw mismatch(name, "misses a panel of \(experiment.id)")
            }
        }
        for panel in panels {
            guard panel.isWhole(problems: problems) else {
                throw mismatch(name, "the runs of \(panel.id) do not match its numbers of problems, steps and rates")
            }
        }
    }

    private func mismatch(_ name: String, _ what: String) -> InputError {
        InputError(name, what, advice: "run l2o reproduce again")
    }
}

extension PanelResult {
    /// More steps than anybody takes: a file that claims more would fill the memory.
    private static let mostSteps = 10_000_000
    /// Rates far beyond what a number can hold.
    private static let halfPowers = -600...600

    fileprivate func isWhole(problems: Int) -> Bool {
        guard (1...Self.mostSteps).contains(panel.steps) else { return false }
        if let paper = panel.paperBaseline, !Self.halfPowers.contains(paper.halfPower) { return false }
        guard let race else { return sweeps.isEmpty && strongest == nil }
        guard race.problems == problems, (1...Self.mostSteps).contains(race.steps), !race.results.isEmpty,
            Set(race.results.map(\.optimizer)).count == race.results.count
        else { return false }
        return race.results.allSatisfy { $0.isWhole(problems: problems, steps: race.steps) }
            && sweeps.count == results(.tuned).count && sweeps.allSatisfy(isWhole)
            && strongest.map { isWhole($0, steps: race.steps, problems: problems) } ?? true
    }

    private func isWhole(_ strongest: StrongestResult, steps: Int, problems: Int) -> Bool {
        strongest.result.isWhole(problems: problems, steps: steps) && strongest.result.role == .tuned
            && strongest.runs > 0 && strongest.sweeps.allSatisfy(isWhole)
    }

    private func isWhole(_ sweep: SweepRecord) -> Bool {
        sweep.trials.contains { $0.halfPower == sweep.best }
            && sweep.trials.allSatisfy { trial in
                Self.halfPowers.contains(trial.halfPower) && !trial.finalLosses.isEmpty
                    && trial.losses.allSatisfy { $0 >= 0 }
            }
    }
}

extension OptimizerResult {
    fileprivate func isWhole(problems: Int, steps: Int) -> Bool {
        func isShare(_ value: Double) -> Bool { value.isNaN || (0...1).contains(value) }
        func isPositive(_ value: Double?) -> Bool { value.map { $0 > 0 } ?? true }
        return finalLoss.count == problems && curve.count == problems && finalLoss.allSatisfy { $0 >= 0 }
            && zip(finalLoss, curve).allSatisfy { loss, curve in
                curve.count <= steps && (curve.count == steps || !loss.isFinite)
            }
            && (heldOutLoss?.count ?? problems) == problems && (heldOutAccuracy?.count ?? problems) == problems
            && heldOutAccuracy?.allSatisfy(isShare) ?? true && (seconds?.count ?? problems) == problems
            && (0...problems).contains(diverged) && (trials ?? 1) > 0 && stateBytesPerParameter >= 0
            && isPositive(learningRate) && isPositive(millisecondsPerStep)
    }
}
