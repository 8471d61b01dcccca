import Synchronization

/// A value behind a `Mutex` whose order the thread sanitizer sees.
///
/// A thread that has waited for a `Mutex` gets it from the kernel (a priority-inheriting futex on Linux), without an atomic
/// operation of its own; the one here says again what the lock says already. The value stands beside the lock, not in it:
/// a lock of a generic type has its memory laid out at run time, and wrongly.
package final class OrderedMutex<Value>: @unchecked Sendable {
    private let mutex = Mutex<Void>(())
    private let order = Atomic<Bool>(false)
    private var value: Value

    package init(_ value: sending Value) { self.value = value }

    /// Runs `body` with the value, alone.
    package func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
        try mutex.withLock { _ in
            _ = order.load(ordering: .acquiring)
            defer { order.store(true, ordering: .releasing) }
            return try body(&value)
        }
    }
}
