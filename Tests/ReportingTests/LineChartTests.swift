import Evaluation
import NumericCore
import Reporting
import Testing

@Suite("Line charts")
struct LineChartTests {
    private let styles = [
        TerminalStyle.plain, TerminalStyle(unicode: true, colours: .none),
        TerminalStyle(unicode: true, colours: .many),
    ]

    private func decay(_ name: String, steps: Int = 100, rate: Double = 0.5) -> LineChart.Series {
        let steps = (0..<steps).map(Double.init)
        let loss = steps.map { 2.3 / pow(1 + $0, rate) }
        return .init(name, x: steps, median: loss, low: loss.map { $0 * 0.9 }, high: loss.map { $0 * 1.1 })
    }

    private func chart(_ series: [LineChart.Series], scale: ChartScale = .logarithmic) -> LineChart {
        LineChart(
            title: "A & B <title>", xLabel: "step", yLabel: "loss", caption: "Median.", yScale: scale, series: series)
    }

    /// Series that are awkward to draw: empty, one point, constant, zero, with gaps, far away, huge, with odd names.
    private var awkward: [LineChart.Series] {
        [
            .init("", x: [], median: []),
            .init("one", x: [3], median: [1]),
            .init("constant", x: [0, 1, 2], median: [1, 1, 1]),
            .init("zero", x: [0, 1], median: [0, 0]),
            .init(
                "gaps", x: [0, 1, 2, 3], median: [1, .nan, .infinity, 2], low: [0, 0, 0, 0],
                high: [2, .infinity, 3, .nan]),
            .init("tiny", x: [0, 1], median: [1e-300, 1e-290]),
            .init("huge", x: [0, 1e9], median: [1, 1e300]),
            .init("\"<&>'\u{1}" + String(repeating: "long ", count: 40), x: [0, 5], median: [1, 2]),
        ]
    }

    // MARK: SVG

    @Test(
        "SVG is well-formed and finite for awkward series, alone and together",
        arguments: [
            ChartScale.linear, .logarithmic, .powersOfTwo,
        ])
    func wellFormed(scale: ChartScale) {
        for series in awkward.map({ [$0] }) + [awkward, [], [decay("a"), decay("b", steps: 5000)]] {
            for appearance in [Appearance.automatic, .light, .dark] {
                let svg = chart(series, scale: scale).svg(appearance: appearance)
                #expect(isBalanced(svg))
                #expect(!svg.contains("nan") && !svg.contains("inf") && !svg.contains("\u{1}"))
            }
        }
    }

    @Test("Names, titles and captions are escaped")
    func escaping() {
        let svg = chart([decay("<script>\"x\" & 'y'")]).svg()
        #expect(svg.contains("&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;"))
        #expect(svg.contains("A &amp; B &lt;title&gt;") && !svg.contains("<script"))
    }

    @Test("Dark colours come with the reader's preference or on demand")
    func appearance() {
        let chart = chart([decay("a")])
        #expect(chart.svg().contains("@media (prefers-color-scheme:dark)"))
        #expect(!chart.svg(appearance: .dark).contains("@media"))
        #expect(chart.svg(appearance: .dark).contains("#15181c"))
        #expect(!chart.svg(appearance: .light).contains("#15181c"))
    }

    @Test("Long curves are thinned, and keep their ends and their mean")
    func thinning() {
        let long = decay("a", steps: 10_000)
        let thin = long.thinned(to: 350)
        #expect(thin.x.count == 350 && thin.low.count == 350)
        #expect(thin.x.first == 0 && thin.x.last == 9999)
        #expect(zip(thin.x, thin.x.dropFirst()).allSatisfy { $0 < $1 })
        #expect(chart([long]).svg().utf8.count < 25_000)
        #expect(decay("a", steps: 350).thinned(to: 350).median == decay("a", steps: 350).median)
    }

    // MARK: Axes

    @Test(
        "Ticks are round, rising, inside, and not too many",
        arguments: [
            (0.11, 0.4), (0.2, 2.3), (0.01, 3), (1e-9, 10), (1e-40, 1e10), (0.3, 0.31), (7, 7), (1000, 5_000_000),
        ])
    func ticks(low: Double, high: Double) {
        for scale in [ChartScale.linear, .logarithmic, .powersOfTwo] {
            let axis = Axis(scale, fitting: [low, high], padding: 0.04, labels: 7)
            let labelled = axis.ticks.filter { !$0.label.isEmpty }
            #expect((1...11).contains(labelled.count), "\(scale) \(labelled.map(\.label))")
            #expect(axis.ticks.allSatisfy { (-1e-6...1 + 1e-6).contains(axis.position($0.value) ?? -1) })
            #expect(zip(axis.ticks, axis.ticks.dropFirst()).allSatisfy { $0.value < $1.value })
            #expect(Set(labelled.map(\.label)).count == labelled.count, "\(scale) \(labelled.map(\.label))")
            #expect(labelled.allSatisfy { $0.plainLabel.allSatisfy(\.isASCII) })
        }
    }

    @Test("Few decades are labelled between, many are thinned")
    func decades() {
        func labels(_ low: Double, _ high: Double) -> [String] {
            Axis(.logarithmic, fitting: [low, high], padding: 0, labels: 7).ticks.map(\.label).filter { !$0.isEmpty }
        }
        #expect(labels(0.1, 10) == ["0.1", "0.2", "0.5", "1", "2", "5", "10"])
        #expect(labels(0.3, 2.3) == ["0.3", "0.5", "0.7", "1", "2"])
        #expect(labels(0.0001, 1) == ["0.0001", "0.001", "0.01", "0.1", "1"])
        #expect(labels(1e-12, 1) == ["10⁻¹²", "10⁻¹⁰", "10⁻⁸", "10⁻⁶", "0.0001", "0.01", "1"])
        let rates = Axis(.powersOfTwo, fitting: [0x1p-6, 0x1p-3], padding: 0, labels: 7)
        #expect(rates.ticks.map(\.label).contains("2⁻⁵") && rates.ticks.map(\.plainLabel).contains("2^-5.5"))
    }

    // MARK: Terminal

    @Test("Terminal charts keep to their width and height, also for awkward series")
    func terminalSize() {
        for style in styles {
            for series in awkward.map({ [$0] }) + [awkward, [decay("a"), decay("b", steps: 5000)], []] {
                for width in [30, 80, 131] {
                    let lines = withoutColours(chart(series).terminal(width: width, height: 10, style: style))
                        .split(separator: "\n", omittingEmptySubsequences: false)
                    #expect(lines.allSatisfy { $0.count <= width }, "\(lines)")
                    let axis = lines.firstIndex { $0.contains("└") || $0.contains("--") }
                    #expect(axis == 12, "a title, the label, ten rows: \(lines)")
                }
            }
        }
    }

    @Test("Plain charts are ASCII with a mark for each series; coloured ones have an escape for each")
    func terminalStyles() {
        let chart = chart([decay("slow", rate: 0.2), decay("fast", rate: 1)])
        let plain = chart.terminal(width: 80, height: 12, style: .plain)
        #expect(plain.utf8.allSatisfy { $0 < 128 && $0 != 0x1B })
        #expect(plain.contains("* slow   + fast"))
        let coloured = chart.terminal(width: 80, height: 12, style: styles[2])
        #expect(coloured.contains("\u{1B}[38;5;33m") && coloured.contains("\u{1B}[38;5;208m"))
        #expect(!chart.terminal(width: 80, height: 12, style: styles[1]).contains("\u{1B}"))
    }

    @Test("A falling curve falls from the top left to the bottom right")
    func terminalShape() {
        let chart = LineChart(
            title: "", xLabel: "x", yLabel: "y", yScale: .linear,
            series: [.init("line", x: [0, 1], median: [1, 0])])
        let rows = chart.terminal(width: 40, height: 8, style: .plain).split(separator: "\n").filter {
            $0.contains("|") || $0.contains(" +") && !$0.contains("--")
        }
        let columns = rows.compactMap { $0.firstIndex(of: "*")?.utf16Offset(in: $0) }
        #expect(columns.count == 8)
        #expect(zip(columns, columns.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("A race's chart has a series for each optimizer, and a ceiling above its starts")
    func race() {
        let result = RaceResult(
            optimizee: "bowl", steps: 3, problems: 2,
            results: [
                OptimizerResult(
                    optimizer: "bad", finalLoss: [.infinity, 1], curve: [[2, 1e30, .infinity], [2, 1e20, 1]],
                    stateBytesPerParameter: 0, diverged: 1),
                OptimizerResult(
                    optimizer: "good", finalLoss: [0.5, 1], curve: [[2, 1, 1], [2, 1, 0.5]],
                    stateBytesPerParameter: 0,
                    diverged: 0),
            ])
        let chart = result.chart()
        #expect(chart.title == "bowl, 3 steps" && chart.series.map(\.name) == ["bad", "good"])
        #expect(chart.series[1].median == [2, 1, 0.75])
        #expect(chart.caption == "Median and quartiles of 2 runs. Diverged: bad: 1 of 2 runs.")
        #expect(chart.ceiling == 10)
        #expect(pow(10, chart.yAxis(labels: 7).upper) < 20)
    }

    // MARK: Helpers

    private func withoutColours(_ text: String) -> String {
        text.replacing(/\u{1B}\[[0-9;]*m/, with: "")
    }

    /// Whether every element that opens closes, in order.
    private func isBalanced(_ svg: String) -> Bool {
        var open: [Substring] = []
        for tag in svg.matches(of: /<(\/?)([a-z]+)[^<>]*?(\/?)>/) {
            if tag.1 == "/" {
                guard open.popLast() == tag.2 else { return false }
            } else if tag.3.isEmpty {
                open.append(tag.2)
            }
        }
        return open.isEmpty
    }
}
