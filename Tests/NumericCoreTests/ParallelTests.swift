import Foundation
import NumericCore
import Testing

@Suite struct ParallelTests {
    private func withThreads(_ counts: [Int], _ body: () -> Void) {
        for count in counts { Threads(count).run(body) }
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
            let inside = parallelMap(4) { _ in
                parallelLoop(2) { _ in }
                return Threads.current.count
            }
            #expect(inside == [1, 1, 1, 1])
            #expect(Threads.current.count == 4)
        }
    }

    @Test("A loop uses no more threads than it may, and more than one where it can", arguments: [1, 2, 3])
    func width(threads: Int) {
        Threads(threads).run {
            let used = OrderedMutex(Set<String>())
            parallelLoop(200) { _ in
                used.withLock { _ = $0.insert("\(pthread_self())") }
                usleep(100)
            }
            #expect((1...threads).contains(used.withLock { $0.count }))
        }
    }
}

@Suite struct ThreadsTests {
    private struct Stop: Error {}

    @Test("What says nothing gets the processor's cores; a scope ends where it ends, also by an error")
    func scopes() {
        let cores = Threads.current
        #expect(cores.count == Host.cores)
        Threads(3).run {
            #expect(Threads.current == Threads(3))
            #expect(throws: Stop.self) {
                try Threads(5).run {
                    #expect(Threads.current == Threads(5))
                    throw Stop()
                }
            }
            #expect(Threads.current == Threads(3))
        }
        #expect(Threads.current == cores)
    }

    /// With a number for the whole process, each of the two saw the other's.
    @Test("Two scopes at the same time do not see each other")
    func sideBySide() async {
        await withTaskGroup { group in
            for count in 1...20 {
                group.addTask {
                    await Threads(count).run {
                        for _ in 0..<50 {
                            await Task.yield()
                            #expect(Threads.current == Threads(count))
                        }
                    }
                }
            }
        }
    }

    @Test("Tasks that are started in a scope are in it")
    func tasks() async {
        let seen = await Threads(6).run { await Task { Threads.current }.value }
        #expect(seen == Threads(6))
    }
}
