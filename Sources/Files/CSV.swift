/// A field of a line of comma-separated values.
package enum CSVField: Sendable {
    /// A name: always in quotation marks.
    case name(String)
    /// Text, in quotation marks where it has to be.
    case text(String)
    /// A number; a missing one is an empty field. NumPy, pandas and R read `inf`, `-inf` and `nan` back.
    case number((any CustomStringConvertible & Sendable)?)

    fileprivate var encoded: String {
        switch self {
        case .name(let text): quotedField(text)
        case .text(let text):
            text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) ? quotedField(text) : text
        case .number(let value): value.map { "\($0)" } ?? ""
        }
    }
}

/// Comma-separated values (RFC 4180), written line by line.
///
///     var csv = CSV("optimizer", "loss")
///     csv.add(.name("adam"), .number(0.25))
package struct CSV: Sendable {
    /// What was written, each line with its end.
    package private(set) var text = ""

    /// Writes the line of headings.
    package init(_ headings: String...) { self.init(headings) }

    /// Writes the line of headings.
    package init(_ headings: [String]) { add(headings.map { .text($0) }) }

    /// Writes a line.
    package mutating func add(_ fields: CSVField...) { add(fields) }

    /// Writes a line.
    package mutating func add(_ fields: [CSVField]) {
        for (index, field) in fields.enumerated() {
            if index > 0 { text += "," }
            text += field.encoded
        }
        text += "\n"
    }
}

private func quotedField(_ text: String) -> String {
    "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}
