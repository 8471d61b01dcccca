import Files
import Foundation

/// The part of a Markdown file that a run replaces: what lies between two comments.
struct DocumentTables {
    private static let begin = "<!-- bench: begin -->\n"
    private static let end = "<!-- bench: end -->"

    private let path: String
    private let before: Substring
    private let after: Substring

    /// - Throws: `InputError` where the file or its marks are missing.
    init(path: String) throws {
        let text = String(decoding: try readFile(path), as: UTF8.self)
        guard let begin = text.range(of: Self.begin),
            let end = text.range(of: Self.end, range: begin.upperBound..<text.endIndex)
        else {
            throw InputError(
                path, "has no place for the tables", advice: "put \(Self.begin.dropLast()) and \(Self.end) into it")
        }
        self.path = path
        before = text[..<begin.upperBound]
        after = text[end.lowerBound...]
    }

    /// Writes the file with new tables.
    func replace(with tables: String) throws { try writeFileAtomically(path, text: "\(before)\n\(tables)\n\(after)") }
}
