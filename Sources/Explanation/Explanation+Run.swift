import Optimizers
import Reporting

extension Explanation {
    /// The most tensors that a chart shows.
    private static let mostCurves = 8

    /// What each tensor of the real run was moved by, as plain gradient descent's learning rate.
    static func rates(_ run: TensorRates) -> Part {
        let ends = run.tensors.map(\.lateRate)
        let spread = (ends.max() ?? .nan) / (ends.min() ?? .nan)
        let early = run.tensors.map { $0.rates.first ?? .nan }
        let change = (ends.max() ?? .nan) / (early.max() ?? .nan)
        return Part(
            id: "rate",
            reading:
                "‖Δθ‖ over ‖g‖ on \(run.optimizee): the learning rate at which plain gradient descent would take a step as "
                + "long.\(shownText(run))",
            finding: run.tensors.count > 1
                ? "At the end the tensors' effective rates differ by a factor of \(ratioText(spread)); the largest is "
                    + "\(ratioText(change)) times the largest at the start."
                : "At the end the effective rate is \(ratioText(change)) times that of the start.",
            chart: chart(run, title: "Effective rate of each tensor", yLabel: "‖Δθ‖ / ‖g‖", \.rates),
            numbers: ["largest_over_smallest": spread, "end_over_start": change])
    }

    /// How much of itself each tensor of the real run was changed by.
    static func shares(_ run: TensorRates) -> Part {
        let sizes = run.tensors.map(\.lateSize)
        let cosines = run.tensors.flatMap { $0.cosines.filter(\.isFinite) }
        let cosine = cosines.reduce(0, +) / Double(max(cosines.count, 1))
        let (low, high) = (sizes.min() ?? .nan, sizes.max() ?? .nan)
        return Part(
            id: "share",
            reading: "RMS(Δθ) over RMS(θ) on \(run.optimizee), θ before the step.\(shownText(run))",
            finding:
                "At the end a step moves parameters by \(numberText(low, digits: 3))"
                + (sizes.count > 1 ? " to \(numberText(high, digits: 3)), as the tensor is. " : ". ")
                + "The mean cosine between the step and the way straight down is \(numberText(cosine, digits: 2)).",
            chart: chart(
                run, title: "Share of each tensor that a step changes", yLabel: "RMS(Δθ) / RMS(θ)", \.shares),
            numbers: ["smallest_step": low, "largest_step": high, "cosine": cosine])
    }

    private static func shownText(_ run: TensorRates) -> String {
        run.tensors.count > mostCurves ? " The \(mostCurves) largest of \(run.tensors.count) tensors." : ""
    }

    private static func chart(
        _ run: TensorRates, title: String, yLabel: String, _ values: KeyPath<TensorRates.Tensor, [Double]>
    ) -> LineChart {
        let largest = run.tensors.indices.sorted {
            (-run.tensors[$0].shape.count, $0) < (-run.tensors[$1].shape.count, $1)
        }.prefix(mostCurves).sorted()
        let series = largest.map { index in
            let tensor = run.tensors[index]
            var series = LineChart.Series(
                tensor.shape.name, x: tensor[keyPath: values].indices.map { Double($0) },
                median: tensor[keyPath: values])
            series.hasDots = false
            return series
        }
        return LineChart(title: title, xLabel: "step", yLabel: yLabel, series: series)
    }
}
