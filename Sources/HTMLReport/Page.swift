import Evaluation
import Files
import PaperExperiments
import Platform
import Reporting

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the template shows; it finds the properties by their names.
struct Page {
    struct Fact {
        let name: String
        let value: String
    }

    let names: String
    let style: String
    let script: String
    let facts: [Fact]
    let quick: Bool
    let command: String
    let test: String
    let figures: [Figure]

    init(_ analysis: ReproductionAnalysis, style: String, script: String) {
        let result = analysis.result
        names = result.experiments.map(\.id).joined(separator: ", ")
        self.style = style
        self.script = script
        facts = [
            ("Version", result.version), ("Machine", result.machine ?? ""), ("Date", dateText(result.date ?? "")),
            ("Runs each", "\(result.problems)"), ("Seed", "\(result.seed)"),
        ].filter { !$0.1.isEmpty }.map { Fact(name: $0.0, value: $0.1) }
        quick = result.quick
        command = result.command
        test =
            if let significance = Duel.significance(pairs: result.problems) {
                "A win or a loss is what Wilcoxon's signed-rank test over \(result.problems) pairs calls significant at "
                    + "\(significance); anything else is a tie."
            } else {
                "\(result.problems == 1 ? "One pair is" : "\(result.problems) pairs are") too few for a paired test to call anything "
                    + "significant, and for an interval of a median: it is their range."
            }
        figures = analysis.experiments.map { Figure($0, result) }
    }
}

/// A link to data that the page carries with it.
struct Download {
    let title: String
    let file: String
    let data: String

    init(_ title: String, file: String, csv: String) {
        self.title = title
        self.file = file
        data = "data:text/csv;charset=utf-8;base64," + Data(csv.utf8).base64EncodedString()
    }
}

/// A table that is folded away, or not.
struct Table {
    struct Column {
        let title: String
        let help: String
        let isNumeric: Bool
    }

    struct Cell {
        let text: String
        let detail: String?
        let order: String
        let isNumeric: Bool
    }

    struct Row {
        let cells: [Cell]
        let isStrong: Bool
    }

    let title: String
    let verdict: String?
    let note: String?
    let isOpen: Bool
    let columns: [Column]
    let rows: [Row]
    let file: String
    let data: String

    init(
        _ title: String, _ table: DataTable, file: String, isOpen: Bool, verdict: String? = nil, note: String? = nil
    ) {
        self.title = title
        self.verdict = verdict
        self.note = note
        self.isOpen = isOpen
        columns = table.columns.map { Column(title: $0.title, help: $0.help, isNumeric: $0.isNumeric) }
        rows = table.rows.map { row in
            Row(
                cells: zip(row.cells, table.columns).map { cell, column in
                    Cell(
                        text: withPowers(cell.text), detail: cell.detail.isEmpty ? nil : cell.detail,
                        // As JavaScript spells it.
                        order: cell.order.map { $0 == .infinity ? "Infinity" : "\($0)" } ?? "",
                        isNumeric: column.isNumeric)
                }, isStrong: row.isStrong)
        }
        let download = Download("", file: file, csv: table.csv)
        (self.file, data) = (download.file, download.data)
    }
}

/// Powers of two as `2⁻⁵` instead of `2^-5`, which terminals without Unicode need.
func withPowers(_ text: String) -> String {
    text.replacing(/2\^(-?[0-9]+(?:\.5)?)/) { powerText(base: 2, exponent: String($0.output.1), unicode: true) }
}

/// `2025-12-31T23:59:59Z` as `2025-12-31 23:59 UTC`; what looks otherwise, as it is.
private func dateText(_ date: String) -> String {
    guard let match = date.wholeMatch(of: /([0-9-]{10})T([0-9]{2}:[0-9]{2}):[0-9]{2}Z/) else { return date }
    return "\(match.output.1) \(match.output.2) UTC"
}
