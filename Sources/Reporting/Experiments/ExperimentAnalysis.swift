import Evaluation
import NumericCore
import Optimizers
public import PaperExperiments
import Statistics

/// What the experiments of a reproduction say: the numbers and sentences that text, CSV and HTML show alike.
///
///     let analysis = ReproductionAnalysis(result)
///     for experiment in analysis.experiments { print(experiment.claim, experiment.summary().text.text()) }
public struct ReproductionAnalysis: Sendable {
    /// What is analysed.
    public let result: ReproductionResult
    /// In the result's order.
    public let experiments: [ExperimentAnalysis]

    /// Analyses every panel once; intervals come from the result's seed, so that the same result reads the same.
    ///
    /// - Parameter resamples: how many resamples intervals are read off.
    public init(_ result: ReproductionResult, resamples: Int = 10_000) {
        let bootstrap = Bootstrap(key: RandomKey(seed: result.seed), resamples: resamples)
        self.result = result
        let analyses = Dictionary(
            result.panels.map { ($0.id, PanelAnalysis($0, bootstrap)) },
            uniquingKeysWith: { first, _ in first })
        experiments = result.experiments.map { experiment in
            let panels = result.panels(of: experiment)
            let analysed = panels.compactMap { analyses[$0.id] ?? nil }
            return ExperimentAnalysis(
                experiment: experiment, panels: panels, analyses: analysed,
                rows: experiment.figure == .table ? RowsAnalysis(analysed, bootstrap) : nil)
        }
    }
}

/// What an experiment says.
public struct ExperimentAnalysis: Sendable {
    /// What was asked.
    public let experiment: ExperimentResult
    /// Its panels, with those that were skipped.
    public let panels: [PanelResult]
    /// Those panels that have a race.
    public let analyses: [PanelAnalysis]
    /// What the panels say together, for an experiment that is a table of many.
    public let rows: RowsAnalysis?

    /// The analysis of a panel; nil where it was skipped.
    public func analysis(of panel: PanelResult) -> PanelAnalysis? { analyses.first { $0.panel.id == panel.id } }

    /// Whether there is a tuned optimizer that learned ones are measured against; ablations have none.
    public var isMeasured: Bool { analyses.first?.hasOpponent == true }

    /// The panels that were skipped.
    public var skipped: [PanelResult] { panels.filter { analysis(of: $0) == nil } }

    /// Those panels whose tuned learning rates can be compared with the paper's, with how many grid steps lie between.
    public var tuning: [(panel: PanelResult, sweep: SweepRecord, distance: Int)] {
        panels.compactMap { panel in
            guard let paper = panel.panel.paperBaseline else { return nil }
            return panel.sweeps.lazy.compactMap { sweep in
                sweep.distance(to: paper).map { (panel, sweep, $0) }
            }.first
        }
    }

    /// Whether learned optimizers are also held against the strongest hand-designed ones.
    public var hasStrongest: Bool { analyses.contains { $0.strongest != nil } }

    /// One row for each panel: the subject against the best tuned one, the strongest if that was searched for, and the
    /// untuned optimizer; and the paper's tuning beside ours.
    public func summary() -> DataTable {
        let name = isMeasured ? analyses[0].subject.name : "lowest"
        return DataTable(
            [
                .init("problem", "problem", "panel", isNumeric: false), .init("steps", "steps"),
                .estimate(name, "final_loss", help: "Median final loss with its bootstrap 95 % interval."),
                .estimate(
                    hasStrongest ? "paper's seven" : "best tuned", "best_tuned_loss",
                    help: "The same of the tuned optimizer with the lowest mean."),
                .init("which", "which", "learning_rate", isNumeric: false),
                .estimate(
                    "ratio", "loss_ratio",
                    help: "\(name) divided by the best tuned, problem by problem: median and bootstrap 95 % interval."
                ),
                .init(
                    "lower–equal–higher", "pairs_won", "pairs_tied", "pairs_lost", "p_value", "verdict",
                    isNumeric: false,
                    help: "In how many runs \(name) ends lower, equal and higher than the best tuned."),
                .init(
                    "runs", "tuning_runs", help: "How many runs it took to tune all of them."),
                .estimate(
                    "strongest", "strongest_loss",
                    help: "The final loss of the strongest hand-designed optimizer, schedules included."),
                .init("which is", "strongest_optimizer", isNumeric: false),
                .estimate("ratio to it", "strongest_ratio", help: "\(name) divided by the strongest."),
                .init(
                    "against it", "strongest_pairs_won", "strongest_pairs_tied", "strongest_pairs_lost",
                    "strongest_p_value", "strongest_verdict", isNumeric: false,
                    help: "In how many runs \(name) ends lower, equal and higher than the strongest."),
                .init("its runs", "strongest_runs", help: "How many runs it took to find the strongest."),
                .init("untuned", "untuned_loss", help: "AdamW as it comes: no rate was tried."),
                .init("paper's tuning", "paper_tuning", isNumeric: false),
                .init("ours", "own_learning_rate", "grid_steps_apart", isNumeric: false),
                .init("note", "skipped", isNumeric: false),
            ], rows: panels.map(row))
    }

    private func row(_ panel: PanelResult) -> DataTable.Row {
        let analysis = analysis(of: panel)
        let baseline = analysis?.baseline
        let strongest = analysis?.strongest
        let isDuel = analysis?.hasOpponent == true
        let named = baseline ?? analysis?.subject
        let tuning = tuning.first { $0.panel.id == panel.id }
        let rate = tuning.map { exp2(Double($0.sweep.best) / 2) }
        let apart = tuning.map { $0.distance == 0 ? "" : stepsApart($0.distance) } ?? ""
        return DataTable.Row([
            DataTable.Cell(panel.panel.title, values: [panel.panel.title, panel.id]), .count(panel.panel.steps),
            .estimate(analysis.flatMap { isDuel || baseline == nil ? $0.subject.final : nil }),
            .estimate(baseline?.final),
            DataTable.Cell(
                named?.result.label ?? "",
                values: [
                    named.map { $0.sweep?.text ?? $0.name } ?? "", named?.result.learningRate.map { "\($0)" } ?? "",
                ]),
            .estimate(isDuel ? baseline?.duel?.ratio : nil, digits: 3),
            .duel(isDuel ? baseline?.duel : nil), .count(panel.strongest == nil ? nil : panel.tuningRuns),
            .estimate(strongest?.final), DataTable.Cell(strongest?.result.label ?? ""),
            .estimate(isDuel ? strongest?.duel?.ratio : nil, digits: 3), .duel(isDuel ? strongest?.duel : nil),
            .count(panel.strongest?.runs),
            .number(panel.results(.untuned).first?.finalStatistics.median),
            DataTable.Cell(panel.sweeps.isEmpty ? "" : panel.panel.paperBaseline?.text ?? ""),
            DataTable.Cell(
                rate.map(learningRateText) ?? "", detail: apart,
                values: tuning.map { ["\(rate!)", "\($0.distance)"] } ?? ["", ""]),
            DataTable.Cell(analysis == nil ? "skipped" : "", values: [panel.skipped ?? ""]),
        ])
    }
}

/// For example `1 step off`.
func stepsApart(_ distance: Int) -> String { "\(distance) step\(distance == 1 ? "" : "s") off" }
