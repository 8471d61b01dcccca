import Evaluation
import PaperExperiments
import Statistics

extension RowsAnalysis {
    /// How far a profile is drawn.
    private static let limit = 4.0

    /// The performance profiles: of final losses, and of steps to where the best tuned optimizer ends.
    public func profileCharts() -> [LineChart] {
        [
            profileChart(losses, title: "Final loss", xLabel: "final loss, as a multiple of the lowest"),
            profileChart(steps, title: "Steps to target", xLabel: "steps to the target, as a multiple of the fewest"),
        ]
    }

    private func profileChart(_ profile: PerformanceProfile, title: String, xLabel: String) -> LineChart {
        let order = styles
        let series = standings.indices.map { place in
            let corners = profile.corners(of: place, upTo: Self.limit)
            // A step: the value before stays until the corner.
            let x = corners.indices.flatMap {
                $0 == 0 ? [corners[0].factor] : [corners[$0].factor, corners[$0].factor]
            }
            let shares = corners.indices.flatMap {
                $0 == 0 ? [corners[0].share] : [corners[$0 - 1].share, corners[$0].share]
            }
            var series = LineChart.Series(standings[place].name, x: x, median: shares)
            series.style = order[standings[place].name]
            series.weight = standings[place].name == subject ? .strong : .normal
            series.hasDots = false
            return series
        }
        var chart = LineChart(
            title: title, xLabel: xLabel, yLabel: "share of problems", xScale: .logarithmic, yScale: .linear,
            series: series.filter { $0.weight == .strong } + series.filter { $0.weight != .strong })
        chart.yIncludes = [0, 1]
        return chart
    }

    /// Each optimizer's place in the races, which decides its style.
    private var styles: [String: Int] {
        let first = panels[0]
        return Dictionary(
            first.race.results.enumerated().compactMap { index, result in
                first.standings.first { $0.result.optimizer == result.optimizer }.map { ($0.name, index) }
            }, uniquingKeysWith: { first, _ in first })
    }

    /// The subject's loss relative to the best tuned optimizer's, problem by problem.
    public func ratioChart() -> IntervalChart { ratioChart("the best tuned one's") { $0.baseline } }

    /// The same relative to the strongest hand-designed optimizer's; without rows where none was searched for.
    public func strongestRatioChart() -> IntervalChart { ratioChart("the strongest one's") { $0.strongest } }

    private func ratioChart(
        _ whose: String, opponent: (PanelAnalysis) -> PanelAnalysis.Standing?
    ) -> IntervalChart {
        IntervalChart(
            xLabel: "final loss, as a multiple of \(whose)",
            rows: panels.compactMap { panel in
                guard panel.hasOpponent, let duel = opponent(panel)?.duel else { return nil }
                return IntervalChart.Row(panel.panel.panel.title, duel.ratio, kind: duel.verdict.rawValue)
            })
    }
}
