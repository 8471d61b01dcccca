public import NumericCore
import Platform
import Synchronization

/// Processes that run one command together: each does its share, the first one alone speaks and writes files.
public protocol CommandGroup: ProcessGroup {
    /// Ends all processes at once, with this exit code.
    func abort(_ exitCode: Int32) -> Never

    /// Waits until all processes have come here; nothing is exchanged afterwards.
    func finish()
}

/// A command whose work a group shares; of the others, the first process does everything.
public protocol SharedWorkCommand {}

/// The group that this process belongs to, if any.
enum Team {
    private static let own = Mutex<(any CommandGroup)?>(nil)

    /// From here on, this process belongs to a group.
    static func join(_ group: any CommandGroup) { own.withLock { $0 = group } }

    /// nil where this process is alone.
    static var current: (any CommandGroup)? { own.withLock { $0 } }

    /// Whether this process speaks and writes.
    static var isFirst: Bool { current.map { $0.rank == 0 } ?? true }
}
