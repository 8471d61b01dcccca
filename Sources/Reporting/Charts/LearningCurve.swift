import Evaluation
public import MetaTraining
import Statistics

/// How a meta-training run's loss fell.
public struct LearningCurve: Sendable {
    private let metrics: [MetaTrainingMetrics]
    /// Points that a curve shows at most: single iterations meet tasks too different to be compared.
    private static let points = 120

    public init(_ metrics: [MetaTrainingMetrics]) { self.metrics = metrics.filter { $0.metaLoss != nil } }

    /// Median and quartiles of the meta-loss over stretches of iterations, and of the last period's.
    public func chart(title: String) -> LineChart {
        let stretch = max(1, (metrics.count + Self.points - 1) / Self.points)
        let groups = stride(from: 0, to: metrics.count, by: stretch).map {
            metrics[$0..<min($0 + stretch, metrics.count)]
        }
        func series(_ name: String, _ loss: (MetaTrainingMetrics) -> Double?) -> LineChart.Series {
            let values = groups.map { Statistics($0.compactMap(loss)) }
            return LineChart.Series(
                name, x: groups.map { Double($0.last!.iteration) }, median: values.map(\.median),
                low: values.map { $0.quantile(0.25) }, high: values.map { $0.quantile(0.75) })
        }
        return LineChart(
            title: title, xLabel: "meta-iteration", yLabel: "meta-loss",
            caption: stretch > 1 ? "Median and quartiles over \(stretch) iterations." : "",
            series: [
                series("mean of all periods") { $0.metaLoss },
                series("last period") { $0.periodLosses.last ?? nil },
            ])
    }
}
