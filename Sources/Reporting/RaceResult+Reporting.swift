public import Evaluation
import Statistics

extension RaceResult {
    /// One row for each optimizer, the best median final loss first.
    public func table() -> TextTable {
        var table = TextTable([
            .init("optimizer"), .init("final loss", .right), .init("quartiles", .right), .init("mean ± s.e.", .right),
            .init("diverged", .right), .init("ms/step", .right), .init("update ms", .right),
            .init("B/param", .right), .init("rates", .right),
        ])
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
            ])
        }
        return table
    }

    /// `table()` in a terminal's width: without the less important columns where it has too few.
    public func table(width: Int) -> TextTable {
        table().fitting(width, dropping: ["update ms", "mean ± s.e.", "B/param"])
    }

    /// The loss curves: each optimizer's median over the problems, and the quartiles.
    ///
    /// - Parameter title: above the chart; else the optimizee and the number of steps.
    public func chart(title: String? = nil) -> LineChart {
        let places = (0..<steps).map(Double.init)
        let series = results.map { result in
            let band = CurveBand(result.curve, steps: steps)
            return LineChart.Series(
                result.label, x: places, median: band.median, low: problems > 1 ? band.low : [],
                high: problems > 1 ? band.high : [])
        }
        let starts = series.compactMap { $0.median.first }.filter(\.isFinite)
        let diverged = results.filter { $0.diverged > 0 }.map { "\($0.label): \($0.diverged) of \(problems) runs" }
        return LineChart(
            title: title ?? "\(optimizee), \(numberText(Double(steps), digits: 9, trimsZeros: true)) steps",
            xLabel: "step", yLabel: "minibatch loss",
            caption: (problems > 1 ? "Median and quartiles of \(problems) runs." : "One run.")
                + (diverged.isEmpty ? "" : " Diverged: \(diverged.joined(separator: ", "))."),
            ceiling: starts.max().map { 5 * $0 }, series: series)
    }
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
