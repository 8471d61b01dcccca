/// Text that may stand in XML, as content or within quotation marks.
package func xmlEscaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": escaped += "&amp;"
        case "<": escaped += "&lt;"
        case ">": escaped += "&gt;"
        case "\"": escaped += "&quot;"
        case "'": escaped += "&#39;"
        case "\t", "\n", "\r": escaped += " "
        // Other control characters, and these two, are not allowed in XML at all.
        case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
        default: escaped.unicodeScalars.append(scalar)
        }
    }
    return escaped
}

func svgLine(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ kind: String) -> String {
    "<path class=\"\(kind)\" d=\"M\(svgNumber(x1)) \(svgNumber(y1))L\(svgNumber(x2)) \(svgNumber(y2))\"/>"
}

func svgText(_ content: String, _ x: Double, _ y: Double, _ kind: String) -> String {
    let attribute = kind.isEmpty ? "" : " class=\"\(kind)\""
    return "<text\(attribute) x=\"\(svgNumber(x))\" y=\"\(svgNumber(y))\">\(xmlEscaped(content))</text>"
}

/// About how wide a text of 13 pixels is, on the wide side because fonts differ.
func textWidth(_ text: String) -> Double {
    text.reduce(0) { width, letter in
        switch letter {
        case "i", "j", "l", "t", "f", "r", "I", ".", ",", ":", ";", "'", "|", " ", "(", ")", "-", "/": width + 5
        case "m", "w", "M", "W", "@", "%", "—": width + 12.6
        case _ where letter.isUppercase || "+=<>^_~".contains(letter): width + 10
        default: width + (letter.isASCII ? 8.2 : 11)
        }
    }
}

/// A coordinate to a tenth.
func svgNumber(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return tenths.isMultiple(of: 10)
        ? "\(tenths / 10)" : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
}

/// Breaks a text into lines of at most `width` letters, at spaces.
package func wrapped(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(whereSeparator: \.isWhitespace) {
        if let last = lines.last, last.count + 1 + word.count <= width {
            lines[lines.count - 1] += " \(word)"
        } else {
            lines.append(String(word))
        }
    }
    return lines
}
