/// Reads JSON whose structure the caller knows, straight from bytes: each call consumes one value of the kind it names.
///
/// Nothing is parsed that was not asked for, so nesting is as deep as the caller's calls and hostile text cannot
/// exhaust the stack. Unlike `JSONDecoder` it refuses an object that names a member twice. Grammar: RFC 8259.
struct JSONScanner {
    /// What is wrong, and at which byte of the text.
    struct Failure: Error {
        let problem: String
        let position: Int
    }

    private let text: ArraySlice<UInt8>
    private var position: Int

    init(_ text: ArraySlice<UInt8>) {
        self.text = text
        position = text.startIndex
    }

    /// Reads an object; `member` reads each value, after its name.
    mutating func object(_ member: (inout JSONScanner, String) throws -> Void) throws {
        var names: Set<String> = []
        try expect(UInt8(ascii: "{"), "an object")
        if skip(UInt8(ascii: "}")) { return }
        repeat {
            let start = position
            let name = try string()
            guard names.insert(name).inserted else {
                throw Failure(problem: "names \(quoted(name)) twice", position: start - text.startIndex)
            }
            try expect(UInt8(ascii: ":"), "a colon")
            try member(&self, name)
        } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"), "a comma or the object's end")
    }

    /// Reads an array of whole numbers.
    mutating func integers() throws -> [Int] {
        var numbers: [Int] = []
        try expect(UInt8(ascii: "["), "a list of whole numbers")
        if skip(UInt8(ascii: "]")) { return [] }
        repeat { numbers.append(try integer()) } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"), "a comma or the list's end")
        return numbers
    }

    /// Reads a whole number from 0 to `Int.max`.
    mutating func integer() throws -> Int {
        skipWhitespace()
        let start = position
        var value = 0
        while let digit = peek(), case UInt8(ascii: "0")...UInt8(ascii: "9") = digit {
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = shifted.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard !overflow, !carry else { throw failure("has a number beyond 64 bits") }
            value = sum
            position += 1
        }
        guard position > start else { throw failure("needs a whole number that is not negative") }
        guard position == start + 1 || text[start] != UInt8(ascii: "0") else {
            throw failure("has a number with a leading zero")
        }
        return value
    }

    /// Reads an array; `element` reads each value.
    mutating func array(_ element: (inout JSONScanner) throws -> Void) throws {
        try expect(UInt8(ascii: "["), "a list")
        if skip(UInt8(ascii: "]")) { return }
        repeat { try element(&self) } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"), "a comma or the list's end")
    }

    /// Reads a number of any kind.
    mutating func number() throws -> Double {
        skipWhitespace()
        let start = position
        let kinds = Set("0123456789+-.eE".utf8)
        while let byte = peek(), kinds.contains(byte) { position += 1 }
        let digits = String(decoding: text[start..<position], as: UTF8.self)
        // What Swift reads beyond the grammar: a plus in front, zeros in front, a point without digits on both sides.
        let whole = digits.drop { $0 == "-" }
        guard let value = Double(digits), value.isFinite, digits.last?.isNumber == true,
            whole.first?.isNumber == true,
            !whole.hasPrefix("0") || !(whole.dropFirst().first?.isNumber ?? false), !digits.contains(".e"),
            !digits.contains(".E")
        else { throw failure("needs a number that is not infinite") }
        return value
    }

    /// Reads one of the words `true`, `false` and `null`.
    mutating func word() throws -> String {
        skipWhitespace()
        guard let word = ["true", "false", "null"].first(where: { text[position...].starts(with: $0.utf8) }) else {
            throw failure("needs a value")
        }
        position += word.utf8.count
        return word
    }

    /// The first byte of the next value; nil at the end.
    mutating func next() -> UInt8? {
        skipWhitespace()
        return peek()
    }

    /// Reads a string.
    mutating func string() throws -> String {
        try expect(UInt8(ascii: "\""), "a string")
        let start = position
        var unescaped: [UInt8]?
        while let byte = peek(), byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw failure("has a control character inside a string") }
            if byte == UInt8(ascii: "\\") {
                if unescaped == nil { unescaped = Array(text[start..<position]) }
                unescaped! += try escape()
            } else {
                unescaped?.append(byte)
                position += 1
            }
        }
        let end = position
        guard skip(UInt8(ascii: "\"")) else { throw failure("ends inside a string") }
        let string =
            if let unescaped {
                String(validating: unescaped, as: UTF8.self)
            } else {
                String(validating: text[start..<end], as: UTF8.self)
            }
        guard let string else { throw failure("has a string that is not valid UTF-8") }
        return string
    }

    /// Checks that only white space is left.
    mutating func end() throws {
        skipWhitespace()
        guard position == text.endIndex else { throw failure("goes on after its object") }
    }

    /// An error about the value just read.
    func failure(_ problem: String) -> Failure {
        Failure(problem: problem, position: position - text.startIndex)
    }

    private mutating func escape() throws -> [UInt8] {
        position += 1
        guard let letter = peek() else { throw failure("ends inside a string") }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(Character(try escapedScalar())).utf8)
        default: throw failure("has an unknown escape inside a string")
        }
    }

    /// The scalar of an escape, `\u` and four digits, or of two such halves, after the first `\u`.
    private mutating func escapedScalar() throws -> Unicode.Scalar {
        let unit = try fourHexDigits()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard UTF16.isLeadSurrogate(unit), text[position...].starts(with: Array("\\u".utf8)) else {
            throw failure("has half a character escaped inside a string")
        }
        position += 2
        let trail = try fourHexDigits()
        guard UTF16.isTrailSurrogate(trail) else {
            throw failure("has half a character escaped inside a string")
        }
        return UTF16.decode(UTF16.EncodedScalar([unit, trail]))
    }

    private mutating func fourHexDigits() throws -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = peek().flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
                throw failure("needs four hexadecimal digits after \\u")
            }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }

    private mutating func expect(_ byte: UInt8, _ what: String) throws {
        guard skip(byte) else { throw failure("needs \(what)") }
    }

    /// Steps over white space, then over `byte` if it comes next; says whether it did.
    private mutating func skip(_ byte: UInt8) -> Bool {
        skipWhitespace()
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func peek() -> UInt8? { position < text.endIndex ? text[position] : nil }
}

/// `text` as a JSON string, quotes included.
func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case _ where scalar.value < 0x20:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
