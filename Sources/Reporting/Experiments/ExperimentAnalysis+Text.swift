import Evaluation
import PaperExperiments

extension ExperimentAnalysis {
    /// What the experiment says, for a terminal: the question, what was found, tables, and a chart where there is one
    /// panel.
    ///
    /// - Parameters:
    ///   - width: the terminal's columns.
    ///   - style: what it can show.
    public func text(width: Int, style: TerminalStyle = .standardOutput) -> String {
        var parts = ["\n\(experiment.id)  \(experiment.title)"]
        let paragraphs = [
            ("The paper: ", experiment.claim), ("Found here: ", conclusion), ("", clock.joined(separator: " ")),
        ].filter { !$0.1.isEmpty }
        parts.append(paragraphs.flatMap { wrapped($0.0 + $0.1, width: width) }.joined(separator: "\n"))
        let reasons = skipped.map { "Skipped: \($0.panel.title). \($0.skipped ?? "It has no runs.")" }
        if !reasons.isEmpty { parts.append(reasons.joined(separator: "\n")) }
        if let rows { parts.append(rows.table().text.text(style: style)) }
        if panels.count > 1 {
            parts.append(summary().text.fitting(width, dropping: Self.minor).text(style: style))
        }
        if panels.count == 1, let analysis = analyses.first {
            parts.append(analysis.table().text.fitting(width, dropping: Self.minor).text(style: style))
            let isSweep = experiment.figure == .learningRates
            parts.append((isSweep ? analysis.ratesChart() : analysis.race.chart(title: "")).terminal(style: style))
        }
        return parts.joined(separator: "\n\n") + "\n"
    }

    /// Columns that a narrow terminal goes without, the least important first.
    private static let minor = [
        "B/param", "runs", "its runs", "trials", "seconds", "with tuning", "untuned", "held-out loss", "accuracy",
        "ms/step",
        "loss ratio",
        "steps to target", "lower–equal–higher", "against it", "ours", "paper's tuning",
    ]
}
