public import Reporting

extension Diagnosis {
    /// The findings as a table with advice below what needs some, and the summary.
    ///
    /// - Parameter width: columns to fill.
    public func text(style: TerminalStyle = .standardOutput, width: Int = TerminalStyle.columns) -> String {
        let width = min(max(width, 60), 100)
        func lines(_ text: String, _ width: Int) -> [String] { wrapped(spelled(text, style), width) }
        let checks = findings.map(\.check.count).max() ?? 0
        let indent = checks + 8
        let arrow = style.unicode ? "→ " : "> "
        let title = "\(optimizer) on \(optimizee), \(countText(iterations)) meta-iterations; \(tasks) fresh tasks"
        let rows = findings.map { finding in
            let mark = finding.verdict == .fine ? "fine" : finding.verdict == .look ? "look" : "BAD "
            let name = finding.check + String(repeating: " ", count: checks - finding.check.count)
            let advice = finding.advice.map { lines($0, width - indent - 2) } ?? []
            let cells =
                lines(finding.value, width - indent) + advice.enumerated().map { ($0 == 0 ? arrow : "  ") + $1 }
            return "\(mark)  \(name)  " + cells.joined(separator: "\n" + String(repeating: " ", count: indent))
        }
        return (lines(title, width) + [""] + rows + [""] + lines(summary, width)).joined(separator: "\n") + "\n"
    }
}

/// What our findings contain beyond ASCII, spelled out where only that can be shown.
private func spelled(_ text: String, _ style: TerminalStyle) -> String {
    let words: [Character: String] = ["±": "+-", "∞": "inf", "–": "-", "α": "alpha"]
    return style.unicode ? text : text.map { words[$0] ?? String($0) }.joined()
}

/// Text in lines of at most so many characters, where words allow it.
private func wrapped(_ text: String, _ width: Int) -> [String] {
    text.split(separator: " ").reduce(into: [String]()) { lines, word in
        if let last = lines.last, last.count + 1 + word.count <= width {
            lines[lines.count - 1] += " " + word
        } else {
            lines.append(String(word))
        }
    }
}
