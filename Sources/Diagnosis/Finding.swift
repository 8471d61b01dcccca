/// How bad something is.
public enum Verdict: String, Sendable, Codable, CaseIterable {
    /// As it should be.
    case fine
    /// Unusual, or not as good as it might be.
    case look
    /// Wrong: it keeps the run from learning.
    case bad
}

/// One thing that was looked at, what was seen and what to do about it.
public struct Finding: Sendable, Equatable, Encodable {
    /// What was looked at.
    public let check: String
    /// What was seen, in words.
    public let value: String
    /// What was measured, by name; without what is not finite.
    public let numbers: [String: Double]
    /// How bad it is.
    public let verdict: Verdict
    /// What to do about it; nil where all is fine.
    public let advice: String?

    /// - Parameter advice: kept only where the verdict asks for some.
    init(
        _ check: String, _ value: String, _ verdict: Verdict, numbers: [String: Double] = [:], advice: String = ""
    ) {
        self.check = check
        self.value = value
        self.numbers = numbers.filter(\.value.isFinite)
        self.verdict = verdict
        self.advice = verdict == .fine ? nil : advice
    }
}

extension Verdict {
    /// `bad` beyond one bound, `look` beyond the other.
    static func above(_ value: Double, look: Double, bad: Double) -> Verdict {
        value > bad ? .bad : value > look ? .look : .fine
    }
}
