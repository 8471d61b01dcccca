import NumericCore

/// What an option of a template may be: one value, or one drawn anew for each task.
///
///     20              that value
///     6..40           uniform between both
///     32~256          log-uniform between both: as often from 32 to 64 as from 64 to 128
///     relu|elu|tanh   one of them, each as often; a repeated one more often, and any may be a range
public struct OptionDraw: Sendable, Hashable, CustomStringConvertible {
    /// One alternative.
    enum Range: Sendable, Hashable {
        case text(String)
        case integers(ClosedRange<Int>, isLogarithmic: Bool)
        case numbers(ClosedRange<Float>, isLogarithmic: Bool)
    }

    let alternatives: [Range]

    /// Whether there is nothing to draw.
    public var isFixed: Bool {
        if alternatives.count == 1, case .text = alternatives[0] { true } else { false }
    }

    public var description: String { alternatives.map(\.description).joined(separator: "|") }

    /// - Returns: nil where a range is empty, or logarithmic from 0 or less, or where there is no text.
    init?(_ text: Substring) {
        var alternatives: [Range] = []
        for part in text.split(separator: "|", omittingEmptySubsequences: false) {
            guard let range = Range(part) else { return nil }
            alternatives.append(range)
        }
        self.alternatives = alternatives
    }

    init(fixed text: String) { alternatives = [.text(text)] }

    /// Draws a value, as options write it.
    func draw(_ stream: inout RandomStream) -> String {
        guard alternatives.count > 1 else { return alternatives[0].draw(&stream) }
        return alternatives[stream.index(below: alternatives.count)].draw(&stream)
    }

    /// Values that no drawn one lies outside of: both ends of ranges, every other alternative. The first is the lowest.
    var ends: [String] {
        alternatives.flatMap { range -> [String] in
            switch range {
            case .text(let text): [text]
            case .integers(let range, _): [range.lowerBound, range.upperBound].map { "\($0)" }
            case .numbers(let range, _): [range.lowerBound, range.upperBound].map { "\($0)" }
            }
        }
    }
}

extension OptionDraw.Range: CustomStringConvertible {
    init?(_ text: Substring) {
        guard !text.isEmpty else { return nil }
        guard let mark = text.firstRange(of: "..") ?? text.firstRange(of: "~") else {
            self = .text(String(text))
            return
        }
        let (low, high) = (text[..<mark.lowerBound], text[mark.upperBound...])
        let isLogarithmic = text[mark] == "~"
        if let low = Int(low), let high = Int(high), low <= high, low > 0 || !isLogarithmic {
            // The width fits the generator's 32 bits.
            guard high.subtractingReportingOverflow(low).partialValue < 1 << 31, high < 1 << 40 else { return nil }
            self = .integers(low...high, isLogarithmic: isLogarithmic)
        } else if let low = Float(low), let high = Float(high), low <= high, low > 0 || !isLogarithmic,
            low.isFinite && high.isFinite
        {
            self = .numbers(low...high, isLogarithmic: isLogarithmic)
        } else {
            return nil
        }
    }

    var description: String {
        switch self {
        case .text(let text): text
        case .integers(let range, let isLogarithmic):
            "\(range.lowerBound)\(isLogarithmic ? "~" : "..")\(range.upperBound)"
        case .numbers(let range, let isLogarithmic):
            "\(range.lowerBound)\(isLogarithmic ? "~" : "..")\(range.upperBound)"
        }
    }

    func draw(_ stream: inout RandomStream) -> String {
        switch self {
        case .text(let text):
            return text
        case .integers(let range, isLogarithmic: false):
            return "\(range.lowerBound + stream.index(below: range.count))"
        case .integers(let range, isLogarithmic: true):
            // n stands for n to n + 1, so that the last one has its share.
            let value = Self.logarithmic(Double(range.lowerBound), Double(range.upperBound + 1), &stream)
            return "\(min(max(Int(value), range.lowerBound), range.upperBound))"
        case .numbers(let range, isLogarithmic: false):
            return "\(stream.uniform(in: range))"
        case .numbers(let range, isLogarithmic: true):
            let value = Float(Self.logarithmic(Double(range.lowerBound), Double(range.upperBound), &stream))
            return "\(min(max(value, range.lowerBound), range.upperBound))"
        }
    }

    private static func logarithmic(_ low: Double, _ high: Double, _ stream: inout RandomStream) -> Double {
        low * exp(Double(stream.uniform()) * log(high / low))
    }
}
