/// A table for terminals and text files.
///
///     var table = TextTable([.init("optimizer"), .init("loss", .right)])
///     table.rows.append(["adam", "0.31"])
///     print(table.text(style: .standardOutput))
public struct TextTable: Sendable {
    /// Where a column's text stands.
    public enum Alignment: Sendable {
        /// At the left, for words.
        case left
        /// At the right, for numbers.
        case right
    }

    /// A heading and how its column is aligned.
    public struct Column: Sendable {
        /// The heading.
        public var title: String
        /// Where the column's text stands.
        public var alignment: Alignment

        /// - Parameters:
        ///   - title: the heading.
        ///   - alignment: where the column's text stands.
        public init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    /// The columns.
    public var columns: [Column]
    /// The cells, row by row; a row that is too short ends in empty cells.
    public var rows: [[String]]

    /// A table with these columns.
    public init(_ columns: [Column], rows: [[String]] = []) {
        self.columns = columns
        self.rows = rows
    }

    /// The table in lines that end in a line break: the headings, a rule, the rows.
    ///
    /// Columns of empty cells are left out.
    public func text(style: TerminalStyle = .standardOutput) -> String {
        let shown = columns.indices.filter { column in
            rows.isEmpty || rows.contains { column < $0.count && !$0[column].isEmpty }
        }
        let body = rows.map { row in shown.map { $0 < row.count ? asciiIfNeeded(row[$0], style) : "" } }
        let head = shown.map { asciiIfNeeded(columns[$0].title, style) }
        let widths = shown.indices.map { column in
            ([head] + body).map { $0[column].count }.max() ?? 0
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.enumerated().map { index, cell in
                let space = String(repeating: " ", count: widths[index] - cell.count)
                return columns[shown[index]].alignment == .right ? space + cell : cell + space
            }
            return withoutTrailingSpaces(padded.joined(separator: "  ")) + "\n"
        }
        let rule = widths.map { String(repeating: style.unicode ? "─" : "-", count: $0) }
        return line(head) + rule.joined(separator: style.unicode ? "──" : "--") + "\n" + body.map(line).joined()
    }

    /// The table without those columns that make it wider than a terminal.
    ///
    /// - Parameters:
    ///   - width: the terminal's columns.
    ///   - titles: columns that may go, the least important first.
    public func fitting(_ width: Int, dropping titles: [String]) -> TextTable {
        var table = self
        for title in titles where table.width > width {
            guard let index = table.columns.firstIndex(where: { $0.title == title }) else { continue }
            table.columns.remove(at: index)
            for row in table.rows.indices where index < table.rows[row].count { table.rows[row].remove(at: index) }
        }
        return table
    }

    /// The longest line's length.
    private var width: Int {
        text(style: TerminalStyle(unicode: true, colours: .none)).split(separator: "\n").map(\.count).max() ?? 0
    }
}

/// The text up to its last character that is no space.
func withoutTrailingSpaces(_ text: String) -> String {
    String(text[..<(text.lastIndex { $0 != " " }.map { text.index(after: $0) } ?? text.startIndex)])
}

/// What our tables contain beyond ASCII, spelled out.
private func asciiIfNeeded(_ text: String, _ style: TerminalStyle) -> String {
    guard !style.unicode else { return text }
    let spelled: [Character: String] = ["∞": "inf", "–": "-", "±": "+-", "…": "...", "·": "*"]
    return text.map { spelled[$0] ?? String($0) }.joined()
}
