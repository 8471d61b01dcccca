public import Reporting

extension Diagnosis {
    /// The findings as a table with advice below what needs some, and the summary.
    ///
    /// - Parameter width: columns to fill.
    public func text(style: TerminalStyle = .standardOutput, width: Int = TerminalStyle.columns) -> String {
        let width = min(max(width, 60), 100)
        let checks = findings.map(\.check.count).max() ?? 0
        let indent = checks + 8
        var text = "\(optimizer) on \(optimizee), \(countText(iterations)) meta-iterations; \(tasks) fresh tasks\n\n"
        for finding in findings {
            let mark = finding.verdict == .fine ? "fine" : finding.verdict == .look ? "look" : "BAD "
            let name = finding.check + String(repeating: " ", count: checks - finding.check.count)
            let lines =
                wrapped(finding.value, width - indent)
                + (finding.advice.map { advice in
                    wrapped(advice, width - indent - 2).enumerated().map { ($0 == 0 ? "→ " : "  ") + $1 }
                } ?? [])
            text +=
                "\(mark)  \(name)  " + lines.joined(separator: "\n" + String(repeating: " ", count: indent)) + "\n"
        }
        text += "\n" + wrapped(summary, width).joined(separator: "\n") + "\n"
        return style.unicode
            ? text
            : text.map { ["→": "->", "±": "+-", "∞": "inf", "–": "-", "α": "alpha"][$0] ?? String($0) }.joined()
    }
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
