import Platform

/// The axes and curves of a chart within a rectangle. Distances are in SVG's units, pixels at natural size.
struct SVGPlot {
    let chart: LineChart
    let x: Axis
    let y: Axis
    let left: Double
    let top: Double
    let width: Double
    let height: Double

    var bottom: Double { top + height }
    var right: Double { left + width }

    // MARK: Axes

    var axes: [String] {
        var parts: [String] = []
        for tick in y.ticks {
            guard let place = y.position(tick.value) else { continue }
            let height = bottom - place * height
            guard !tick.label.isEmpty else {
                parts.append(svgLine(left - 4, height, left, height, "axis"))
                continue
            }
            parts.append(svgLine(left, height, right, height, "grid"))
            parts.append(svgText(tick.label, left - 9, height + 4.5, "tick end"))
        }
        for tick in x.ticks {
            guard let place = x.position(tick.value) else { continue }
            let across = left + place * width
            parts.append(svgLine(across, bottom, across, bottom + (tick.label.isEmpty ? 3 : 5), "axis"))
            if !tick.label.isEmpty { parts.append(svgText(tick.label, across, bottom + 20, "tick middle")) }
        }
        parts.append(svgLine(left, bottom, right, bottom, "axis"))
        parts.append(svgLine(left, top, left, bottom, "axis"))
        return parts
    }

    // MARK: Curves

    /// A nested `svg` element clips what leaves the plot, without an id that could clash within one HTML page.
    func clipped(_ parts: [String]) -> [String] {
        let box =
            "x=\"\(svgNumber(left))\" y=\"\(svgNumber(top))\" width=\"\(svgNumber(width))\" "
            + "height=\"\(svgNumber(height))\""
        return ["<svg \(box)>"] + parts + ["</svg>"]
    }

    /// Within the plot, from its upper left corner; nil for values without a place.
    func place(_ horizontal: Double, _ vertical: Double) -> (x: Double, y: Double)? {
        guard let across = x.position(horizontal), let up = y.position(vertical) else { return nil }
        // Far outside, the exact place does not matter, but renderers limit the size of coordinates.
        return (across * width, (1 - min(max(up, -2), 3)) * height)
    }

    func path(_ series: LineChart.Series) -> String {
        var commands = ""
        var isDrawing = false
        for (horizontal, vertical) in zip(series.x, series.median) {
            guard let point = place(horizontal, vertical) else {
                isDrawing = false
                continue
            }
            commands += "\(isDrawing ? "L" : "M")\(svgNumber(point.x)) \(svgNumber(point.y))"
            // A point without neighbours shows as a dot, thanks to the round caps.
            if !isDrawing { commands += "h0" }
            isDrawing = true
        }
        return commands
    }

    /// A dot at each point, where there are few: strokes of no length with round caps.
    func points(_ series: LineChart.Series) -> String {
        zip(series.x, series.median).compactMap { place($0, $1) }
            .map { "M\(svgNumber($0.x)) \(svgNumber($0.y))h0" }.joined()
    }

    /// One closed shape for each stretch where the band has both edges.
    func band(_ series: LineChart.Series) -> String? {
        var commands = ""
        var stretch: [(low: (x: Double, y: Double), high: (x: Double, y: Double))] = []
        func close() {
            if stretch.count > 1 {
                let points = stretch.map(\.high) + stretch.reversed().map(\.low)
                commands += "M" + points.map { "\(svgNumber($0.x)) \(svgNumber($0.y))" }.joined(separator: "L") + "Z"
            }
            stretch = []
        }
        for (index, horizontal) in series.x.enumerated() where !series.low.isEmpty {
            let high = min(series.high[index], .greatestFiniteMagnitude)
            let isBelowZero = chart.yScale != .linear && series.low[index] <= 0
            let low = isBelowZero ? .leastNormalMagnitude : series.low[index]
            if let low = place(horizontal, low), let high = place(horizontal, high) {
                stretch.append((low, high))
            } else {
                close()
            }
        }
        close()
        return commands.isEmpty ? nil : commands
    }
}
