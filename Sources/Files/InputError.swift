/// Something that the user gave and that cannot be used: a file, a name, an option.
///
/// Its description is one line that says what is wrong, where, and what to do about it.
public struct InputError: Error, Equatable, CustomStringConvertible {
    public let description: String

    /// Control characters, which a hostile file's names may hold, are escaped: the line stays one line.
    ///
    /// - Parameters:
    ///   - subject: where, usually a path or a name.
    ///   - problem: what is wrong with it.
    ///   - advice: what to do about it.
    public init(_ subject: String, _ problem: String, advice: String) {
        description = printable("\(subject): \(problem); \(advice)")
    }
}

/// A name from outside in quotation marks, for an error: without control characters and shortened to 60 characters.
public func quoted(_ name: String) -> String {
    let shown = name.unicodeScalars.prefix(60)
    return "\"\(printable(String(shown)))\(shown.endIndex < name.endIndex ? "…" : "")\""
}

/// Text from outside with escapes for what would break a line or command a terminal.
public func printable(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: result += scalar.escaped(asASCII: true)
        default: result.unicodeScalars.append(scalar)
        }
    }
}
