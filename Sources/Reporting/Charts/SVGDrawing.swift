import Platform

/// Lays one chart out as a document.
struct SVGDrawing {
    private static let width = 760.0
    private static let plotHeight = 340.0
    private static let right = 18.0
    /// The width of a figure of 13 pixels, on the wide side because fonts differ.
    private static let letter = 8.3

    let chart: LineChart
    let plot: SVGPlot
    let legend: SVGLegend
    let captionLines: [String]

    init(_ chart: LineChart) {
        self.chart = chart
        let y = chart.yAxis(labels: 7)
        let left = 44 + Self.letter * Double(y.ticks.map(\.label.count).max() ?? 1)
        let start = chart.title.isEmpty ? 14.0 : 38.0
        let plotWidth = Self.width - left - Self.right
        legend = SVGLegend(chart.series.map(\.name), left: left, top: start, right: Self.width)
        plot = SVGPlot(
            chart: chart, x: chart.xAxis(labels: 8), y: y, left: left,
            top: chart.series.isEmpty ? start + 10 : legend.bottom + 16, width: plotWidth, height: Self.plotHeight)
        captionLines = wrapped(chart.caption, width: Int(plotWidth / (0.82 * Self.letter)))
    }

    private var height: Double {
        plot.bottom + 52 + (captionLines.isEmpty ? 0 : 10 + 17 * Double(captionLines.count))
    }

    func document(_ appearance: Appearance) -> String {
        let size = "\(svgNumber(Self.width)) \(svgNumber(height))"
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" width="\(svgNumber(Self.width))" \
            height="\(svgNumber(height))" role="img" class="l2o">
            <title>\(xmlEscaped(chart.title.isEmpty ? "\(chart.yLabel) over \(chart.xLabel)" : chart.title))</title>
            <style>\(SVGPalette.style(appearance))</style>
            <rect class="page" width="100%" height="100%"/>
            \((heading + axes + curves + key + caption).joined(separator: "\n"))
            </svg>

            """
    }

    // MARK: Parts

    private var heading: [String] {
        chart.title.isEmpty ? [] : [svgText(chart.title, plot.left, 26, "h")]
    }

    private var axes: [String] {
        let middle = svgNumber((plot.top + plot.bottom) / 2)
        return plot.axes + [
            svgText(chart.xLabel, plot.left + plot.width / 2, plot.bottom + 42, "middle"),
            "<text class=\"middle\" transform=\"translate(18 \(middle)) rotate(-90)\">\(xmlEscaped(chart.yLabel))</text>",
        ]
    }

    private var curves: [String] {
        let drawn = chart.series.enumerated().reversed().map { index, series in
            (index, series.thinned(to: 350))
        }
        let bands = drawn.compactMap { index, series in
            plot.band(series).map { "<path class=\"b\(SVGPalette.colour(index))\" d=\"\($0)\"/>" }
        }
        let lines = drawn.map { index, series in
            "<path class=\"c c\(SVGPalette.colour(index))\"\(dash(index)) d=\"\(plot.path(series))\">"
                + "<title>\(xmlEscaped(series.name))</title></path>"
                + (series.isSparse
                    ? "<path class=\"d c\(SVGPalette.colour(index))\" d=\"\(plot.points(series))\"/>" : "")
        }
        return plot.clipped(bands + lines)
    }

    private var key: [String] {
        legend.items.enumerated().flatMap { index, item in
            [
                "<path class=\"c c\(SVGPalette.colour(index))\"\(dash(index)) "
                    + "d=\"M\(svgNumber(item.x)) \(svgNumber(item.y - 4.5))h23\"/>",
                svgText(item.text, item.x + 30, item.y, ""),
            ]
        }
    }

    private var caption: [String] {
        captionLines.enumerated().map { svgText($1, plot.left, plot.bottom + 68 + 17 * Double($0), "note") }
    }

    /// The line's dashes, once all colours are used up.
    private func dash(_ index: Int) -> String {
        switch index / SVGPalette.colours.count {
        case 0: ""
        case 1: " stroke-dasharray=\"7 4\""
        default: " stroke-dasharray=\"2 4\""
        }
    }
}

/// Names in rows above a plot, each beside a piece of its line.
struct SVGLegend {
    struct Item {
        let text: String
        let x: Double
        let y: Double
    }

    let items: [Item]
    /// The last row's base line.
    let bottom: Double

    /// - Parameter scale: how large letters are; 1 for 13 pixels.
    init(_ names: [String], left: Double, top: Double, right: Double, scale: Double = 1) {
        var items: [Item] = []
        var (column, row) = (left, top + 14 * scale)
        for name in names {
            let text = name.count > 80 ? name.prefix(79) + "…" : name
            let extent = 30 + scale * (textWidth(text) + 18)
            if column + extent > right && column > left { (column, row) = (left, row + 20 * scale) }
            items.append(Item(text: text, x: column, y: row))
            column += extent
        }
        self.items = items
        bottom = row
    }
}
