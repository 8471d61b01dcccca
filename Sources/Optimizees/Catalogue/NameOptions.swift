import Files

/// The options behind a name, `width=40,batch=64`, taken out one by one.
struct NameOptions {
    private let subject: String
    private var values: [(key: String, value: String)] = []

    /// - Parameters:
    ///   - text: what follows the colon.
    ///   - subject: the whole name, for messages.
    ///   - known: the keys that exist.
    /// - Throws: `InputError` for a key that is unknown or given twice, or has no value.
    init(_ text: Substring, of subject: String, known: [String]) throws {
        self.subject = subject
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, part.first != "=" else {
                throw InputError(subject, "\"\(part)\" is not an option", advice: "write options as key=value")
            }
            let key = String(pair[0])
            guard known.contains(key) else {
                throw InputError(subject, "has no option \(key)", advice: suggestion(for: key, among: known))
            }
            guard !values.contains(where: { $0.key == key }) else {
                throw InputError(subject, "gives \(key) twice", advice: "give each option once")
            }
            values.append((key, String(pair[1])))
        }
    }

    /// No options.
    init(of subject: String) { self.subject = subject }

    /// Whether the option is given.
    func has(_ key: String) -> Bool { text(key) != nil }

    /// A whole number within `range`.
    func integer(_ key: String, default standard: Int, in range: ClosedRange<Int>) throws -> Int {
        guard let text = text(key) else { return standard }
        guard let value = Int(text), range.contains(value) else {
            throw bad(key, text, "give a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A finite number that is at least `least`.
    func number(_ key: String, default standard: Float, atLeast least: Float) throws -> Float {
        guard let text = text(key) else { return standard }
        guard let value = Float(text), value >= least, value.isFinite else {
            throw bad(key, text, "give a number of \(least) or more")
        }
        return value
    }

    /// A number above 0, or `infinity`.
    func positiveNumber(_ key: String, default standard: Float) throws -> Float {
        guard let text = text(key) else { return standard }
        guard let value = Float(text), value > 0 else {
            throw bad(key, text, "give a number above 0, or infinity")
        }
        return value
    }

    /// One of an enumeration's names.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, default standard: Choice
    ) throws -> Choice where Choice.RawValue == String {
        guard let text = text(key) else { return standard }
        guard let value = Choice(rawValue: text) else {
            throw bad(key, text, suggestion(for: text, among: Choice.allCases.map(\.rawValue)))
        }
        return value
    }

    /// Whole numbers with dashes between them, as `40-20`.
    func integers(_ key: String, in range: ClosedRange<Int>) throws -> [Int]? {
        guard let text = text(key) else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let values = parts.compactMap { Int($0) }.filter(range.contains)
        guard values.count == parts.count else {
            throw bad(key, text, "give whole numbers such as 40-20, from \(range.lowerBound) to \(range.upperBound)")
        }
        return values
    }

    /// Anything that can be read from text.
    func value<Value: LosslessStringConvertible>(
        _ key: String, default standard: Value, advice: String
    ) throws -> Value {
        guard let text = text(key) else { return standard }
        guard let value = Value(text) else { throw bad(key, text, advice) }
        return value
    }

    /// The error for a value that is understood but does not fit.
    func unusable(_ key: String, advice: String) -> InputError { bad(key, text(key) ?? "", advice) }

    /// Refuses a pair of options that contradict each other.
    func refuse(_ key: String, with other: String) throws {
        guard has(key), has(other) else { return }
        throw InputError(subject, "gives both \(key) and \(other)", advice: "give one of them")
    }

    private func text(_ key: String) -> String? { values.first { $0.key == key }?.value }

    private func bad(_ key: String, _ text: String, _ advice: String) -> InputError {
        InputError(subject, "\(key)=\(text) cannot be used", advice: advice)
    }
}
