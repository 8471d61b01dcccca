import Evaluation
import NumericCore
import Reporting
import Testing

@Suite("Numbers as text")
struct NumberTextTests {
    @Test(
        "Significant digits, grouped thousands, powers at the far ends",
        arguments: [
            (0.31, 4, "0.3100"), (0.03125, 4, "0.03125"), (12_500, 4, "12,500"), (1234.56, 4, "1,235"),
            (999.96, 4, "1,000"), (-0.5, 2, "-0.50"), (3.14e-7, 3, "3.14e-07"), (2e12, 2, "2.0e+12"), (0, 4, "0"),
            (.infinity, 4, "∞"), (-.infinity, 4, "-∞"), (.nan, 4, "–"), (5, 1, "5"), (9.96, 2, "10"),
            (.leastNonzeroMagnitude, 15, "5e-324"), (1.5e308, 2, "1.5e+308"),
        ])
    func text(value: Double, digits: Int, expected: String) {
        #expect(numberText(value, digits: digits) == expected)
    }

    @Test("Zeros at the end can be left out")
    func trimming() {
        #expect(numberText(0.5, digits: 6, trimsZeros: true) == "0.5")
        #expect(numberText(100, digits: 6, trimsZeros: true) == "100")
        #expect(numberText(2e-9, digits: 3, trimsZeros: true) == "2e-09")
    }
}

@Suite("Tables")
struct TextTableTests {
    private let table = TextTable(
        [.init("name"), .init("loss", .right), .init("note")],
        rows: [["adam", "0.31", ""], ["a longer name", "∞", ""], ["short"]])

    @Test("Columns go, the least important first, until the table fits")
    func fitting() {
        #expect(table.fitting(19, dropping: ["loss"]).columns.map(\.title) == ["name", "loss", "note"])
        let narrow = table.fitting(13, dropping: ["note", "loss", "name"])
        #expect(narrow.columns.map(\.title) == ["name"])
        #expect(narrow.rows == [["adam"], ["a longer name"], ["short"]])
    }

    @Test("Columns are aligned, empty ones left out, and nothing trails")
    func unicode() {
        #expect(
            table.text(style: TerminalStyle(unicode: true, colours: .none)) == """
                name           loss
                ───────────────────
                adam           0.31
                a longer name     ∞
                short

                """)
    }

    @Test("Plain terminals get ASCII")
    func plain() {
        #expect(
            table.text(style: .plain) == """
                name           loss
                -------------------
                adam           0.31
                a longer name   inf
                short

                """)
    }

    @Test("A race's table has the best first and counts divergence")
    func race() {
        let result = RaceResult(
            optimizee: "bowl", steps: 2, problems: 2,
            results: [
                OptimizerResult(
                    optimizer: "bad", finalLoss: [.infinity, .infinity], curve: [[1, .infinity], [1, .infinity]],
                    stateBytesPerParameter: 0, diverged: 2),
                OptimizerResult(
                    optimizer: "good", finalLoss: [0.25, 0.75], curve: [[1, 1], [1, 1]], millisecondsPerStep: 1.5,
                    stateBytesPerParameter: 8, diverged: 0, trials: 17),
            ])
        #expect(
            result.table().text(style: TerminalStyle(unicode: true, colours: .none)) == """
                optimizer  final loss        quartiles    mean ± s.e.  diverged  ms/step  B/param  rates
                ────────────────────────────────────────────────────────────────────────────────────────
                good           0.5000  0.3750 – 0.6250  0.5000 ± 0.25               1.50        8     17
                bad                 ∞                                    2 of 2                 0

                """)
    }

    @Test("A race by the clock: columns, sentences, and curves over seconds")
    func clock() throws {
        func result(_ label: String, _ curve: [Float], _ milliseconds: Double, rate: Double?, minutes: Double? = nil)
            -> OptimizerResult
        {
            OptimizerResult(
                optimizer: label, label: label, finalLoss: [Double(curve[2])], curve: [curve],
                millisecondsPerStep: milliseconds, stateBytesPerParameter: 8, diverged: 0, learningRate: rate,
                trials: rate == nil ? nil : 4, trainingMinutes: minutes)
        }
        let race = RaceResult(
            optimizee: "bowl", steps: 3, problems: 1,
            results: [
                result("learned", [3, 1, 0.5], 2, rate: nil, minutes: 3), result("adam", [3, 2, 1], 500, rate: 0.5),
            ])
        let text = race.table().text(style: TerminalStyle(unicode: true, colours: .none))
        #expect(text.contains("s to target  with tuning") && text.contains("2 ms") && text.contains("7 s"), "\(text)")
        #expect(
            race.clockText == "By the clock, to where adam ends: 1 s, 7 s with the tuning of its rate; learned 2 ms. "
                + "The 3 min that learned was trained are paid back after 26 such problems, each with its own tuning."
        )
        let chart = race.chart(axis: .seconds)
        #expect(chart.series[1].x == [0.5, 1, 1.5] && chart.xLabel == "seconds")
        if case .logarithmic = chart.xScale {
        } else {
            Issue.record("times that are far apart need a logarithmic axis")
        }
        if case .linear = race.chart().xScale {} else { Issue.record("steps are on a linear axis") }
        #expect([0.0123, 1.5, 119, 150].map { secondsText($0) } == ["12.3 ms", "1.5 s", "119 s", "2.5 min"])
    }

    @Test("A race holds the first against each other one, problem by problem; one problem has nothing to say")
    func duels() {
        func result(_ label: String, _ finals: [Double]) -> OptimizerResult {
            OptimizerResult(
                optimizer: label, label: label, finalLoss: finals, curve: finals.map { [Float($0)] },
                stateBytesPerParameter: 8, diverged: 0)
        }
        func race(_ results: [OptimizerResult]) -> RaceResult {
            RaceResult(optimizee: "bowl", steps: 1, problems: results[0].finalLoss.count, results: results)
        }
        let losses = (1...6).map(Double.init)
        let text = race([
            result("ours", losses), result("double", losses.map { 2 * $0 }), result("same", losses),
        ]).duelsText
        #expect(
            text == """
                ours ends, problem by problem,
                  than double: 50 % lower, lower in 6 of 6 runs (p = 0.031)
                  than same: equal, lower in 0 of 6 runs (p = 1.0)

                """, "\(text ?? "")")
        #expect(race([result("ours", losses)]).duelsText == nil)
        #expect(race([result("ours", [1]), result("other", [2])]).duelsText == nil)
    }

    @Test("The style follows the terminal and the environment")
    func styles() {
        func style(_ environment: [String: String], terminal: Bool = true) -> TerminalStyle {
            TerminalStyle.style(environment: { environment[$0] }, isTerminal: terminal)
        }
        let modern = ["TERM": "xterm-256color", "LANG": "en_GB.UTF-8"]
        #expect(style(modern) == TerminalStyle(unicode: true, colours: .many))
        #expect(style(modern, terminal: false) == TerminalStyle(unicode: true, colours: .none))
        #expect(style(modern.merging(["NO_COLOR": "1"]) { $1 }).colours == .none)
        #expect(style(modern.merging(["LC_ALL": "C"]) { $1 }).unicode == false)
        #expect(style(["TERM": "xterm", "LC_CTYPE": "C.utf8"]) == TerminalStyle(unicode: true, colours: .sixteen))
        #expect(style(["TERM": "dumb", "LANG": "C"]) == .plain)
    }
}
