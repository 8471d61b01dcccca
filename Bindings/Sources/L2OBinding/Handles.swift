import CL2O
import NumericCore
import Optimizers

/// What a handle stands for.
final class Holder: @unchecked Sendable {
    let session: any Session
    /// Bytes that its state takes.
    let stateBytes: Int
    /// 0 for all cores.
    var threads = 0
    /// What was exported and found no room: its size was told, and it is most likely asked for next.
    var exported: [UInt8]?
    private let lock = Lock()

    init(_ session: any Session, stateBytes: Int) { (self.session, self.stateBytes) = (session, stateBytes) }

    /// Calls take turns.
    func alone<R>(_ body: () throws -> R) rethrows -> R {
        try lock.withLock {
            guard threads > 0 else { return try body() }
            return try Result { try Threads(threads).run { Result(catching: body) }.get() }.get()
        }
    }
}

/// Handles are numbers that are never used twice, so that one that is no longer good can be told.
enum Handles {
    nonisolated(unsafe) private static var holders: [UInt64: Holder] = [:]
    nonisolated(unsafe) private static var last: UInt64 = 0
    private static let lock = Lock()

    static func add(_ holder: Holder) -> UInt64 {
        lock.withLock {
            last += 1
            holders[last] = holder
            return last
        }
    }

    static func holder(_ handle: UInt64) throws -> Holder {
        guard let holder = lock.withLock({ holders[handle] }) else { throw unknown(handle) }
        return holder
    }

    static func remove(_ handle: UInt64) throws {
        guard handle != 0 else { return }
        // Freed outside the lock, which takes a while where it is large.
        guard lock.withLock({ holders.removeValue(forKey: handle) }) != nil else { throw unknown(handle) }
    }

    private static func unknown(_ handle: UInt64) -> Failure {
        .argument("\(handle) is no optimizer's handle; it was destroyed, or never made by l2o_create")
    }
}
