import Evaluation
import Files
import PaperExperiments
import Statistics

extension PanelAnalysis {
    /// Each optimizer's loss over the steps or over time, for a web page: the median over the runs, quartiles of those that
    /// matter. An optimizer whose steps were not timed has no curve over time.
    public func curvesChart(over axis: TimeAxis = .steps) -> LineChart {
        let series = race.results.indices.compactMap { index -> LineChart.Series? in
            let result = race.results[index]
            guard let places = axis.places(of: result, steps: race.steps) else { return nil }
            let band = CurveBand(result.curve, steps: race.steps)
            var series = LineChart.Series(
                shortName(index), x: places, median: band.median, low: race.problems > 1 ? band.low : [],
                high: race.problems > 1 ? band.high : [])
            series.style = index
            series.weight = weight(index)
            series.hasDots = false
            return series
        }
        let starts = series.compactMap { $0.median.first }.filter(\.isFinite)
        return LineChart(
            title: panel.panel.title, xLabel: axis.label, yLabel: "minibatch loss", xScale: axis.scale(of: series),
            ceiling: starts.max().map { 3 * $0 },
            series: series.filter { $0.weight != .quiet } + series.filter { $0.weight == .quiet })
    }

    /// The final loss at each learning rate: a series for each tuned optimizer, a level line for each learned one.
    public func ratesChart() -> LineChart {
        let rates = panel.sweeps.flatMap { $0.trials.map(\.learningRate) }
        let ends = [rates.min() ?? 1, rates.max() ?? 1]
        let learned = race.results.indices.filter { race.results[$0].role == .learned }
        let tuned = race.results.indices.filter { race.results[$0].role == .tuned }
        let lines = learned.map { index in
            var line = LineChart.Series(
                shortName(index), x: ends,
                median: Array(repeating: race.results[index].finalStatistics.median, count: 2))
            (line.style, line.hasDots, line.weight) = (index, false, weight(index))
            return line
        }
        let curves = zip(panel.sweeps, tuned).map { sweep, index in
            let statistics = sweep.trials.map { Statistics($0.losses) }
            var curve = LineChart.Series(
                sweep.text, x: sweep.trials.map(\.learningRate), median: statistics.map(\.median),
                low: statistics.map { $0.quantile(0.25) }, high: statistics.map { $0.quantile(0.75) })
            curve.style = index
            return curve
        }
        let lowest = (lines + curves).flatMap(\.median).filter(\.isFinite).min()
        return LineChart(
            title: panel.panel.title, xLabel: "learning rate", yLabel: "final loss", xScale: .powersOfTwo,
            ceiling: lowest.map { 30 * $0 }, series: lines + curves)
    }

    private func shortName(_ index: Int) -> String {
        standings.first { $0.result.optimizer == race.results[index].optimizer }?.shortName
            ?? race.results[index].label
    }

    /// The subject stands out; a tuned optimizer that is not the best one steps back.
    private func weight(_ index: Int) -> LineChart.Series.Weight {
        let result = race.results[index]
        guard let baseline else { return .normal }
        if result.optimizer == subject.result.optimizer { return .strong }
        return result.role == .tuned && result.optimizer != baseline.result.optimizer ? .quiet : .normal
    }
}

extension LineChart {
    /// How many points of a series CSV has at most; longer ones have means over equal stretches.
    private static let points = 1000

    /// What several charts show, as CSV (RFC 4180): `chart,series,x,median,low,high`.
    public static func csv(_ charts: [LineChart]) -> String {
        var csv = CSV("chart", "series", "x", "median", "low", "high")
        for chart in charts {
            for series in chart.series.map({ $0.thinned(to: points) }) {
                for index in series.x.indices {
                    let hasBand = !series.low.isEmpty
                    csv.add(
                        .text(chart.title), .text(series.name), .number(series.x[index]),
                        .number(series.median[index]), .number(hasBand ? series.low[index] : nil),
                        .number(hasBand ? series.high[index] : nil))
                }
            }
        }
        return csv.text
    }
}
