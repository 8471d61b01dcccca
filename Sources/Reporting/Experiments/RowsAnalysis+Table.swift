import Evaluation

extension RowsAnalysis {
    /// A row for each optimizer: its interquartile mean, and how the subject does against it.
    public func table() -> DataTable {
        DataTable(
            [
                .init("optimizer", "optimizer", isNumeric: false, help: scheduleHelp(standings.map(\.name))),
                .estimate(
                    "loss ratio", "loss_ratio",
                    help: "Interquartile mean, over all runs of all problems, of the loss relative to the best tuned "
                        + "optimizer's median on the same problem, with its bootstrap 95 % interval."),
                .init("lowest on", "lowest", help: "On how many problems its median is the lowest of all."),
                .init(
                    "\(subject) vs it", "wins", "ties", "losses", "open", isNumeric: false,
                    help: "On how many problems \(subject) wins, ties and loses against it, by the signed-rank test."),
                .init("diverged", "diverged", help: "Runs that diverged, of all problems."),
                .init("trials", "trials", help: "Learning rates that were tried, of all problems."),
                .init(
                    "loss profile", "loss_profile_area",
                    help: "Area below the performance profile of final losses up to a factor of 4: 1 is the best."),
                .init(
                    "steps profile", "steps_profile_area",
                    help: "The same of steps to where the best tuned optimizer ends."),
            ],
            rows: standings.map { standing in
                DataTable.Row(
                    [
                        DataTable.Cell(standing.name), .estimate(standing.mean, digits: 3),
                        .count(standing.firsts, detail: "of \(panels.count)"), verdictCell(standing),
                        .count(standing.diverged), standing.trials > 0 ? .count(standing.trials) : DataTable.Cell(""),
                        .number(standing.areas.loss, digits: 3), .number(standing.areas.steps, digits: 3),
                    ], isStrong: standing.name == subject)
            })
    }

    private func verdictCell(_ standing: Standing) -> DataTable.Cell {
        guard !standing.verdicts.isEmpty else {
            return DataTable.Cell("", values: Array(repeating: "", count: 4))
        }
        let counts = Duel.Verdict.allCases.map { standing.verdicts[$0] ?? 0 }
        let open = counts[3] > 0 ? "\(counts[3]) undecided" : ""
        let isOpen = counts[3] == panels.count
        return DataTable.Cell(
            isOpen ? open : counts.prefix(3).map(String.init).joined(separator: " – "), detail: isOpen ? "" : open,
            values: counts.map(String.init), order: Double(counts[0] - counts[2]))
    }
}
