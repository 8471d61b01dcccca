import Foundation
public import NumericCore

/// A group whose processes are threads of this one: bytes pass between them as between machines.
public struct ThreadGroup: ProcessGroup {
    public let rank: Int
    public var count: Int { meeting.count }
    private let meeting: Meeting

    /// What each of so many ranks comes to, all running at once; the first error is thrown.
    public static func run<T: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (ThreadGroup) throws -> T
    ) throws -> [T] {
        let meeting = Meeting(count)
        let ended = (0..<count).map { _ in DispatchSemaphore(value: 0) }
        let outcomes = Locked<[Int: Result<T, any Error>]>([:])
        for rank in 0..<count {
            let thread = Thread {
                let outcome = Result { try body(ThreadGroup(rank: rank, meeting: meeting)) }
                outcomes.withLock { $0[rank] = outcome }
                ended[rank].signal()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        for semaphore in ended { semaphore.wait() }
        return try outcomes.withLock { outcomes in try (0..<count).map { try outcomes[$0]!.get() } }
    }

    public func gatherAll(_ bytes: [UInt8]) -> [[UInt8]] { meeting.exchange(rank, bytes) }

    public func gather(_ bytes: [UInt8]) -> [[UInt8]] {
        let all = meeting.exchange(rank, bytes)
        return rank == 0 ? all : []
    }

    public func broadcast(_ bytes: [UInt8]) -> [UInt8] { meeting.exchange(rank, rank == 0 ? bytes : [])[0] }
}

/// Where all ranks bring something, and each leaves with everything.
private final class Meeting: Sendable {
    let count: Int
    private let rounds = Locked<[Int: [Int: [UInt8]]]>([:])
    private let visits = Locked<[Int: Int]>([:])

    init(_ count: Int) { self.count = count }

    func exchange(_ rank: Int, _ bytes: [UInt8]) -> [[UInt8]] {
        let round = visits.withLock { visits in
            visits[rank, default: 0] += 1
            return visits[rank]!
        }
        rounds.withLock { $0[round, default: [:]][rank] = bytes }
        while true {
            let all: [[UInt8]]? = rounds.withLock { rounds in
                guard let brought = rounds[round], brought.count == count else { return nil }
                // Whoever is here has left the round before the last.
                rounds[round - 2] = nil
                return (0..<count).map { brought[$0]! }
            }
            if let all { return all }
            usleep(20)
        }
    }
}

/// A value behind a lock that the thread sanitizer knows; of the library's own Mutex it sees only the memory.
private final class Locked<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) { self.value = value }

    func withLock<T>(_ body: (inout Value) throws -> T) rethrows -> T {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
