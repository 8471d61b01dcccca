/// Curves over a common x axis, each with a band around it, to be drawn as SVG or on a terminal.
///
///     let chart = LineChart(title: "Base MLP", xLabel: "step", yLabel: "loss", series: [
///         .init("adam", x: steps, median: median, low: lower, high: upper)
///     ])
///     try writeFileAtomically("loss.svg", text: chart.svg())
public struct LineChart: Sendable {
    /// One curve.
    public struct Series: Sendable {
        /// How much a curve stands out.
        public enum Weight: Sendable {
            /// What the chart is about.
            case strong
            /// As any.
            case normal
            /// For comparison: thin, without its band.
            case quiet
        }

        /// How the legend calls it.
        public var name: String
        /// Rising places on the x axis.
        public var x: [Double]
        /// The line. It has a gap where a value is not finite, or not positive on a logarithmic axis.
        public var median: [Double]
        /// The band's lower edge; empty for a line without a band.
        public var low: [Double]
        /// The band's upper edge; where it is infinite, the band reaches the top.
        public var high: [Double]
        /// Its place among the colours and dashes; else its place among the curves.
        public var style: Int?
        /// How much it stands out. Terminals and documents of a single chart show all curves alike.
        public var weight = Weight.normal
        /// Whether its points are drawn as dots where they are few.
        public var hasDots = true

        /// - Precondition: `median` has a value for each x, `low` and `high` have one too or are both empty.
        public init(_ name: String, x: [Double], median: [Double], low: [Double] = [], high: [Double] = []) {
            precondition(x.count == median.count, "a series has a value for each x")
            precondition(low.count == high.count && (low.isEmpty || low.count == x.count), "a band is whole")
            self.name = name
            self.x = x
            self.median = median
            self.low = low
            self.high = high
        }
    }

    /// Above the chart; may be empty.
    public var title: String
    /// What the x axis shows.
    public var xLabel: String
    /// What the y axis shows.
    public var yLabel: String
    /// Below the chart, in full sentences; may be empty.
    public var caption: String
    /// The x axis' scale.
    public var xScale: ChartScale
    /// The y axis' scale.
    public var yScale: ChartScale
    /// Values above are left out of the chart; nil where all have to fit.
    public var ceiling: Double?
    /// Values that the y axis reaches although no curve may.
    public var yIncludes: [Double] = []
    /// The curves. Those that come first are drawn on top.
    public var series: [Series]

    /// Makes a chart from its parts.
    public init(
        title: String, xLabel: String, yLabel: String, caption: String = "", xScale: ChartScale = .linear,
        yScale: ChartScale = .logarithmic, ceiling: Double? = nil, series: [Series]
    ) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.caption = caption
        self.xScale = xScale
        self.yScale = yScale
        self.ceiling = ceiling
        self.series = series
    }

    func xAxis(labels: Int) -> Axis {
        // Single points are drawn as dots, which need some space at the ends.
        let hasDots = series.contains(where: \.isSparse)
        return Axis(xScale, fitting: series.flatMap(\.x), padding: hasDots ? 0.012 : 0, labels: labels)
    }

    package func yAxis(labels: Int) -> Axis {
        let values = series.flatMap { $0.median + $0.low + $0.high }
        return Axis(yScale, fitting: values.map { min($0, ceiling ?? $0) } + yIncludes, padding: 0.04, labels: labels)
    }
}

extension LineChart.Series {
    /// Whether the points are few enough to be seen one by one.
    var isSparse: Bool { hasDots && x.count <= 40 }

    /// The series in at most `count` points: means of the values within equal ranges of indices.
    ///
    /// A mean over an infinite value is infinite, so that divergence stays visible as a gap.
    /// - Precondition: `count` is positive.
    package func thinned(to count: Int) -> LineChart.Series {
        guard x.count > count else { return self }
        let edges = (0...count).map { $0 * x.count / count }
        func means(_ values: [Double]) -> [Double] {
            values.isEmpty
                ? []
                : zip(edges, edges.dropFirst()).map { values[$0..<$1].reduce(0, +) / Double($1 - $0) }
        }
        var places = means(x)
        // The ends stay where they are, so that the curve fills the axis.
        (places[0], places[count - 1]) = (x[0], x[x.count - 1])
        var thin = LineChart.Series(name, x: places, median: means(median), low: means(low), high: means(high))
        (thin.style, thin.weight, thin.hasDots) = (style, weight, hasDots)
        return thin
    }

    /// The median at a place between the points, or nil outside them and in gaps.
    func median(at place: Double) -> Double? {
        guard let first = x.first, let last = x.last, place >= first, place <= last else { return nil }
        var (below, above) = (0, x.count - 1)
        while above - below > 1 {
            let middle = (below + above) / 2
            if x[middle] <= place { below = middle } else { above = middle }
        }
        guard above > below, x[above] > x[below], place > x[below] else { return median[below] }
        let weight = (place - x[below]) / (x[above] - x[below])
        return weight == 1 ? median[above] : median[below] + weight * (median[above] - median[below])
    }
}
