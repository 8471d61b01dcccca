import Synchronization

/// A `Mutex` whose order the thread sanitizer sees.
///
/// A thread that has waited for a `Mutex` gets it from the kernel (a priority-inheriting futex on Linux), without an atomic
/// operation of its own; the one here says again what the lock says already.
package struct OrderedMutex<Value: ~Copyable>: ~Copyable, Sendable {
    private let mutex: Mutex<Value>
    private let order = Atomic<Bool>(false)

    package init(_ value: consuming sending Value) { mutex = Mutex(value) }

    /// Runs `body` with the value, alone.
    package borrowing func withLock<R: ~Copyable, E: Error>(
        _ body: (inout sending Value) throws(E) -> sending R
    ) throws(E) -> sending R {
        try mutex.withLock { (value: inout sending Value) throws(E) -> sending R in
            _ = order.load(ordering: .acquiring)
            defer { order.store(true, ordering: .releasing) }
            return try body(&value)
        }
    }
}
