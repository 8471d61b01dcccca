import Evaluation
import Files
import Platform
public import Statistics

/// Ratios with their intervals, one below the other, on both sides of 1.
public struct IntervalChart: Sendable {
    /// One ratio.
    public struct Row: Sendable {
        /// What it is the ratio of.
        public var name: String
        /// The ratio and its interval.
        public var ratio: Estimate
        /// A class for the style sheet.
        public var kind: String

        /// Makes a row from its parts.
        public init(_ name: String, _ ratio: Estimate, kind: String) {
            self.name = name
            self.ratio = ratio
            self.kind = kind
        }
    }

    /// What the x axis shows.
    public var xLabel: String
    /// From top to bottom.
    public var rows: [Row]

    /// Makes a chart from its parts.
    public init(xLabel: String, rows: [Row]) {
        self.xLabel = xLabel
        self.rows = rows
    }

    /// Ratios beyond are drawn at the edge.
    private static let limits = 0.1...10.0
    private static let width = 560.0
    private static let rowHeight = 22.0

    /// The chart as an `svg` element for a web page. Classes as in `LineChart.inlineSVG()`, and a `g` of the row's kind
    /// with `i` for the interval and `p` for the ratio.
    public func inlineSVG() -> String {
        let left = 16 + 16.0 / 13 * (rows.map { textWidth($0.name) }.max() ?? 0)
        let (plotWidth, top) = (Self.width - left - 16, 8.0)
        let bottom = top + Self.rowHeight * Double(rows.count)
        let ends = rows.flatMap { [$0.ratio.value, $0.ratio.low, $0.ratio.high] }.filter { $0.isFinite && $0 > 0 }
        let axis = Axis(
            .logarithmic, fitting: (ends + [0.9, 1.1]).map(clamped), padding: 0.04, labels: 5)
        func across(_ value: Double) -> Double { left + (axis.position(clamped(value)) ?? 0.5) * plotWidth }
        var parts: [String] = []
        for tick in axis.ticks where !tick.label.isEmpty {
            parts.append(svgLine(across(tick.value), top, across(tick.value), bottom, "grid"))
            parts.append(svgText(tick.label, across(tick.value), bottom + 20, "tick middle"))
        }
        parts.append(svgLine(across(1), top, across(1), bottom, "axis"))
        for (index, row) in rows.enumerated() {
            let height = top + Self.rowHeight * (Double(index) + 0.5)
            parts.append("<g class=\"\(xmlEscaped(row.kind))\">" + svgText(row.name, left - 10, height + 4.5, "end"))
            if row.ratio.hasInterval {
                parts.append(svgLine(across(row.ratio.low), height, across(row.ratio.high), height, "i"))
            }
            if !row.ratio.value.isNaN {
                parts.append(svgLine(across(row.ratio.value), height, across(row.ratio.value), height, "p"))
            }
            parts.append("</g>")
        }
        parts.append(svgText(xLabel, Self.width / 2, bottom + 43, "tick middle"))
        return """
            <svg viewBox="0 0 \(svgNumber(Self.width)) \(svgNumber(bottom + 50))" role="img" class="l2o" \
            aria-label="\(xmlEscaped(xLabel))">
            \(parts.joined(separator: "\n"))
            </svg>
            """
    }

    /// What is drawn, as CSV (RFC 4180).
    public var csv: String {
        var csv = CSV("problem", "ratio", "low", "high", "verdict")
        for row in rows {
            let numbers = [row.ratio.value, row.ratio.low, row.ratio.high]
            csv.add([.text(row.name)] + numbers.map { .number($0.isNaN ? nil : $0) } + [.text(row.kind)])
        }
        return csv.text
    }

    private func clamped(_ ratio: Double) -> Double {
        min(max(ratio, Self.limits.lowerBound), Self.limits.upperBound)
    }
}
