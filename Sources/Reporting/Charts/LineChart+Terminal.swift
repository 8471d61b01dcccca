extension LineChart {
    /// The chart as lines of text, each ending in a line break.
    ///
    /// With colours, or with a single series, curves are drawn in braille dots; else each series has a mark of its own.
    /// Bands are left out.
    ///
    /// - Parameters:
    ///   - width: columns in all, at least 30.
    ///   - height: rows of the plot alone, at least 4.
    ///   - style: what the terminal can show.
    public func terminal(
        width: Int = TerminalStyle.columns, height: Int = 16, style: TerminalStyle = .standardOutput
    ) -> String {
        TerminalDrawing(self, width: max(width, 30), height: max(height, 4), style: style).text()
    }
}

/// Lays one chart out in character cells.
private struct TerminalDrawing {
    let chart: LineChart
    let style: TerminalStyle
    let rows: Int
    let columns: Int
    let gutter: Int
    let width: Int
    let x: Axis
    let y: Axis

    init(_ chart: LineChart, width: Int, height: Int, style: TerminalStyle) {
        self.chart = chart
        self.style = style
        self.width = width
        rows = height
        y = chart.yAxis(labels: max(3, height / 2))
        gutter = y.ticks.map { (style.unicode ? $0.label : $0.plainLabel).count }.max() ?? 1
        columns = max(10, width - gutter - 3)
        x = chart.xAxis(labels: max(2, columns / 12))
    }

    private var isBraille: Bool { style.unicode && (style.colours != .none || chart.series.count == 1) }

    func text() -> String {
        var lines = chart.title.isEmpty ? [] : wrapped(chart.title, width: width)
        lines += wrapped(chart.yLabel, width: width)
        lines += plot()
        lines += legend()
        lines += wrapped(chart.caption, width: width)
        return lines.map { $0 + "\n" }.joined()
    }

    // MARK: The plot and its axes

    private func plot() -> [String] {
        let labels = rowLabels()
        var lines = canvas().enumerated().map { row, cells in
            let label = labels[row] ?? ""
            let mark = labels[row] == nil ? (style.unicode ? "│" : "|") : (style.unicode ? "┤" : "+")
            return withoutTrailingSpaces(padded(label, gutter) + " " + mark + cells.joined())
        }
        var axis = [Character](repeating: style.unicode ? "─" : "-", count: columns)
        var numbers = [Character](repeating: " ", count: gutter + 2 + columns)
        var free = 0
        for tick in x.ticks {
            let label = style.unicode ? tick.label : tick.plainLabel
            guard let place = x.position(tick.value), !label.isEmpty else { continue }
            let column = min(columns - 1, Int(place * Double(columns - 1) + 0.5))
            let start = min(max(0, gutter + 2 + column - label.count / 2), numbers.count - label.count)
            guard start >= free else { continue }
            axis[column] = style.unicode ? "┬" : "+"
            numbers.replaceSubrange(start..<start + label.count, with: Array(label))
            free = start + label.count + 1
        }
        lines.append(padded("", gutter) + (style.unicode ? " └" : " +") + String(axis))
        lines.append(withoutTrailingSpaces(String(numbers)))
        let indent = gutter + 2 + max(0, (columns - chart.xLabel.count) / 2)
        lines.append(String(repeating: " ", count: indent) + chart.xLabel)
        return lines
    }

    /// At most one number for each row: the first of those that would share it.
    private func rowLabels() -> [Int: String] {
        var labels: [Int: String] = [:]
        for tick in y.ticks where !tick.label.isEmpty {
            guard let place = y.position(tick.value), (0...1).contains(place) else { continue }
            let row = rows - 1 - min(rows - 1, Int(place * Double(rows)))
            if labels[row] == nil { labels[row] = style.unicode ? tick.label : tick.plainLabel }
        }
        return labels
    }

    private func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private func legend() -> [String] {
        var lines: [String] = []
        var used = 0
        for (index, series) in chart.series.enumerated() {
            let room = width - 4
            let name = series.name.count > room ? String(series.name.prefix(room - 1)) + "…" : series.name
            let item = style.coloured(isBraille ? "━━" : String(marker(index)), index) + " " + name
            let extent = (isBraille ? 3 : 2) + name.count
            if used > 0 && used + 3 + extent <= width {
                lines[lines.count - 1] += "   " + item
                used += 3 + extent
            } else {
                lines.append(item)
                used = extent
            }
        }
        return lines
    }

    // MARK: Curves

    private func marker(_ index: Int) -> Character {
        let marks: [Character] = style.unicode ? Array("●▲■○△□◆✚▼◇▽✖") : Array("*+ox#@%&=$~^")
        return marks[index % marks.count]
    }

    /// Cells of one character each, row by row from the top.
    private func canvas() -> [[String]] {
        let (across, up) = isBraille ? (2, 4) : (1, 1)
        var dots = [UInt8](repeating: 0, count: rows * columns)
        var owners = [Int?](repeating: nil, count: rows * columns)
        for (index, series) in chart.series.enumerated().reversed() {
            for (column, range) in trace(series, columns * across, rows * up) {
                for height in range {
                    let row = rows * up - 1 - height
                    let cell = row / up * columns + column / across
                    dots[cell] |= isBraille ? brailleDot(column % 2, row % 4) : 1
                    owners[cell] = index
                }
            }
        }
        return (0..<rows).map { row in
            (0..<columns).map { column in
                let cell = row * columns + column
                guard let owner = owners[cell] else { return " " }
                let mark = isBraille ? Character(Unicode.Scalar(0x2800 + UInt32(dots[cell]))!) : marker(owner)
                return style.coloured(String(mark), owner)
            }
        }
    }

    /// For each column the heights that the curve covers, joined to the column before; 0 is the lowest.
    private func trace(_ series: LineChart.Series, _ width: Int, _ height: Int) -> [(Int, ClosedRange<Int>)] {
        let series = series.thinned(to: width)
        var spans: [(Int, ClosedRange<Int>)] = []
        var previous: Int?
        for column in 0..<width {
            let place = x.lower + (x.upper - x.lower) * Double(column) / Double(width - 1)
            guard let value = series.median(at: x.scale.inverse(place)), let fraction = y.position(value),
                (-0.001...1.001).contains(fraction)
            else {
                previous = nil
                continue
            }
            let level = min(height - 1, max(0, Int(fraction * Double(height))))
            // Joined halfway, so that steep stretches stay connected without doubling their thickness.
            let start = previous.map { $0 == level ? level : $0 + ($0 < level ? 1 : -1) } ?? level
            spans.append((column, min(start, level)...max(start, level)))
            previous = level
        }
        return spans
    }
}

/// The bit of a dot, counted from the left and from the top, in a braille pattern (Unicode block 2800).
private func brailleDot(_ column: Int, _ row: Int) -> UInt8 {
    [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]][column][row]
}
