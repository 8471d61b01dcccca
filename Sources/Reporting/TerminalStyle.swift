import Platform

/// What a terminal can show.
public struct TerminalStyle: Sendable, Equatable {
    /// How many colours there are.
    public enum Colours: Sendable {
        /// None: marks tell things apart.
        case none
        /// The 16 that every colour terminal has.
        case sixteen
        /// The palette of 256.
        case many
    }

    /// Whether box-drawing and braille characters can be shown; else ASCII alone is used.
    public var unicode: Bool
    /// How many colours there are.
    public var colours: Colours

    /// - Parameters:
    ///   - unicode: whether box-drawing and braille characters can be shown.
    ///   - colours: how many colours there are.
    public init(unicode: Bool, colours: Colours) {
        self.unicode = unicode
        self.colours = colours
    }

    /// ASCII without colours: fits every file and terminal.
    public static let plain = TerminalStyle(unicode: false, colours: .none)

    /// What standard output can show, from its kind and the environment.
    ///
    /// Colours need a terminal, and stay off where `NO_COLOR` is set (no-color.org) or `TERM` is `dumb`. Unicode needs
    /// UTF-8 in `LC_ALL`, `LC_CTYPE` or `LANG`, the first of them that is set; macOS has it anyway.
    public static var standardOutput: TerminalStyle {
        style(
            environment: environmentVariable, isTerminal: isatty(STDOUT_FILENO) == 1)
    }

    package static func style(environment: (String) -> String?, isTerminal: Bool) -> TerminalStyle {
        func value(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        let locale = (value("LC_ALL") ?? value("LC_CTYPE") ?? value("LANG") ?? "").lowercased()
        var unicode = locale.hasSuffix("utf-8") || locale.hasSuffix("utf8")
        #if canImport(Darwin)
            unicode = unicode || locale.isEmpty
        #endif
        let terminal = value("TERM") ?? "dumb"
        guard isTerminal && terminal != "dumb" && value("NO_COLOR") == nil else {
            return TerminalStyle(unicode: unicode, colours: .none)
        }
        let hasMany = terminal.hasSuffix("256color") || value("COLORTERM") != nil
        return TerminalStyle(unicode: unicode, colours: hasMany ? .many : .sixteen)
    }

    /// Columns of standard output: the terminal's, else `COLUMNS`, else 80.
    public static var columns: Int {
        if let columns = terminalColumns(of: STDOUT_FILENO) { return columns }
        return environmentVariable("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
    }

    /// The text in the colour of series `index`.
    func coloured(_ text: String, _ index: Int) -> String {
        switch colours {
        case .none: text
        case .sixteen: "\u{1B}[\([94, 91, 92, 95, 93, 96, 97][index % 7])m\(text)\u{1B}[0m"
        case .many:
            "\u{1B}[38;5;\([33, 208, 36, 175, 178, 248, 141, 137, 81, 203, 113, 229][index % 12])m\(text)\u{1B}[0m"
        }
    }
}
