import Files
import MetaTraining
public import NumericCore
import Platform
import Synchronization

/// What updates of a plan take on the processes of a group, measured.
public struct GroupTiming: Sendable {
    /// Seconds of an update.
    public let update: Double
    /// Of these, seconds in which messages travel: of each exchange what it takes the process that comes to it last.
    public let exchange: Double
    /// Seconds of an update in which a process waits for slower ones, in the mean over processes.
    public let waiting: Double

    /// Trains for some meta-iterations, after one that is not counted. Each process calls it with the same arguments.
    public init(_ training: TimedTraining, iterations: Int, in group: any ProcessGroup) {
        let timed = TimedGroup(group)
        let seconds = training.seconds(iterations, GroupExecutor(timed)) { timed.log.withLock { $0 = [] } }
        let own = [seconds] + timed.log.withLock { $0 }
        let all = group.gatherAll(littleEndianBytes(own.map(\.bitPattern))).map { bytes in
            littleEndianNumbers(bytes, of: UInt64.self).map { Double(bitPattern: $0) }
        }
        self.init(all.map { ($0[0], Array($0.dropFirst())) }, updates: iterations * training.updatesPerIteration)
    }

    /// - Parameters:
    ///   - processes: of each process the seconds of all updates, and of each exchange.
    ///   - updates: how many updates that were.
    init(_ processes: [(whole: Double, exchanges: [Double])], updates: Int) {
        let count = Double(updates)
        update = processes.map(\.whole).max()! / count
        let exchanges = processes[0].exchanges.indices.map { index in processes.map { $0.exchanges[index] }.min()! }
        exchange = exchanges.reduce(0, +) / count
        let inside = processes.map { $0.exchanges.reduce(0, +) }.reduce(0, +) / Double(processes.count)
        waiting = inside / count - exchange
    }
}

/// A group that notes how long each exchange takes.
private final class TimedGroup: ProcessGroup {
    private let group: any ProcessGroup
    let log = Mutex<[Double]>([])

    init(_ group: any ProcessGroup) { self.group = group }

    var rank: Int { group.rank }
    var count: Int { group.count }

    func gatherAll(_ bytes: [UInt8]) -> [[UInt8]] { timed { group.gatherAll(bytes) } }
    func gather(_ bytes: [UInt8]) -> [[UInt8]] { timed { group.gather(bytes) } }
    func broadcast(_ bytes: [UInt8]) -> [UInt8] { timed { group.broadcast(bytes) } }

    private func timed<Value>(_ exchange: () -> Value) -> Value {
        let start = ContinuousClock.now
        let value = exchange()
        let seconds = (ContinuousClock.now - start).seconds
        log.withLock { $0.append(seconds) }
        return value
    }
}
