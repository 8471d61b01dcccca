import Evaluation
import Foundation
import HTMLReport
import PaperExperiments
import Reporting
import TestSupport
import Testing

@Suite("The report's page")
struct PageTests {
    private func page(_ result: ReproductionResult) throws -> String { try HTMLReport(sampleAnalysis(result)).html() }

    @Test("Is well-formed, with a figure for each experiment, also of results that are hardly there")
    func wellFormed() throws {
        var empty = sampleResult()
        (empty.experiments, empty.panels) = ([], [])
        var skipped = sampleResult()
        skipped.panels = skipped.panels.map { PanelResult(id: $0.id, panel: $0.panel, skipped: "no data") }
        for result in [sampleResult(), sampleResult(problems: 1), sampleResult(name: hostileName), empty, skipped] {
            let html = try page(result)
            #expect(isBalanced(html))
            for experiment in result.experiments { #expect(html.contains("<section id=\"\(experiment.id)\">")) }
        }
    }

    @Test("Says who, when, where and how, what was found, and what was skipped")
    func content() throws {
        let html = try page(sampleResult())
        for text in [
            "1.2.3", "A processor, 2 cores", "2025-01-31 12:00 UTC", "l2o reproduce all &amp; &lt;b&gt;",
            "l2o reproduce E5 --out &#39;a b&#39;", "A quick look", "Figure E9.", "It wins.",
            "rnnprop wins against the best tuned optimizer, adam lr=2⁻⁵",
            "<b>Skipped: CNN on CIFAR-10.</b> cifar: is &lt;missing&gt;; fetch it",
            "How learning rates were searched for: every rate.",
        ] { #expect(html.contains(text), "\(text)") }
    }

    @Test("Names from data are escaped wherever they stand")
    func escaping() throws {
        var result = sampleResult(name: hostileName)
        for index in result.panels.indices {
            result.panels[index].panel.title += hostileName
            result.panels[index].search += hostileName
        }
        for index in result.experiments.indices {
            result.experiments[index].title += hostileName
            result.experiments[index].claim += hostileName
            result.experiments[index].command += hostileName
        }
        (result.version, result.machine, result.command) = (hostileName, hostileName, hostileName)
        let html = try page(result)
        #expect(isBalanced(html))
        #expect(html.ranges(of: "<script>").count == 1, "the page's own")
        #expect(!html.contains("\"\u{301}") && html.contains("&quot;\u{301} onload=&quot;"))
        #expect(html.contains("{{command}}"), "data are no template")
    }

    @Test("Needs nothing from anywhere")
    func selfContained() throws {
        let html = try page(sampleResult())
        #expect(
            !html.contains("http:") && !html.contains("https:") && !html.contains("src=") && !html.contains("url("))
        #expect(html.matches(of: /href="([^"]*)"/).allSatisfy { $0.1.hasPrefix("data:") || $0.1.hasPrefix("#") })
    }

    @Test("Carries the CSV of every figure and table")
    func downloads() throws {
        let result = sampleResult(name: hostileName)
        let analysis = sampleAnalysis(result)
        var files: [String: String] = [:]
        for link in try page(result).matches(
            of: /download="([^"]*)" href="data:text\/csv;charset=utf-8;base64,([^"]*)"/)
        {
            files[String(link.1)] = String(decoding: try #require(Data(base64Encoded: String(link.2))), as: UTF8.self)
        }
        let panel = try #require(analysis.experiments[0].analyses.first)
        let rows = try #require(analysis.experiments[4].rows)
        #expect(files["E1.csv"] == LineChart.csv([panel.curvesChart()]))
        #expect(files["E1-mnist-mlp-30.csv"] == panel.table().csv)
        #expect(files["E4.csv"] == LineChart.csv([panel.ratesChart()]))
        #expect(files["rows-together.csv"] == rows.table().csv)
        #expect(files["rows-problems.csv"] == analysis.experiments[4].summary().csv)
        #expect(files["rows-profiles.csv"] == LineChart.csv(rows.profileCharts()))
        #expect(files["rows-ratios.csv"] == rows.ratioChart().csv)
        #expect(files["E9-E9-mnist-mlp-30.csv"] != nil && files.count == 15)
    }
}

/// Whether every element is closed in its turn. The contents of `style` and `script` are text.
private func isBalanced(_ html: String) -> Bool {
    let text = html.replacing(/<(style|script)>.*?<\/(style|script)>/.dotMatchesNewlines(), with: "")
    var open: [Substring] = []
    for tag in text.matches(of: /<(\/?)([a-zA-Z0-9!]+)((?:"[^"]*"|[^"<>])*)>/) {
        if tag.2.hasPrefix("!") || tag.3.hasSuffix("/") { continue }
        if tag.1.isEmpty {
            open.append(tag.2)
        } else if open.popLast() != tag.2 {
            return false
        }
    }
    let rest = text.replacing(/<(\/?)([a-zA-Z0-9!]+)((?:"[^"]*"|[^"<>])*)>/, with: "")
    return open.isEmpty && !rest.contains("<") && !rest.contains(">")
}
