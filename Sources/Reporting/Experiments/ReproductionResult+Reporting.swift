public import Evaluation
import NumericCore

extension ReproductionResult {
    /// One row for each panel: the learned optimizers, the best tuned one and the untuned one by their median final loss,
    /// and what the paper's authors tuned beside what our sweep of the same optimizer found.
    public func table(_ experiment: ExperimentResult) -> TextTable {
        let panels = panels(of: experiment)
        var labels: [String] = []
        for result in panels.flatMap({ $0.results(.learned) }) where !labels.contains(result.label) {
            labels.append(result.label)
        }
        var table = TextTable(
            [.init("problem"), .init("steps", .right)] + labels.map { .init($0, .right) } + [
                .init("best tuned", .right), .init("which"), .init("adamw untuned", .right), .init("paper's tuning"),
                .init("ours"), .init("note"),
            ])
        for panel in panels {
            let tuned = panel.bestTuned
            table.rows.append(
                [panel.panel.title, "\(panel.panel.steps)"]
                    + labels.map { label in text(panel.results(.learned).first { $0.label == label }) }
                    + [
                        text(tuned), tuned?.label ?? "", text(panel.results(.untuned).first),
                        panel.sweeps.isEmpty ? "" : panel.panel.paperBaseline?.text ?? "", panel.ownTuning ?? "",
                        panel.skipped.map { "skipped: \($0)" } ?? "",
                    ])
        }
        return table
    }

    private func text(_ result: OptimizerResult?) -> String {
        guard let result else { return "" }
        let diverged = result.diverged > 0 ? " (\(result.diverged) diverged)" : ""
        return numberText(result.finalStatistics.median) + diverged
    }
}

extension PanelResult {
    /// The rate that our sweep found for the optimizer that the paper's authors tuned, as `2^-5 (1 step off)`.
    var ownTuning: String? {
        guard let paper = panel.paperBaseline, let sweep = sweeps.first(where: { $0.optimizer == paper.optimizer }),
            let distance = sweep.distance(to: paper)
        else { return nil }
        let rate = learningRateText(exp2(Double(sweep.best) / 2))
        return distance == 0 ? rate : "\(rate) (\(distance) step\(distance == 1 ? "" : "s") off)"
    }

    /// The final loss at each learning rate: a series for each tuned optimizer, a level line for each learned one.
    public func ratesChart() -> LineChart {
        let rates = sweeps.flatMap { $0.trials.map(\.learningRate) }
        let ends = [rates.min() ?? 1, rates.max() ?? 1]
        let lines = results(.learned).map { result in
            LineChart.Series(
                result.label, x: ends, median: Array(repeating: result.finalStatistics.median, count: 2))
        }
        let curves = sweeps.map { sweep in
            let statistics = sweep.trials.map { Statistics($0.losses) }
            return LineChart.Series(
                sweep.optimizer, x: sweep.trials.map(\.learningRate), median: statistics.map(\.median),
                low: statistics.map { $0.quantile(0.25) }, high: statistics.map { $0.quantile(0.75) })
        }
        return LineChart(
            title: "", xLabel: "learning rate", yLabel: "final loss", xScale: .powersOfTwo, series: lines + curves)
    }
}
