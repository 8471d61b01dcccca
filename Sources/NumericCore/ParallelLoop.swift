import Dispatch
import Synchronization

/// Runs `body(0) … body(count − 1)`, on up to `Threads.current` threads, and returns when all have run.
///
/// Iterations are handed out one by one, so `body` must not care which thread runs it or when. A loop inside a
/// loop's body runs serially, unless `Threads` is asked for more: the outer one already keeps the cores busy.
public func parallelLoop(_ count: Int, _ body: @Sendable (Int) -> Void) {
    let workers = min(count, Threads.current.count)
    guard workers > 1 else {
        for index in 0..<max(count, 0) { body(index) }
        return
    }
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
        Threads(1).run {
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

/// Runs of neighbours that have at most `size` together, or of one that has more: what is worth waking a thread for.
public func groups(of sizes: [Int], upTo size: Int) -> [Range<Int>] {
    var (groups, start, sum): ([Range<Int>], Int, Int) = ([], 0, 0)
    for index in sizes.indices {
        if sum + sizes[index] > size && index > start {
            groups.append(start..<index)
            (start, sum) = (index, 0)
        }
        sum += sizes[index]
    }
    return sizes.isEmpty ? [] : groups + [start..<sizes.count]
}
