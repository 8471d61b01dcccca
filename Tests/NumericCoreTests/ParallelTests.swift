import Foundation
import NumericCore
import Synchronization
import Testing

/// Serial, for the number of threads is the process's.
@Suite(.serialized) struct ParallelTests {
    private func withThreads(_ counts: [Int], _ body: () -> Void) {
        let before = Threads.count
        defer { Threads.count = before }
        for count in counts {
            Threads.count = count
            body()
        }
    }

    @Test("Every index runs once", arguments: [-1, 0, 1, 2, 3, 100, 10_007])
    func coverage(count: Int) {
        withThreads([1, 2, 3, 7]) {
            let seen = OrderedMutex([Int](repeating: 0, count: max(count, 0)))
            parallelLoop(count) { index in seen.withLock { $0[index] += 1 } }
            #expect(seen.withLock { $0.allSatisfy { $0 == 1 } })
        }
    }

    @Test("Results come in the order of the indices", arguments: [0, 1, 5, 1000])
    func map(count: Int) {
        withThreads([1, 2, 7]) {
            #expect(parallelMap(count) { $0 * $0 } == (0..<count).map { $0 * $0 })
        }
    }

    @Test("A loop inside a loop runs on its thread alone, and all of it")
    func nesting() {
        withThreads([2, 7]) {
            let sums = parallelMap(20) { outer in
                let thread = pthread_self()
                let inner = parallelMap(30) { (outer * $0, pthread_equal(pthread_self(), thread) != 0) }
                #expect(inner.allSatisfy { $0.1 })
                return inner.reduce(0) { $0 + $1.0 }
            }
            #expect(sums == (0..<20).map { $0 * 435 })
        }
    }

    @Test("After a loop the next one is parallel again")
    func nestingEnds() {
        withThreads([4]) {
            parallelLoop(4) { _ in parallelLoop(2) { _ in } }
            // Each of the two waits for the other, which only two threads can do.
            let arrived = Atomic<Int>(0)
            parallelLoop(2) { _ in
                arrived.add(1, ordering: .relaxed)
                let deadline = Date() + 20
                while arrived.load(ordering: .relaxed) < 2 && Date() < deadline { usleep(100) }
            }
            #expect(arrived.load(ordering: .relaxed) == 2)
        }
    }
}
