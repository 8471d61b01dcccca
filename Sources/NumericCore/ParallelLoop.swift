import Dispatch
import Synchronization

/// How many threads numeric loops may use; results never depend on it.
public enum Threads {
    private static let setting = Atomic<Int>(0)

    /// The processor's cores unless set.
    public static var count: Int {
        get {
            let value = setting.load(ordering: .relaxed)
            return value > 0 ? value : Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        }
        set {
            precondition(newValue > 0, "at least one thread")
            setting.store(newValue, ordering: .relaxed)
        }
    }
}

/// True inside a parallel loop's body: loops in there run on their own thread alone.
@TaskLocal private var insideParallelLoop = false

/// Runs `body(0) … body(count − 1)`, on up to `Threads.count` threads, and returns when all have run.
///
/// Iterations are handed out one by one, so `body` must not care which thread runs it or when. A loop inside a
/// loop's body runs serially: the outer one already keeps the cores busy.
public func parallelLoop(_ count: Int, _ body: @Sendable (Int) -> Void) {
    let workers = insideParallelLoop ? 1 : min(count, Threads.count)
    guard workers > 1 else {
        for index in 0..<max(count, 0) { body(index) }
        return
    }
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
        $insideParallelLoop.withValue(true) {
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                body(index)
            }
        }
    }
}

/// `[body(0), … body(count − 1)]`, computed like `parallelLoop(_:_:)`; the order is that of the indices.
public func parallelMap<T: Sendable>(_ count: Int, _ body: @Sendable (Int) -> T) -> [T] {
    // Even of no elements, an uninitialised array is written to: then to the empty array that all threads share.
    guard count > 0 else { return [] }
    return [T](unsafeUninitializedCapacity: count) { buffer, filled in
        // Each iteration has a place of its own, so nobody waits.
        nonisolated(unsafe) let places = buffer
        parallelLoop(count) { places.initializeElement(at: $0, to: body($0)) }
        filled = buffer.count
    }
}
