import Evaluation
import NumericCore
import PaperExperiments
import Reporting
import Statistics
import Testing

@Suite("What experiments say")
struct AnalysisTests {
    private func experiment(_ id: String, of result: ReproductionResult) throws -> ExperimentAnalysis {
        try #require(sampleAnalysis(result).experiments.first { $0.experiment.id == id })
    }

    @Test("Standings are in the order of medians, and the first learned optimizer is the subject")
    func standings() throws {
        let panel = try #require(try experiment("E1", of: sampleResult()).analyses.first)
        #expect(panel.standings.map(\.name) == ["rnnprop", "adam", "sgd", "adamw untuned"])
        #expect(panel.subject.name == "rnnprop" && panel.baseline?.name == "adam")
        #expect(panel.standings[0].final.value == (0.8 * (0.3 * 1.02) * 1.002 + 0.8 * (0.3 * 1.03) * 1) / 2)
        #expect(panel.standings[1].shortName == "adam 2⁻⁵")
        let sgd = try #require(panel.standing("sgd"))
        #expect(sgd.final.high == .infinity, "a run that diverged takes part")
        #expect(sgd.duel?.comparison.better == 6)
        #expect(panel.standing("adam")?.time?.medianSteps == 29, "the target is where it ends")
    }

    @Test(
        "A win is called a win, a tie a tie, a loss a loss, and too few runs too few",
        arguments: [
            (
                6, 0.8, Duel.Verdict.win,
                "rnnprop wins against the best tuned optimizer, adam lr=2^-5: 0.246 against "
                    + "0.308, 20 % lower"
            ),
            (6, 1.0, .tie, "A tie between rnnprop"), (6, 1.2, .loss, "rnnprop loses against"),
            (5, 0.8, .win, "lower in 5 of 5 runs (p = 0.063)"), (4, 0.8, .open, "too few runs to decide"),
            (1, 3.5, .open, "3.5 times as high, in the one run"),
        ])
    func verdicts(problems: Int, learned: Double, verdict: Duel.Verdict, sentence: String) throws {
        var result = sampleResult(problems: problems, learned: learned)
        if verdict == .tie {
            // Alternately better and worse.
            let losses = result.panels[0].race!.results[3].finalLoss
            result.panels[0].race!.results[0].finalLoss = losses.enumerated().map { $1 * ($0 % 2 == 0 ? 0.9 : 1.11) }
        }
        let analysis = try experiment("E1", of: result)
        #expect(analysis.analyses[0].baseline?.duel?.verdict == verdict)
        #expect(analysis.conclusion.contains(sentence), "\(analysis.conclusion)")
        #expect(analysis.conclusion.contains("Diverged: sgd lr=2^1 in 1 of \(problems) runs."))
    }

    @Test(
        "The clock says who is sooner where the best tuned optimizer ends, beside the conclusions and not among them")
    func clock() throws {
        var result = sampleResult()
        result.panels[0].race!.results[0].trainingMinutes = 1
        let one = try experiment("E1", of: result)
        // 29 steps of 0.25 ms; 2 rates of 30 steps more.
        let sentence = try #require(one.clock.first)
        #expect(sentence.contains("adam itself in 7.25 ms, with the tuning of its rate in 22.3 ms"), "\(sentence)")
        #expect(sentence.contains("is paid back after") || sentence.contains("are paid back after"), "\(sentence)")
        #expect(!one.conclusion.contains("By the clock"))
        let rows = try experiment("rows", of: result)
        #expect(
            rows.clock.count == 1 && rows.clock[0].contains("on 2 of 2 problems, and on 2 where"), "\(rows.clock)")
        #expect(one.analyses[0].table().csv.contains("seconds_with_tuning"))
        let curves = one.analyses[0].curvesChart(over: .seconds)
        #expect(curves.xLabel == "seconds" && curves.series.allSatisfy { $0.x.first == 0.00025 })
        for index in result.panels[0].race!.results.indices {
            result.panels[0].race!.results[index].millisecondsPerStep = nil
        }
        let untimed = try experiment("E1", of: result)
        #expect(untimed.clock.isEmpty && untimed.analyses[0].curvesChart(over: .seconds).series.isEmpty)
    }

    @Test("Rows: ratios, verdicts over all problems, and the paper's learning rates")
    func rows() throws {
        let analysis = try experiment("rows", of: sampleResult())
        let rows = try #require(analysis.rows)
        #expect(rows.panels.count == 2 && rows.subject == "rnnprop")
        #expect(rows.standings.map(\.name) == ["rnnprop", "adam", "sgd", "adamw untuned"])
        #expect(rows.standings[1].verdicts == [.win: 2] && rows.standings[0].firsts == 2)
        #expect(rows.standings[0].areas.loss == 1 && rows.standings[2].diverged == 2)
        // The middle half of both problems' six ratios, worked out by hand: 0.8 (1 + i / 100)(1 + (i mod 3) / 1000) / 1.025.
        let ratios: [Double] = [1, 1.01 * 1.001, 1.02 * 1.002, 1.03, 1.04 * 1.001, 1.05 * 1.002].map {
            $0 * 0.8 / 1.025
        }
        let middle = (ratios + ratios).sorted()[3..<9].map { log($0) }
        #expect(abs(rows.standings[0].mean.value - exp(middle.reduce(0, +) / 6)) < 1e-12)
        #expect(analysis.outcome == "2 wins" && rows.standings[1].mean.hasInterval)
        #expect(analysis.tuning.map(\.distance) == [0, 4])
        #expect(analysis.conclusion.contains("2 wins (base MLP and ReLU)"))
        #expect(
            analysis.conclusion.contains(
                "within one grid step on 1 of 2 problems; not on ReLU, 2^-5 for the paper's adam 2^-7."))
        #expect(try experiment("E4", of: sampleResult()).conclusion.contains("None of the 5 pairs"))
    }

    @Test(
        "Whoever is best under a schedule is a rival of that name on every problem; the paper's rate stays a constant one"
    )
    func schedules() throws {
        let result = sampleResult(learned: 0.9, scheduled: 0.8)
        let panel = try #require(try experiment("E1", of: result).analyses.first)
        let best = try #require(panel.baseline)
        #expect(best.name == "best+cosine" && best.shortName == "adam, cosine 2⁻⁴" && best.duel?.verdict == .loss)
        #expect(panel.conclusion.contains("rnnprop loses against the best tuned optimizer, adam lr=2^-4 cosine=30"))
        let table = panel.table()
        #expect(table.rows[0].cells[0].text == "best+cosine" && table.rows[0].cells[0].detail == "adam")
        #expect(table.columns[0].help.contains("under a schedule"))
        #expect(panel.ratesChart().series.map(\.name) == ["rnnprop", "sgd", "adam", "adam, cosine"])
        let analysis = try experiment("rows", of: result)
        let rows = try #require(analysis.rows)
        #expect(rows.standings.map(\.name) == ["best+cosine", "rnnprop", "adam", "sgd", "adamw untuned"])
        #expect(rows.standings[0].trials == 4 && rows.standings[0].verdicts == [.loss: 2])
        #expect(analysis.outcome == "2 losses")
        #expect(analysis.tuning.map(\.sweep.best) == [-10, -10] && analysis.tuning.map(\.distance) == [0, 4])
        let lines = parsedCSV(analysis.summary().csv)
        let which = try #require(lines[0].firstIndex(of: "which"))
        #expect(lines.dropFirst().prefix(2).map { $0[which] } == ["adam, cosine", "sgd, cosine"])
        // Where it is no better, a constant rate remains the rival.
        let worse = try #require(try experiment("E1", of: sampleResult(scheduled: 1.2)).analyses.first)
        #expect(worse.baseline?.name == "adam" && worse.baseline?.duel?.verdict == .win)
        #expect(worse.standings.map(\.name) == ["rnnprop", "adam", "best+cosine", "sgd", "adamw untuned"])
    }

    @Test(
        "The strongest is a second bar: a standing of its own, columns of the summary, sentences",
        arguments: [(0.7, Duel.Verdict.loss), (0.9, .win)])
    func strongest(factor: Double, verdict: Duel.Verdict) throws {
        var result = sampleResult()
        for index in result.panels.indices where result.panels[index].sweeps.count == 2 {
            var own = try #require(result.panels[index].race?.results[3])
            own.optimizer = "nadam(1)"
            own.label = "nadam lr=2^-4 rsqrt=3"
            own.finalLoss = own.finalLoss.map { factor * $0 }
            own.trials = 90
            result.panels[index].strongest = StrongestResult(
                result: own, sweeps: [result.panels[index].sweeps[1]], runs: 1234)
        }
        let panel = try #require(try experiment("E1", of: result).analyses.first)
        #expect(panel.baseline?.name == "adam" && panel.baseline?.duel?.verdict == .win, "the first bar stays")
        #expect(panel.strongest?.duel?.verdict == verdict)
        let order = factor < 0.8 ? ["strongest", "rnnprop"] : ["rnnprop", "strongest"]
        #expect(panel.standings.map(\.name) == order + ["adam", "sgd", "adamw untuned"])
        #expect(
            panel.conclusion.contains(
                "Against the strongest hand-designed optimizer, nadam lr=2^-4 rsqrt=3, found in 1,234 runs, rnnprop is"
            ))
        #expect(!panel.conclusion.contains("Lowest of all"))
        let table = panel.table()
        let row = try #require(table.rows.first { $0.cells[0].text == "strongest" })
        #expect(row.cells[0].detail == "nadam lr=2^-4 rsqrt=3" && table.columns[0].help.contains("strongest is"))
        let analysis = try experiment("rows", of: result)
        let outcome = factor < 0.8 ? "2 losses" : "2 wins"
        #expect(
            analysis.conclusion.contains(
                "rnnprop against the strongest hand-designed optimizer of each problem: \(outcome)"))
        #expect(analysis.conclusion.contains("rnnprop against the best tuned optimizer of each problem: 2 wins"))
        let lines = parsedCSV(analysis.summary().csv)
        func column(_ name: String) throws -> String { lines[1][try #require(lines[0].firstIndex(of: name))] }
        #expect(try column("strongest_runs") == "1234" && column("strongest_verdict") == verdict.rawValue)
        #expect(try column("tuning_runs") == "30" && column("strongest_optimizer") == "nadam lr=2^-4 rsqrt=3")
        #expect(analysis.summary().columns.contains { $0.title == "paper's seven" })
        let rows = try #require(analysis.rows)
        #expect(rows.standings.first { $0.name == "strongest" }?.verdicts == [verdict: 2])
        #expect(rows.strongestRatioChart().rows.count == 2 && rows.ratioChart().rows.count == 2)
        #expect(try experiment("rows", of: sampleResult()).rows?.strongestRatioChart().rows.isEmpty == true)
        let plain = try experiment("rows", of: sampleResult()).summary()
        #expect(plain.columns.contains { $0.title == "best tuned" } && !plain.columns.contains { $0.title == "runs" })
    }

    @Test("Ablations compare the lowest with the others")
    func ablation() throws {
        let conclusion = try experiment("E9", of: sampleResult()).conclusion
        #expect(
            conclusion.hasPrefix("Lowest is rnnprop with, 100 iterations with 0.525; next, without, 100 iterations"))
    }

    @Test("Nothing is said of what was skipped but why")
    func skipped() throws {
        var result = sampleResult()
        result.experiments[0].panels = ["cifar-cnn@30"]
        let analysis = try experiment("E1", of: result)
        #expect(analysis.conclusion == "Nothing: every problem was skipped.")
        let text = analysis.text(width: 100, style: .plain)
        #expect(text.contains("Skipped: CNN on CIFAR-10. cifar: is <missing>; fetch it"))
    }

    @Test("Tables: text, and CSV with the numbers themselves")
    func tables() throws {
        let result = sampleResult(name: "a, \"b\"\n")
        let panel = try #require(try experiment("E1", of: result).analyses.first)
        let lines = parsedCSV(panel.table().csv)
        #expect(
            lines[0].prefix(6) == [
                "optimizer", "constants", "learning_rate", "trials", "final_loss", "final_loss_low",
            ])
        #expect(lines.allSatisfy { $0.count == lines[0].count } && lines.count == 5)
        for (line, standing) in zip(lines.dropFirst(), panel.standings) {
            #expect(line[0] == standing.name)
            #expect(Double(line[4]) == standing.final.value && Double(line[5]) == standing.final.low)
            #expect(Double(line[6]) == standing.final.high)
            let column = try #require(lines[0].firstIndex(of: "held_out_loss"))
            #expect(Double(line[column]) == Statistics(standing.result.heldOutLoss!).median)
            #expect(line[try #require(lines[0].firstIndex(of: "diverged"))] == "\(standing.result.diverged)")
        }
        let text = panel.table().text.text(style: .plain)
        #expect(text.contains("sgd") && text.contains("1 (of 6)") && text.contains("6 - 0 - 0 (win)"))
    }

    @Test("A figure's CSV has every point that is drawn")
    func figureData() throws {
        let panel = try #require(try experiment("E1", of: sampleResult()).analyses.first)
        let chart = panel.curvesChart()
        let lines = parsedCSV(LineChart.csv([chart]))
        #expect(lines.count == 1 + 4 * 30)
        let band = CurveBand(panel.race.results[0].curve, steps: 30)
        let own = lines.filter { $0[1] == "rnnprop" }
        #expect(own.map { Double($0[3]) } == band.median && own.map { Double($0[4]) } == band.low)
        let rates = parsedCSV(LineChart.csv([panel.ratesChart()])).filter { $0[1] == "sgd" }
        #expect(rates.map { Double($0[2]) } == [1, 2, 4] && rates.last?[3] == "inf")
    }
}
