import Evaluation
import PaperExperiments
import Reporting

/// An experiment's section of the page.
struct Figure {
    struct Chart {
        let heading: String?
        let svg: String
        /// The same over seconds; nil where that is not what it shows, or nothing was timed.
        var seconds: String?
    }

    struct Skip {
        let title: String
        let reason: String
    }

    let id: String
    let number: String
    let title: String
    /// How the figure is to be read.
    let reading: String
    let conclusions: [String]
    let outcome: String?
    let paper: String?
    let command: String
    let hasCharts: Bool
    /// Whether a chart can be shown over seconds too.
    let hasSeconds: Bool
    /// What the clock says.
    let clock: [String]
    let isSingle: Bool
    let charts: [Chart]
    let skipped: [Skip]
    let tables: [Table]
    let downloads: [Download]

    init(_ analysis: ExperimentAnalysis, _ result: ReproductionResult) {
        let experiment = analysis.experiment
        id = experiment.id
        number = experiment.id == "rows" ? "Rows" : experiment.id
        title = experiment.title
        conclusions = analysis.conclusions.map(withPowers)
        outcome = analysis.outcome
        paper = experiment.claim.isEmpty ? nil : experiment.claim
        command = experiment.command
        skipped = analysis.skipped.map { Skip(title: $0.panel.title, reason: $0.skipped ?? "It has no runs.") }
        let drawing = Drawing(analysis, problems: result.problems)
        reading = drawing.reading
        charts = drawing.charts
        hasCharts = !charts.isEmpty
        hasSeconds = charts.contains { $0.seconds != nil }
        clock = analysis.clock.map(withPowers)
        isSingle = charts.count == 1
        downloads = drawing.downloads
        tables = Self.tables(analysis)
    }

    private static func tables(_ analysis: ExperimentAnalysis) -> [Table] {
        let id = analysis.experiment.id
        var tables: [Table] = []
        if let rows = analysis.rows {
            tables.append(Table("All problems together", rows.table(), file: "\(id)-together.csv", isOpen: true))
        }
        if analysis.panels.count > 1 {
            tables.append(
                Table(
                    "Problem by problem", analysis.summary(), file: "\(id)-problems.csv", isOpen: analysis.rows != nil
                ))
        }
        return tables
            + analysis.analyses.map { panel in
                let verdict = panel.hasOpponent ? panel.baseline?.duel?.verdict : nil
                return Table(
                    panel.panel.panel.title, panel.table(), file: "\(id)-\(fileName(panel.panel.id)).csv",
                    isOpen: analysis.panels.count == 1, verdict: verdict == .open ? nil : verdict?.rawValue,
                    note: note(panel, isAlone: analysis.panels.count == 1))
            }
    }

    /// What stands above a problem's table: what was found, unless that stands under the figure already, and how much
    /// tuning the others had.
    private static func note(_ panel: PanelAnalysis, isAlone: Bool) -> String? {
        let search = panel.panel.search
        let sentences =
            (isAlone ? [] : [withPowers(panel.conclusion)])
            + (search.isEmpty ? [] : ["How learning rates were searched for: \(search)."])
        return sentences.isEmpty ? nil : sentences.joined(separator: " ")
    }

    /// A panel's id as a part of a file's name.
    private static func fileName(_ id: String) -> String {
        String(id.map { $0.isASCII && ($0.isLetter || $0.isNumber) || "-_.".contains($0) ? $0 : "-" })
    }
}

/// What an experiment's figure draws.
private struct Drawing {
    var reading: String
    var charts: [Figure.Chart] = []
    var downloads: [Download] = []

    init(_ analysis: ExperimentAnalysis, problems: Int) {
        let runs = problems == 1 ? "one run" : "\(problems) runs"
        let spread = problems == 1 ? "One run" : "Median and quartiles of \(runs)"
        let id = analysis.experiment.id
        func add(_ lines: [LineChart]) {
            charts += lines.map { Figure.Chart(heading: lines.count > 1 ? $0.title : nil, svg: $0.inlineSVG()) }
        }
        switch analysis.experiment.figure {
        case .curves:
            reading =
                "Loss of the minibatch at each step. \(spread)"
                + (analysis.isMeasured
                    ? "; thin lines, medians alone, are tuned optimizers that are not the best one." : ".")
            let lines = analysis.analyses.map { $0.curvesChart() }
            add(lines)
            for (index, panel) in analysis.analyses.enumerated() {
                let timed = panel.curvesChart(over: .seconds)
                if !timed.series.isEmpty { charts[index].seconds = timed.inlineSVG() }
            }
            downloads = [Download("Curves as CSV", file: "\(id).csv", csv: LineChart.csv(lines))]
        case .learningRates:
            reading = "Final loss at each learning rate that was tried. \(spread); a learned optimizer has no rate."
            let lines = analysis.analyses.map { $0.ratesChart() }
            add(lines)
            downloads = [Download("Curves as CSV", file: "\(id).csv", csv: LineChart.csv(lines))]
        case .table:
            reading = "No problem has a race."
            guard let rows = analysis.rows else { return }
            for (heading, name, ratios) in [
                ("Against the best tuned optimizer", "Ratios", rows.ratioChart()),
                (
                    "Against the strongest hand-designed optimizer", "Ratios to the strongest",
                    rows.strongestRatioChart()
                ),
            ] where !ratios.rows.isEmpty {
                charts.append(Figure.Chart(heading: heading, svg: ratios.inlineSVG()))
                downloads.append(
                    Download(
                        "\(name) as CSV", file: "\(id)-\(name.lowercased().replacing(" ", with: "-")).csv",
                        csv: ratios.csv))
            }
            let lines = rows.profileCharts()
            add(lines)
            downloads.append(Download("Profiles as CSV", file: "\(id)-profiles.csv", csv: LineChart.csv(lines)))
            reading =
                "Left of 1, \(rows.subject) ends lower than the best tuned optimizer: medians over \(runs), each with its "
                + "\(Duel.spreadName(pairs: problems)). The profiles show on what share of the \(rows.panels.count) problems an optimizer comes "
                + "within a factor of the best one."
        }
    }
}
