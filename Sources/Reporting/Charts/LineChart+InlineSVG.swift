import NumericCore

extension LineChart {
    /// The chart as an `svg` element for a web page, whose style sheet gives it colours.
    ///
    /// Classes: `axis`, `grid`, `tick`, `end` and `middle` as in a document; a `g` of class `s` for each series, with
    /// `b b0`, `b1` … for its band, `c c0` … for its line, `d c0` … for dots, `t t0` … for its name, which stands beside
    /// the line's end where names are short; `strong` and `quiet` lines. The number is the series' style, below
    /// `inlineStyles`. Text has room for 16 units, 11 pixels on a telephone.
    public func inlineSVG() -> String { InlineDrawing(self).element }

    /// How many styles a page has to define.
    public static let inlineStyles = 10
}

/// Lays one chart out for a web page.
private struct InlineDrawing {
    private static let width = 560.0
    private static let plotHeight = 270.0
    private static let scale = 16.0 / 13
    private static let letter = 9.6
    /// How far apart two names' base lines are at least.
    private static let gap = 17.0
    /// The longest name that stands beside its line.
    private static let longest = 165.0

    let chart: LineChart
    let plot: SVGPlot
    /// Names above the plot; nil where they stand beside the lines.
    let legend: SVGLegend?
    let series: [LineChart.Series]

    init(_ chart: LineChart) {
        self.chart = chart
        series = chart.series.map { $0.thinned(to: 250) }
        let y = chart.yAxis(labels: 6)
        let left = 14 + Self.letter * Double(y.ticks.map(\.label.count).max() ?? 1)
        let widest = chart.series.map { Self.scale * textWidth($0.name) }.max() ?? 0
        let end = series.compactMap(\.x.last).max() ?? 0
        let isBeside = widest <= Self.longest && series.allSatisfy { $0.x.isEmpty || $0.x.last == end }
        let right = isBeside ? widest + 18 : 16
        // Letters of the widest kind have room for no more.
        let names = series.map { $0.name.count > 36 ? $0.name.prefix(35) + "…" : $0.name }
        legend = isBeside ? nil : SVGLegend(names, left: 4, top: 0, right: Self.width, scale: Self.scale)
        plot = SVGPlot(
            chart: chart, x: chart.xAxis(labels: 5), y: y, left: left, top: (legend.map { $0.bottom + 12 } ?? 0) + 32,
            width: Self.width - left - right, height: Self.plotHeight)
    }

    var element: String {
        let height = plot.bottom + 50
        let label = chart.title.isEmpty ? "\(chart.yLabel) over \(chart.xLabel)" : chart.title
        return """
            <svg viewBox="0 0 \(svgNumber(Self.width)) \(svgNumber(height))" role="img" class="l2o" \
            aria-label="\(xmlEscaped(label))">
            \((axes + curves).joined(separator: "\n"))
            </svg>
            """
    }

    private var axes: [String] {
        plot.axes + [
            svgText(chart.xLabel, plot.left + plot.width / 2, plot.bottom + 43, "tick middle"),
            svgText(chart.yLabel, 4, plot.top - 14, "tick"),
        ]
    }

    private var curves: [String] {
        let places = labelPlaces
        return series.indices.reversed().map { index in
            let style = style(index)
            let weight =
                switch series[index].weight {
                case .strong: " strong"
                case .normal: ""
                case .quiet: " quiet"
                }
            var parts: [String] = []
            if series[index].weight != .quiet, let band = plot.band(series[index]) {
                parts.append("<path class=\"b b\(style)\" d=\"\(band)\"/>")
            }
            parts.append("<path class=\"c c\(style)\(weight)\" d=\"\(plot.path(series[index]))\"/>")
            if series[index].isSparse {
                parts.append("<path class=\"d c\(style)\(weight)\" d=\"\(plot.points(series[index]))\"/>")
            }
            return "<g class=\"s\">" + (plot.clipped(parts) + name(index, at: places[index])).joined() + "</g>"
        }
    }

    private func style(_ index: Int) -> Int { (series[index].style ?? index) % LineChart.inlineStyles }

    // MARK: Names

    private func name(_ index: Int, at place: (anchor: Double, height: Double)) -> [String] {
        let style = style(index)
        if let legend {
            let item = legend.items[index]
            return [
                "<path class=\"c c\(style)\" d=\"M\(svgNumber(item.x)) \(svgNumber(item.y - 5))h23\"/>",
                svgText(item.text, item.x + 30, item.y, "t t\(style)"),
            ]
        }
        let end = plot.right
        // A line that left the plot has nothing for its name to point at.
        let isThere = series[index].median.last.map(plot.y.scale.contains) ?? false
        let line =
            "M\(svgNumber(end + 2)) \(svgNumber(place.anchor))L\(svgNumber(end + 10)) \(svgNumber(place.height))"
        return (isThere ? ["<path class=\"lead c\(style)\" d=\"\(line)\"/>"] : []) + [
            svgText(series[index].name, end + 14, place.height + 4.5, "t t\(style)")
        ]
    }

    /// Where each line ends and where its name stands: beside its end, or as near as other names allow.
    private var labelPlaces: [(anchor: Double, height: Double)] {
        let anchors = series.map { series in
            let last = zip(series.x, series.median).reversed().lazy.compactMap { plot.place($0, $1) }.first
            // A line without a place has left the plot at its top.
            return plot.top + min(max(last?.y ?? 0, 0), plot.height)
        }
        let heights = spread(anchors, gap: Self.gap, within: plot.top...plot.bottom)
        return zip(anchors, heights).map { ($0, $1) }
    }
}

/// Moves places as little as needed for a gap between neighbours; where a range is too short, it ends below it.
func spread(_ places: [Double], gap: Double, within range: ClosedRange<Double>) -> [Double] {
    let order = places.indices.sorted { (places[$0], $0) < (places[$1], $1) }
    var moved = places
    var limit = -Double.infinity
    for index in order {
        moved[index] = max(places[index], limit, range.lowerBound)
        limit = moved[index] + gap
    }
    limit = max(range.upperBound, range.lowerBound + gap * Double(places.count - 1))
    for index in order.reversed() {
        moved[index] = min(moved[index], limit)
        limit = moved[index] - gap
    }
    return moved
}
