public import Explanation
import Mustache
import Reporting

extension Explanation {
    /// The explanation as one HTML page in the style of the reports.
    ///
    /// - Parameters:
    ///   - command: the command line that gives it again.
    ///   - version: the program's.
    public func html(command: String, version: String) throws -> String {
        try HTMLReport.render(
            PackageResources.explanation_mustache, ExplanationPage(self, command: command, version: version))
    }
}

/// What the template shows; it finds the properties by their names.
private struct ExplanationPage {
    struct Section {
        let id: String
        let title: String
        let svg: String
        let reading: String
        let finding: String
        let file: String
        let data: String
    }

    let label: String
    let style = HTMLReport.text(PackageResources.style_css)
    let script = HTMLReport.text(PackageResources.script_js)
    let facts: [Page.Fact]
    let command: String
    let figures: [Section]
    let run: String
    let symmetry: String
    let table: Table

    init(_ explanation: Explanation, command: String, version: String) {
        label = explanation.label
        facts = [
            ("Version", version), ("Run on", explanation.run.optimizee), ("Steps", "\(explanation.steps)"),
            ("Seed", "\(explanation.seed)"), ("State", "\(explanation.stateBytesPerParameter) bytes a parameter"),
        ].map { Page.Fact(name: $0.0, value: $0.1) }
        self.command = command
        figures = explanation.parts.map { part in
            let download = Download("", file: "\(part.id).csv", csv: LineChart.csv([part.chart]))
            return Section(
                id: part.id, title: part.title, svg: part.chart.inlineSVG(), reading: part.reading,
                finding: part.finding, file: download.file, data: download.data)
        }
        run = explanation.runText
        symmetry = explanation.symmetry
        table = Table("", explanation.tensorTable(), file: "tensors.csv", isOpen: true)
    }
}
