import Evaluation
import NumericCore
import Optimizers
import PaperExperiments
import Statistics

extension PanelAnalysis {
    /// A row for each optimizer, the lowest median final loss first.
    public func table() -> DataTable {
        let target = baseline.map { "where \($0.result.label) ends" } ?? ""
        return DataTable(
            [
                .init(
                    "optimizer", "optimizer", "constants", isNumeric: false, help: scheduleHelp(standings.map(\.name))
                ),
                .init("lr", "learning_rate", help: "The learning rate."),
                .init("trials", "trials", help: "How many learning rates were tried to find this one."),
                .estimate(
                    "final loss", "final_loss",
                    help:
                        "Median over the runs, with its bootstrap 95 % interval: the final parameters' loss, averaged "
                        + "over all minibatches that the run met."),
                .init(
                    "\(subject.name) vs it", "pairs_won", "pairs_tied", "pairs_lost", "p_value", "verdict",
                    isNumeric: false,
                    help:
                        "In how many runs \(subject.name) ends lower – equal – higher on the same problem, and what "
                        + "the signed-rank test makes of it."),
                .estimate(
                    "loss ratio", "loss_ratio",
                    help: "The loss of \(subject.name) divided by the other's, problem by problem: median and its "
                        + "bootstrap 95 % interval."),
                .init("held-out loss", "held_out_loss", help: "Median over the runs, on data that no run has seen."),
                .init(
                    "accuracy", "held_out_accuracy",
                    help: "Median share of held-out examples that are classified right."),
                .init("diverged", "diverged", help: "Runs that ended with a loss that is not finite. They stay in."),
                .init("steps to target", "steps_to_target", help: "Median number of steps to \(target)."),
                .init(
                    "seconds", "seconds_to_target", help: "The time of so many steps, the optimizer's own included."),
                .init(
                    "with tuning", "seconds_with_tuning",
                    help: "The same with a run of all steps for each learning rate that was tried."),
                .init("ms/step", "ms_per_step", help: "A whole step: loss, gradient and update."),
                .init("B/param", "state_bytes_per_parameter", help: "What the optimizer keeps between steps."),
            ],
            rows: standings.map(row))
    }

    private func row(_ standing: Standing) -> DataTable.Row {
        let result = standing.result
        let accuracies = result.heldOutAccuracy.map { Statistics($0.map { $0.isNaN ? -1 : $0 }) }
        let isTimed = standing.time.map { $0.medianSteps.isFinite } ?? true
        return DataTable.Row(
            [
                DataTable.Cell(
                    standing.name, detail: nameDetail(standing), values: [standing.name, result.optimizer]),
                rateCell(result.learningRate), .count(result.trials),
                .estimate(standing.final), .duel(standing.duel), .estimate(standing.duel?.ratio, digits: 3),
                .number(result.heldOutLoss.map { Statistics($0).median }),
                accuracyCell(accuracies?.median),
                result.diverged > 0
                    ? .count(result.diverged, detail: "of \(race.problems)") : .init("", values: ["0"], order: 0),
                timeCell(standing.time?.medianSteps, reached: standing.time?.reached),
                isTimed ? .number(standing.time?.medianSeconds, digits: 3) : DataTable.Cell(""),
                isTimed ? .number(secondsWithTuning(standing), digits: 3) : DataTable.Cell(""),
                .number(result.millisecondsPerStep, digits: 3), .count(result.stateBytesPerParameter),
            ], isStrong: standing.name == subject.name)
    }

    /// Seconds to the target with a run for each rate that was tried; nil where steps were not timed.
    func secondsWithTuning(_ standing: Standing) -> Double? {
        guard let milliseconds = standing.result.millisecondsPerStep, let time = standing.time?.medianSeconds else {
            return nil
        }
        return time + Double((standing.result.trials ?? 0) * race.steps) * milliseconds / 1000
    }

    /// What a learned optimizer's label has beyond its name, the file of its weights; whom a schedule belongs to.
    private func nameDetail(_ standing: Standing) -> String {
        if let sweep = standing.sweep, sweep.schedule != nil { return sweep.optimizer }
        if standing.name == Self.strongestName { return standing.result.label }
        let label = standing.result.label
        guard standing.result.role == .learned, label != standing.name else { return "" }
        return String(label.dropFirst(standing.name.count + 2).dropLast())
    }

    private func rateCell(_ rate: Double?) -> DataTable.Cell {
        guard let rate else { return DataTable.Cell("") }
        return DataTable.Cell(learningRateText(rate), values: ["\(rate)"], order: rate)
    }

    private func accuracyCell(_ accuracy: Double?) -> DataTable.Cell {
        guard let accuracy, accuracy >= 0 else { return DataTable.Cell("") }
        return DataTable.Cell("\(numberText(100 * accuracy, digits: 3)) %", values: ["\(accuracy)"], order: accuracy)
    }

    /// Runs that never get there are counted, where it is not all of them.
    private func timeCell(_ steps: Double?, reached: Int?) -> DataTable.Cell {
        guard let steps, let reached, !steps.isNaN else { return DataTable.Cell("") }
        let missing = reached < race.problems ? "\(reached) of \(race.problems) runs" : ""
        guard steps.isFinite else {
            return DataTable.Cell("never", detail: reached > 0 ? missing : "", values: ["inf"], order: steps)
        }
        return DataTable.Cell(
            numberText(steps, digits: 6, trimsZeros: true), detail: missing, values: ["\(steps)"], order: steps)
    }
}

/// What the names of optimizers under a schedule, and of the strongest one, mean; empty where there are none.
func scheduleHelp(_ names: [String]) -> String {
    let strongest =
        names.contains(PanelAnalysis.strongestName)
        ? "strongest is the best of all hand-designed optimizers, with two constants ε and under schedules too, each with its "
            + "rate tuned. " : ""
    return strongest
        + (names.contains { $0.hasPrefix("best+") }
            ? "best+cosine is the best optimizer of those with a constant learning rate, tuned again under a schedule: a cosine to "
                + "zero, with or without a warm-up of a tenth of the steps."
            : "")
}

extension DataTable.Cell {
    /// Pairs that are lower – equal – higher, and the verdict.
    static func duel(_ duel: Duel?) -> DataTable.Cell {
        guard let duel else { return DataTable.Cell("", values: Array(repeating: "", count: 5)) }
        let comparison = duel.comparison
        let ties = comparison.differences.count - comparison.better - comparison.worse
        let counts = [comparison.better, ties, comparison.worse].map(String.init)
        return DataTable.Cell(
            counts.joined(separator: " – "), detail: duel.verdict == .open ? "" : duel.verdict.rawValue,
            values: counts + ["\(comparison.test.pValue)", duel.verdict.rawValue],
            order: Double(comparison.better - comparison.worse))
    }
}
