import Files

/// A named value of a plan's part, with the range that is allowed.
public struct PlanField<Part: Sendable>: Sendable {
    /// The name in a plan's file.
    public let name: String
    /// What it is, in one line.
    public let summary: String
    /// What is allowed, as `a number from 0 to 1`.
    public let domain: String
    /// Takes a value over; false where it is not allowed.
    let read: @Sendable (JSONValue, inout Part) -> Bool
    /// The value; nil where the member is left out.
    let write: @Sendable (Part) -> JSONValue?
}

extension PlanField {
    /// A whole number.
    public static func integer(
        _ name: String, _ path: any WritableKeyPath<Part, Int> & Sendable, _ range: ClosedRange<Int>,
        _ summary: String
    ) -> PlanField {
        PlanField(
            name: name, summary: summary,
            domain: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            read: { value, part in
                guard case .number(let number) = value, let whole = Int(exactly: number), range.contains(whole) else {
                    return false
                }
                part[keyPath: path] = whole
                return true
            }, write: { .integer($0[keyPath: path]) })
    }

    /// A number.
    public static func number(
        _ name: String, _ path: any WritableKeyPath<Part, Double> & Sendable, _ range: ClosedRange<Double>,
        _ summary: String
    ) -> PlanField {
        PlanField(
            name: name, summary: summary, domain: numberDomain(range),
            read: { value, part in
                guard case .number(let number) = value, range.contains(number) else { return false }
                part[keyPath: path] = number
                return true
            }, write: { .number($0[keyPath: path]) })
    }

    /// A number that may be left out, or be null.
    public static func optionalNumber(
        _ name: String, _ path: any WritableKeyPath<Part, Double?> & Sendable, _ range: ClosedRange<Double>,
        _ summary: String
    ) -> PlanField {
        PlanField(
            name: name, summary: summary, domain: numberDomain(range) + ", or null",
            read: { value, part in
                if case .number(let number) = value, range.contains(number) {
                    part[keyPath: path] = number
                } else if case .null = value {
                    part[keyPath: path] = nil
                } else {
                    return false
                }
                return true
            }, write: { $0[keyPath: path].map { .number($0) } })
    }

    /// A whole number that may be left out, or be null.
    public static func optionalInteger(
        _ name: String, _ path: any WritableKeyPath<Part, Int?> & Sendable, _ range: ClosedRange<Int>,
        _ summary: String
    ) -> PlanField {
        PlanField(
            name: name, summary: summary,
            domain: "a whole number from \(range.lowerBound) to \(range.upperBound), or null",
            read: { value, part in
                if case .number(let number) = value, let whole = Int(exactly: number), range.contains(whole) {
                    part[keyPath: path] = whole
                } else if case .null = value {
                    part[keyPath: path] = nil
                } else {
                    return false
                }
                return true
            }, write: { $0[keyPath: path].map { .integer($0) } })
    }

    /// True or false.
    public static func flag(
        _ name: String, _ path: any WritableKeyPath<Part, Bool> & Sendable, _ summary: String
    ) -> PlanField {
        PlanField(
            name: name, summary: summary, domain: "true or false",
            read: { value, part in
                guard case .bool(let flag) = value else { return false }
                part[keyPath: path] = flag
                return true
            }, write: { .bool($0[keyPath: path]) })
    }

    /// Something that is written as a word, such as a case of an enumeration.
    public static func word<Value: LosslessStringConvertible & SendableMetatype>(
        _ name: String, _ path: any WritableKeyPath<Part, Value> & Sendable, domain: String, _ summary: String
    ) -> PlanField {
        PlanField(
            name: name, summary: summary, domain: domain,
            read: { value, part in
                guard case .string(let text) = value, let word = Value(text) else { return false }
                part[keyPath: path] = word
                return true
            }, write: { .string($0[keyPath: path].description) })
    }

    /// Numbers, each once.
    public static func numbers(
        _ name: String, _ path: any WritableKeyPath<Part, [Double]> & Sendable, _ range: ClosedRange<Double>,
        atMost most: Int, _ summary: String
    ) -> PlanField {
        PlanField(
            name: name, summary: summary, domain: "at most \(most) different ones, each \(numberDomain(range))",
            read: { value, part in
                guard case .array(let elements) = value, elements.count <= most else { return false }
                let numbers = elements.compactMap { element -> Double? in
                    if case .number(let number) = element, range.contains(number) { number } else { nil }
                }
                guard numbers.count == elements.count, Set(numbers).count == numbers.count else { return false }
                part[keyPath: path] = numbers
                return true
            }, write: { .array($0[keyPath: path].map { .number($0) }) })
    }

    /// Words that are free, each once.
    public static func words(
        _ name: String, _ path: any WritableKeyPath<Part, [String]> & Sendable, _ summary: String
    ) -> PlanField {
        PlanField(
            name: name, summary: summary, domain: "a list of different names",
            read: { value, part in
                guard case .array(let elements) = value else { return false }
                let words = elements.compactMap { element -> String? in
                    if case .string(let word) = element { word } else { nil }
                }
                guard words.count == elements.count, Set(words).count == words.count else { return false }
                part[keyPath: path] = words
                return true
            }, write: { .array($0[keyPath: path].map { .string($0) }) })
    }

    private static func numberDomain(_ range: ClosedRange<Double>) -> String {
        "a number from \(JSONValue.number(range.lowerBound).text()) to \(JSONValue.number(range.upperBound).text())"
    }
}

extension PlanField {
    /// Free text.
    static func text(
        _ name: String, _ path: any WritableKeyPath<Part, String> & Sendable, _ summary: String
    ) -> PlanField {
        PlanField(
            name: name, summary: summary, domain: "text in quotation marks",
            read: { value, part in
                guard case .string(let text) = value else { return false }
                part[keyPath: path] = text
                return true
            }, write: { .string($0[keyPath: path]) })
    }
}
