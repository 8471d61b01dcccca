/// Which of a period's losses the meta-loss counts: `last`, `mean` of all, or `last-4` for the mean of the last four.
public enum LossWindow: Sendable, Hashable, LosslessStringConvertible {
    /// The last one seen.
    case last
    /// All of them.
    case mean
    /// So many of the last ones.
    case lastFew(Int)

    public init?(_ text: String) {
        switch text {
        case "last": self = .last
        case "mean": self = .mean
        default:
            guard text.hasPrefix("last-"), let count = Int(text.dropFirst(5)), (1...10_000).contains(count) else {
                return nil
            }
            self = .lastFew(count)
        }
    }

    public var description: String {
        switch self {
        case .last: "last"
        case .mean: "mean"
        case .lastFew(let count): "last-\(count)"
        }
    }

    /// The weight of each of `count` losses; they add up to 1.
    public func weights(_ count: Int) -> [Float] {
        switch self {
        case .last: (0..<count).map { $0 == count - 1 ? 1 : 0 }
        case .mean: [Float](repeating: 1 / Float(count), count: count)
        case .lastFew(let few): (0..<count).map { $0 >= count - few ? 1 / Float(min(few, count)) : 0 }
        }
    }
}
