/// A table that reads well in a terminal and is Markdown too.
struct MarkdownTable {
    var headings: [String]
    /// How many columns at the left hold words; the rest hold numbers.
    var words: Int
    var rows: [[String]] = []

    var text: String {
        let all = [headings] + rows
        let widths = headings.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            let padded = cells.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - cells[column].count)
                return column < words ? cells[column] + space : space + cells[column]
            }
            return "| " + padded.joined(separator: " | ") + " |\n"
        }
        let rule = widths.indices.map { column in
            String(repeating: "-", count: max(3, widths[column]) + 1) + (column < words ? "-" : ":")
        }
        return line(headings) + "|" + rule.joined(separator: "|") + "|\n" + rows.map(line).joined()
    }
}
