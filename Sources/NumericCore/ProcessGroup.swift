/// Processes that work on one thing together, on one machine or many.
///
/// Each calls the same methods in the same order; a call returns when all that it needs have made it. Whoever
/// implements it ends all processes where one is lost, so that no call fails.
public protocol ProcessGroup: Sendable {
    /// This process's number, from 0.
    var rank: Int { get }
    /// How many there are.
    var count: Int { get }

    /// What each process gives, by rank, in every process.
    func gatherAll(_ bytes: [UInt8]) -> [[UInt8]]

    /// What each process gives, by rank, in the first one; the others get nothing.
    func gather(_ bytes: [UInt8]) -> [[UInt8]]

    /// What the first process gives, in every process; nobody looks at what the others give.
    func broadcast(_ bytes: [UInt8]) -> [UInt8]
}

extension ProcessGroup {
    /// Which of so many jobs are this process's: as many in a row as the others have, or one more or less.
    public func share(of jobs: Int) -> Range<Int> { share(of: jobs, rank: rank) }

    /// Which of so many jobs are those of the process with a rank.
    public func share(of jobs: Int, rank: Int) -> Range<Int> {
        rank * jobs / count..<(rank + 1) * jobs / count
    }
}

/// Several byte strings as one, each behind its length.
public func packed(_ parts: [[UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(parts.reduce(0) { $0 + 8 + $1.count })
    for part in parts {
        let length = UInt64(part.count)
        for shift in stride(from: 0 as UInt64, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: length >> shift))
        }
        bytes += part
    }
    return bytes
}

/// What `packed` made one of.
///
/// - Precondition: the bytes are whole.
public func unpacked(_ bytes: [UInt8]) -> [[UInt8]] {
    var parts: [[UInt8]] = []
    var place = 0
    while place < bytes.count {
        precondition(bytes.count - place >= 8, "a length has eight bytes")
        let length = bytes[place..<place + 8].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        place += 8
        precondition(length <= UInt64(bytes.count - place), "a part is as long as its length says")
        parts.append(Array(bytes[place..<place + Int(length)]))
        place += Int(length)
    }
    return parts
}
