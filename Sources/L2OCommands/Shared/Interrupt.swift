import Dispatch
import Platform
import Synchronization

/// Ctrl-C and SIGTERM as a flag that long loops ask for, so that they end in order; a second one ends at once.
///
///     Interrupt.catchSignals()
///     try race.run(control: RunControl(isCancelled: Interrupt.isRequested))
enum Interrupt {
    /// The signal that came, or 0.
    private static let caught = Atomic<Int32>(0)

    /// From here on, the first signal only sets the flag.
    ///
    /// A thread of its own waits for signals, and all others block them: with handlers on the threads that compute, 8
    /// of 18 interrupted races ended with a damaged heap.
    static func catchSignals() {
        guard !isCatching.exchange(true, ordering: .relaxed) else { return }
        var both = sigset_t()
        unsafe sigemptyset(&both)
        for number in [SIGINT, SIGTERM] { unsafe sigaddset(&both, number) }
        // Threads that start later inherit this, and those of libdispatch block signals anyway.
        unsafe pthread_sigmask(SIG_BLOCK, &both, nil)
        let signals = both
        DispatchQueue(label: "signals").async {
            var signals = signals
            while true {
                var number: Int32 = 0
                guard unsafe sigwait(&signals, &number) == 0 else { continue }
                if caught.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
            }
        }
    }

    private static let isCatching = Atomic(false)

    /// Whether to stop.
    static let isRequested: @Sendable () -> Bool = { caught.load(ordering: .relaxed) != 0 }

    /// 130 after Ctrl-C, 143 after SIGTERM, as shells have it.
    static var exitCode: Int32 {
        let number = caught.load(ordering: .relaxed)
        return 128 + (number == 0 ? SIGINT : number)
    }

    /// Runs asynchronous work that a signal cancels.
    static func cancelling<T: Sendable>(_ work: @escaping @Sendable () async throws -> T) async throws -> T {
        catchSignals()
        let task = Task { try await work() }
        let watch = Task {
            while !isRequested() { try await Task.sleep(for: .milliseconds(100)) }
            task.cancel()
        }
        defer { watch.cancel() }
        do {
            return try await task.value
        } catch {
            // Whatever it was that broke first.
            if isRequested() { throw CancellationError() }
            throw error
        }
    }
}
