/// Any JSON value, read from text that may be hostile; members of objects keep their order.
///
///     let plan = try JSONValue(parsing: try readFile("plan.json"), path: "plan.json")
///     print(plan["truncation"]?["unroll"], plan.text(indented: true))
public indirect enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// A named value within an object.
    public struct Member: Sendable, Hashable {
        public let name: String
        public let value: JSONValue

        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// A whole number.
    public static func integer(_ value: Int) -> JSONValue { .number(Double(value)) }

    /// A member of an object; nil where there is none of that name or the value is no object.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }
}

// MARK: Reading

extension JSONValue {
    /// How deep objects and lists may be nested.
    private static let deepest = 32

    /// Reads a file's text.
    ///
    /// - Parameter path: where the text comes from, for errors.
    /// - Throws: `InputError` where it is no JSON, names a member twice or is nested too deeply.
    public init(parsing text: [UInt8], path: String) throws {
        do {
            var scanner = JSONScanner(text[...])
            self = try Self.read(&scanner, depth: 0)
            try scanner.end()
        } catch let failure as JSONScanner.Failure {
            let line = text.prefix(failure.position).count { $0 == UInt8(ascii: "\n") } + 1
            throw InputError(
                path, "the JSON \(failure.problem), in line \(line)", advice: "correct the file or write it anew")
        }
    }

    private static func read(_ scanner: inout JSONScanner, depth: Int) throws -> JSONValue {
        guard depth < deepest else { throw scanner.failure("is nested too deeply") }
        switch scanner.next() {
        case UInt8(ascii: "{"):
            var members: [Member] = []
            try scanner.object { scanner, name in
                members.append(Member(name, try read(&scanner, depth: depth + 1)))
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try scanner.array { elements.append(try read(&$0, depth: depth + 1)) }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(try scanner.string())
        case UInt8(ascii: "-")?, (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return .number(try scanner.number())
        default:
            let word = try scanner.word()
            return word == "null" ? .null : .bool(word == "true")
        }
    }
}

// MARK: Writing

extension JSONValue {
    /// The value as text that `init(parsing:path:)` reads back as it was.
    ///
    /// - Parameter indented: one member a line, in place of all in one line. Short lists stay in one line.
    public func text(indented: Bool = false) -> String { text(indented ? "\n" : nil) }

    /// - Parameter newline: the line break with the indentation of this value; nil for one line.
    private func text(_ newline: String?) -> String {
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .number(let value): return Self.text(of: value)
        case .string(let value): return jsonString(value)
        case .array(let elements):
            let inline = "[\(elements.map { $0.text(nil) }.joined(separator: ", "))]"
            guard let newline, inline.count > 80 else { return inline }
            return Self.lines(elements.map { $0.text(newline + "  ") }, "[", "]", newline)
        case .object(let members):
            let inner = newline.map { $0 + "  " }
            let parts = members.map { "\(jsonString($0.name)): \($0.value.text(inner))" }
            guard let newline, !parts.isEmpty else { return "{\(parts.joined(separator: ", "))}" }
            return Self.lines(parts, "{", "}", newline)
        }
    }

    private static func lines(_ parts: [String], _ open: String, _ close: String, _ newline: String) -> String {
        open + parts.map { "\(newline)  \($0)" }.joined(separator: ",") + newline + close
    }

    /// A whole number without a point, everything else with as few digits as tell it from others.
    private static func text(of value: Double) -> String {
        precondition(value.isFinite, "JSON has no infinity")
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }
}

// MARK: Inside other Codable values

extension JSONValue: Codable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    public init(from decoder: any Decoder) throws {
        if let object = try? decoder.container(keyedBy: Key.self) {
            let keys = object.allKeys.sorted { $0.stringValue < $1.stringValue }
            self = .object(try keys.map { Member($0.stringValue, try object.decode(JSONValue.self, forKey: $0)) })
        } else if var list = try? decoder.unkeyedContainer() {
            var elements: [JSONValue] = []
            while !list.isAtEnd { elements.append(try list.decode(JSONValue.self)) }
            self = .array(elements)
        } else {
            let single = try decoder.singleValueContainer()
            if single.decodeNil() {
                self = .null
            } else if let value = try? single.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? single.decode(Double.self) {
                self = .number(value)
            } else {
                self = .string(try single.decode(String.self))
            }
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .object(let members):
            var object = encoder.container(keyedBy: Key.self)
            for member in members { try object.encode(member.value, forKey: Key(stringValue: member.name)) }
        case .array(let elements):
            var list = encoder.unkeyedContainer()
            for element in elements { try list.encode(element) }
        case .null:
            var single = encoder.singleValueContainer()
            try single.encodeNil()
        case .bool(let value):
            var single = encoder.singleValueContainer()
            try single.encode(value)
        case .number(let value):
            var single = encoder.singleValueContainer()
            try single.encode(value)
        case .string(let value):
            var single = encoder.singleValueContainer()
            try single.encode(value)
        }
    }
}
