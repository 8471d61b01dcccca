import NumericCore

/// Which colours a drawing has.
public enum Appearance: Sendable {
    /// Light or dark, as the reader's system prefers.
    case automatic
    /// For a white page.
    case light
    /// For a black page.
    case dark
}

extension LineChart {
    /// The chart as a self-contained SVG document, 760 wide, readable without colours' help and in the dark.
    ///
    /// Long curves are thinned to the chart's resolution by averaging neighbouring steps. Colours follow Okabe and Ito
    /// 2008, *Color universal design*, darkened or lightened where the page needs more contrast.
    public func svg(appearance: Appearance = .automatic) -> String { SVGDrawing(self).document(appearance) }
}

/// Text that may stand in XML, as content or within quotation marks.
func xmlEscaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": escaped += "&amp;"
        case "<": escaped += "&lt;"
        case ">": escaped += "&gt;"
        case "\"": escaped += "&quot;"
        case "'": escaped += "&#39;"
        case "\t", "\n", "\r": escaped += " "
        // Other control characters, and these two, are not allowed in XML at all.
        case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
        default: escaped.unicodeScalars.append(scalar)
        }
    }
    return escaped
}

/// Lays one chart out. Distances are in SVG's units, pixels at natural size.
private struct SVGDrawing {
    private static let width = 760.0
    private static let plotHeight = 340.0
    private static let right = 18.0
    /// The width of a figure of 13 pixels, on the wide side because fonts differ.
    private static let letter = 8.3

    let chart: LineChart
    let x: Axis
    let y: Axis
    let left: Double
    let top: Double
    let legend: [LegendItem]
    let captionLines: [String]

    struct LegendItem {
        let text: String
        let x: Double
        let y: Double
    }

    init(_ chart: LineChart) {
        self.chart = chart
        x = chart.xAxis(labels: 8)
        y = chart.yAxis(labels: 7)
        left = 44 + Self.letter * Double(y.ticks.map(\.label.count).max() ?? 1)
        let start = chart.title.isEmpty ? 14.0 : 38.0
        var items: [LegendItem] = []
        var (column, row) = (left, start + 14)
        for series in chart.series {
            let text = series.name.count > 80 ? series.name.prefix(79) + "…" : series.name
            let extent = 30 + textWidth(text) + 18
            if column + extent > Self.width && column > left { (column, row) = (left, row + 20) }
            items.append(LegendItem(text: text, x: column, y: row))
            column += extent
        }
        legend = items
        top = items.isEmpty ? start + 10 : row + 16
        captionLines = wrapped(chart.caption, width: Int((Self.width - left - Self.right) / (0.82 * Self.letter)))
    }

    private var bottom: Double { top + Self.plotHeight }
    private var plotWidth: Double { Self.width - left - Self.right }
    private var height: Double { bottom + 52 + (captionLines.isEmpty ? 0 : 10 + 17 * Double(captionLines.count)) }

    func document(_ appearance: Appearance) -> String {
        let size = "\(number(Self.width)) \(number(height))"
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" width="\(number(Self.width))" \
            height="\(number(height))" role="img" class="l2o">
            <title>\(xmlEscaped(chart.title.isEmpty ? "\(chart.yLabel) over \(chart.xLabel)" : chart.title))</title>
            <style>\(style(appearance))</style>
            <rect class="page" width="100%" height="100%"/>
            \((heading + axes + curves + key + caption).joined(separator: "\n"))
            </svg>

            """
    }

    // MARK: Parts

    private var heading: [String] {
        chart.title.isEmpty ? [] : [text(chart.title, left, 26, "h")]
    }

    private var axes: [String] {
        var parts: [String] = []
        for tick in y.ticks {
            guard let place = y.position(tick.value) else { continue }
            let height = bottom - place * Self.plotHeight
            guard !tick.label.isEmpty else {
                parts.append(line(left - 4, height, left, height, "axis"))
                continue
            }
            parts.append(line(left, height, left + plotWidth, height, "grid"))
            parts.append(text(tick.label, left - 9, height + 4.5, "tick end"))
        }
        for tick in x.ticks {
            guard let place = x.position(tick.value) else { continue }
            let across = left + place * plotWidth
            parts.append(line(across, bottom, across, bottom + (tick.label.isEmpty ? 3 : 5), "axis"))
            if !tick.label.isEmpty { parts.append(text(tick.label, across, bottom + 20, "tick middle")) }
        }
        parts.append(line(left, bottom, left + plotWidth, bottom, "axis"))
        parts.append(line(left, top, left, bottom, "axis"))
        parts.append(text(chart.xLabel, left + plotWidth / 2, bottom + 42, "middle"))
        let middle = number((top + bottom) / 2)
        parts.append(
            "<text class=\"middle\" transform=\"translate(18 \(middle)) rotate(-90)\">\(xmlEscaped(chart.yLabel))</text>"
        )
        return parts
    }

    /// A nested `svg` element clips what leaves the plot, without an id that could clash within one HTML page.
    private var curves: [String] {
        let box =
            "x=\"\(number(left))\" y=\"\(number(top))\" width=\"\(number(plotWidth))\" "
            + "height=\"\(number(Self.plotHeight))\""
        let drawn = chart.series.enumerated().reversed().map { index, series in
            (index, series.thinned(to: 350))
        }
        let bands = drawn.compactMap { index, series in
            band(series).map { "<path class=\"b\(index % colours.count)\" d=\"\($0)\"/>" }
        }
        let lines = drawn.map { index, series in
            "<path class=\"c c\(index % colours.count)\"\(dash(index)) d=\"\(path(series))\">"
                + "<title>\(xmlEscaped(series.name))</title></path>"
                + (series.isSparse ? "<path class=\"d c\(index % colours.count)\" d=\"\(points(series))\"/>" : "")
        }
        return ["<svg \(box)>"] + bands + lines + ["</svg>"]
    }

    private var key: [String] {
        legend.enumerated().flatMap { index, item in
            return [
                "<path class=\"c c\(index % colours.count)\"\(dash(index)) "
                    + "d=\"M\(number(item.x)) \(number(item.y - 4.5))h23\"/>",
                text(item.text, item.x + 30, item.y, ""),
            ]
        }
    }

    private var caption: [String] {
        captionLines.enumerated().map { text($1, left, bottom + 68 + 17 * Double($0), "note") }
    }

    // MARK: Curves

    private func place(_ horizontal: Double, _ vertical: Double) -> (x: Double, y: Double)? {
        guard let across = x.position(horizontal), let up = y.position(vertical) else { return nil }
        // Far outside, the exact place does not matter, but renderers limit the size of coordinates.
        return (across * plotWidth, (1 - min(max(up, -2), 3)) * Self.plotHeight)
    }

    private func path(_ series: LineChart.Series) -> String {
        var commands = ""
        var isDrawing = false
        for (horizontal, vertical) in zip(series.x, series.median) {
            guard let point = place(horizontal, vertical) else {
                isDrawing = false
                continue
            }
            commands += "\(isDrawing ? "L" : "M")\(number(point.x)) \(number(point.y))"
            // A point without neighbours shows as a dot, thanks to the round caps.
            if !isDrawing { commands += "h0" }
            isDrawing = true
        }
        return commands
    }

    /// A dot at each point, where there are few: strokes of no length with round caps.
    private func points(_ series: LineChart.Series) -> String {
        zip(series.x, series.median).compactMap { place($0, $1) }
            .map { "M\(number($0.x)) \(number($0.y))h0" }.joined()
    }

    /// The line's dashes, once all colours are used up.
    private func dash(_ index: Int) -> String {
        switch index / colours.count {
        case 0: ""
        case 1: " stroke-dasharray=\"7 4\""
        default: " stroke-dasharray=\"2 4\""
        }
    }

    /// One closed shape for each stretch where the band has both edges.
    private func band(_ series: LineChart.Series) -> String? {
        var commands = ""
        var stretch: [(low: (x: Double, y: Double), high: (x: Double, y: Double))] = []
        func close() {
            if stretch.count > 1 {
                let points = stretch.map(\.high) + stretch.reversed().map(\.low)
                commands += "M" + points.map { "\(number($0.x)) \(number($0.y))" }.joined(separator: "L") + "Z"
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

    // MARK: Elements

    private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ kind: String) -> String {
        "<path class=\"\(kind)\" d=\"M\(number(x1)) \(number(y1))L\(number(x2)) \(number(y2))\"/>"
    }

    private func text(_ content: String, _ x: Double, _ y: Double, _ kind: String) -> String {
        let attribute = kind.isEmpty ? "" : " class=\"\(kind)\""
        return "<text\(attribute) x=\"\(number(x))\" y=\"\(number(y))\">\(xmlEscaped(content))</text>"
    }
}

/// About how wide a text of 13 pixels is, on the wide side because fonts differ.
private func textWidth(_ text: String) -> Double {
    text.reduce(0) { width, letter in
        switch letter {
        case "i", "j", "l", "t", "f", "r", "I", ".", ",", ":", ";", "'", "|", " ", "(", ")", "-", "/": width + 5
        case "m", "w", "M", "W", "@", "%", "—": width + 12.6
        case _ where letter.isUppercase || "+=<>^_~".contains(letter): width + 10
        default: width + (letter.isASCII ? 8.2 : 11)
        }
    }
}

/// A coordinate to a tenth.
private func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return tenths.isMultiple(of: 10)
        ? "\(tenths / 10)" : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
}

/// Breaks a text into lines of at most `width` letters, at spaces.
func wrapped(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(whereSeparator: \.isWhitespace) {
        if let last = lines.last, last.count + 1 + word.count <= width {
            lines[lines.count - 1] += " \(word)"
        } else {
            lines.append(String(word))
        }
    }
    return lines
}

// MARK: Colours

/// The series' colours on a light and on a dark page.
private let colours: [(light: String, dark: String)] = [
    ("#0072b2", "#4db3f0"), ("#d55e00", "#ff8c42"), ("#009e73", "#2fcf9f"), ("#b8578f", "#ec9fca"),
    ("#b07d00", "#f0c040"), ("#3c3c3c", "#e6e6e6"), ("#7a5cc4", "#b7a3ff"), ("#8c4a2f", "#d2a48c"),
]

private func style(_ appearance: Appearance) -> String {
    let shared = """
        .l2o text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}\
        .l2o .h{font-size:16px;font-weight:600}.l2o .note{font-size:12px}\
        .l2o .end{text-anchor:end}.l2o .middle{text-anchor:middle}\
        .l2o .axis,.l2o .grid{stroke-width:1;fill:none}\
        .l2o .c,.l2o .d{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.l2o .d{stroke-width:6}
        """
    let light = palette(page: "#ffffff", ink: "#1f2328", quiet: "#59636e", grid: "#e4e7eb", band: "0.16", \.light)
    let dark = palette(page: "#15181c", ink: "#e9edf1", quiet: "#a3adb8", grid: "#2c3238", band: "0.22", \.dark)
    switch appearance {
    case .automatic: return "\(shared)\(light)@media (prefers-color-scheme:dark){\(dark)}"
    case .light: return shared + light
    case .dark: return shared + dark
    }
}

private func palette(
    page: String, ink: String, quiet: String, grid: String, band: String,
    _ colour: KeyPath<(light: String, dark: String), String>
) -> String {
    let series = colours.enumerated().map { index, pair in
        ".l2o .c\(index){stroke:\(pair[keyPath: colour])}"
            + ".l2o .b\(index){fill:\(pair[keyPath: colour]);fill-opacity:\(band)}"
    }
    return ".l2o .page{fill:\(page)}.l2o text{fill:\(ink)}.l2o .tick,.l2o .note{fill:\(quiet)}"
        + ".l2o .axis{stroke:\(quiet)}.l2o .grid{stroke:\(grid)}" + series.joined()
}
