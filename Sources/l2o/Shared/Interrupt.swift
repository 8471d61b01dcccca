import NumericCore
import Synchronization

/// Ctrl-C and SIGTERM as a flag that long loops ask for, so that they end in order; a second one ends at once.
///
///     Interrupt.catchSignals()
///     try race.run(control: RunControl(isCancelled: Interrupt.isRequested))
enum Interrupt {
    /// The signal that came, or 0.
    private static let caught = Atomic<Int32>(0)

    /// From here on, the first signal only sets the flag.
    static func catchSignals() {
        // Now, not in the handler: a handler may not initialise anything.
        _ = caught.load(ordering: .relaxed)
        var both = sigset_t()
        sigemptyset(&both)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                if Interrupt.caught.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
            }
            sigaddset(&both, number)
        }
        // A process started from a thread of libdispatch inherits that thread's mask, which blocks both.
        pthread_sigmask(SIG_UNBLOCK, &both, nil)
    }

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
