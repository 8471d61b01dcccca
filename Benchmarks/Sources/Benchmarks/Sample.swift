/// Durations of the same operation, turn by turn.
struct Sample: Codable, Sendable, Hashable {
    /// The median duration of each turn, in the order in which they were measured.
    private(set) var seconds: [Double] = []
    /// The most memory that the process held, and how much of it was the operation's own.
    var peakBytes: Int?
    var ownBytes: Int?

    mutating func add(_ answer: Answer) {
        seconds.append(Self.median(answer.seconds ?? []))
        peakBytes = answer.peakBytes
        ownBytes = answer.ownBytes
    }

    /// Joins the turns of another pair.
    mutating func add(_ other: Sample) {
        seconds += other.seconds
        peakBytes = [peakBytes, other.peakBytes].compactMap { $0 }.max()
        ownBytes = [ownBytes, other.ownBytes].compactMap { $0 }.max()
    }

    var median: Double { Self.median(seconds) }
    var least: Double { seconds.min() ?? .nan }
    var most: Double { seconds.max() ?? .nan }

    static func median(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return .nan }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
