public import Evaluation
import RandomNumbers
import Statistics

extension RaceResult {
    /// One row for each optimizer, the best median final loss first.
    public func table() -> TextTable {
        var table = TextTable([
            .init("optimizer"), .init("final loss", .right), .init("quartiles", .right), .init("mean ± s.e.", .right),
            .init("diverged", .right), .init("ms/step", .right), .init("update ms", .right),
            .init("B/param", .right), .init("rates", .right), .init("s to target", .right),
            .init("with tuning", .right),
        ])
        let clock = clock()
        let order = results.indices.sorted {
            (results[$0].finalStatistics.median, $0) < (results[$1].finalStatistics.median, $1)
        }
        for result in order.map({ results[$0] }) {
            let final = result.finalStatistics
            let hasSpread = final.count > 1 && final.median.isFinite
            table.rows.append([
                result.label,
                numberText(final.median),
                hasSpread ? "\(numberText(final.quantile(0.25))) – \(numberText(final.quantile(0.75)))" : "",
                hasSpread
                    ? numberText(final.mean)
                        + (final.mean.isFinite ? " ± \(numberText(final.standardError, digits: 2))" : "")
                    : "",
                result.diverged > 0 ? "\(result.diverged) of \(problems)" : "",
                result.millisecondsPerStep.map { numberText($0, digits: 3) } ?? "",
                result.millisecondsPerUpdate.map { numberText($0, digits: 3) } ?? "",
                "\(result.stateBytesPerParameter)",
                result.trials.map(String.init) ?? "",
                clock.map { secondsText($0[result.label]?.secondsToTarget) } ?? "",
                clock.map { secondsText($0[result.label]?.secondsWithTuning) } ?? "",
            ])
        }
        return table
    }

    /// `table()` in a terminal's width: without the less important columns where it has too few.
    public func table(width: Int) -> TextTable {
        table().fitting(width, dropping: ["update ms", "mean ± s.e.", "B/param", "s to target", "quartiles"])
    }

    /// The loss curves: each optimizer's median over the problems, and the quartiles.
    ///
    /// - Parameters:
    ///   - title: above the chart; else the optimizee and the number of steps.
    ///   - axis: what the curves are drawn over. An optimizer whose steps were not timed has none over seconds.
    public func chart(title: String? = nil, axis: TimeAxis = .steps) -> LineChart {
        let series = results.compactMap { result -> LineChart.Series? in
            guard let places = axis.places(of: result, steps: steps) else { return nil }
            let band = CurveBand(result.curve, steps: steps)
            return LineChart.Series(
                result.label, x: places, median: band.median, low: problems > 1 ? band.low : [],
                high: problems > 1 ? band.high : [])
        }
        let starts = series.compactMap { $0.median.first }.filter(\.isFinite)
        let diverged = results.filter { $0.diverged > 0 }.map { "\($0.label): \($0.diverged) of \(problems) runs" }
        return LineChart(
            title: title ?? "\(optimizee), \(numberText(Double(steps), digits: 9, trimsZeros: true)) steps",
            xLabel: axis.label, yLabel: "minibatch loss",
            caption: (problems > 1 ? "Median and quartiles of \(problems) runs." : "One run.")
                + (diverged.isEmpty ? "" : " Diverged: \(diverged.joined(separator: ", "))."),
            xScale: axis.scale(of: series), ceiling: starts.max().map { 5 * $0 }, series: series)
    }

    /// The first optimizer against each other one, problem by problem, a line each; nil where there is no other, or one problem.
    public var duelsText: String? {
        guard let first = results.first, results.count > 1, problems > 1 else { return nil }
        let bootstrap = Bootstrap(key: RandomKey(seed: seed ?? 0))
        let lines = results.dropFirst().map { "than \($0.label): \(Duel(first, against: $0, bootstrap).text)" }
        return "\(first.label) ends, problem by problem,\n" + lines.map { "  \($0)\n" }.joined()
    }

    /// What the clock says in sentences: who is where the best hand-designed optimizer ends, when, and after how many problems
    /// a meta-training has paid; nil where no step was timed or nothing is the target.
    public var clockText: String? {
        guard let clock = clock(), let target = clock[clock.target], let own = target.secondsToTarget else {
            return nil
        }
        let tuning =
            target.tuningSeconds > 0 ? ", \(secondsText(target.secondsWithTuning)) with the tuning of its rate" : ""
        let others = clock.optimizers.filter { $0.label != target.label }.map { entry in
            "\(entry.label) \(entry.secondsToTarget.map { secondsText($0) } ?? "never")"
        }
        let sentences = [
            "By the clock, to where \(target.label) ends: \(secondsText(own))\(tuning)"
                + (others.isEmpty ? "." : "; \(others.joined(separator: ", ")).")
        ]
        return (sentences + clock.optimizers.compactMap(\.breakEvenText)).joined(separator: " ")
    }
}

extension WallClock.Entry {
    /// After how many problems its meta-training has paid; nil where nobody noted how long it took.
    var breakEvenText: String? {
        guard let minutes = trainingMinutes, let problems = breakEvenProblems else { return nil }
        let training = "The \(numberText(minutes, digits: 3, trimsZeros: true)) min that \(label) was trained"
        guard problems.isFinite else { return "\(training) are not paid back on such problems." }
        let count = numberText(problems.rounded(.up), digits: 3, trimsZeros: true)
        return "\(training) are paid back after \(count) such problems, each with its own tuning."
    }
}

/// Seconds as `12 ms`, `1.25 s` or `7.5 min`; empty where there are none.
public func secondsText(_ seconds: Double?) -> String {
    guard let seconds, seconds.isFinite else { return "" }
    if seconds < 1 { return "\(numberText(1000 * seconds, digits: 3, trimsZeros: true)) ms" }
    if seconds < 120 { return "\(numberText(seconds, digits: 3, trimsZeros: true)) s" }
    return "\(numberText(seconds / 60, digits: 3, trimsZeros: true)) min"
}

extension SweepResult {
    /// One row for each learning rate, rising, with the best one marked.
    public func table() -> TextTable {
        let rows = trials.map { trial in
            let final = Statistics(trial.finalLosses)
            return [
                trial.text,
                numberText(trial.learningRate),
                numberText(final.mean),
                numberText(final.median),
                trial.diverged > 0 ? "\(trial.diverged) of \(trial.finalLosses.count)" : "",
                trial == best ? "best" : "",
            ]
        }
        return TextTable(
            [
                .init("lr"), .init("", .right), .init("mean final loss", .right), .init("median", .right),
                .init("diverged", .right), .init(""),
            ], rows: rows)
    }

    /// The final loss at each learning rate, as a series for a chart with `xScale: .powersOfTwo`.
    public func series(_ name: String) -> LineChart.Series {
        let statistics = trials.map { Statistics($0.finalLosses) }
        let hasSpread = statistics.contains { $0.count > 1 }
        return LineChart.Series(
            name, x: trials.map(\.learningRate), median: statistics.map(\.median),
            low: hasSpread ? statistics.map { $0.quantile(0.25) } : [],
            high: hasSpread ? statistics.map { $0.quantile(0.75) } : [])
    }
}
