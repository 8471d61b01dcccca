import Evaluation

/// What loss curves are drawn over.
public enum TimeAxis: String, Sendable, CaseIterable {
    /// Steps, which are the same on every machine.
    case steps
    /// Seconds of wall-clock time, the optimizer's own included.
    case seconds

    /// What the axis is called.
    public var label: String { self == .steps ? "step" : "seconds" }

    /// Where an optimizer's losses stand; nil over seconds where its steps were not timed.
    func places(of result: OptimizerResult, steps: Int) -> [Double]? {
        switch self {
        case .steps: return (0..<steps).map(Double.init)
        case .seconds:
            guard let milliseconds = result.millisecondsPerStep, milliseconds > 0 else { return nil }
            return (1...steps).map { Double($0) * milliseconds / 1000 }
        }
    }

    /// Optimizers whose steps take times that are far apart need a logarithmic axis.
    func scale(of series: [LineChart.Series]) -> ChartScale {
        guard self == .seconds else { return .linear }
        let ends = series.compactMap(\.x.last)
        return (ends.max() ?? 1) > 4 * (ends.min() ?? 1) ? .logarithmic : .linear
    }
}
