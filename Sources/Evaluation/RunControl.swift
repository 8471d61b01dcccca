import NumericCore

/// How a caller watches long work and stops it.
public struct RunControl: Sendable {
    /// Steps done and steps in all; a step that is evaluated again for the final loss counts again.
    public struct Progress: Sendable, Equatable {
        /// Steps done.
        public let completed: Int
        /// Steps in all. A learning-rate sweep raises it when it extends its grid.
        public let total: Int
        /// Between 0 and 1.
        public var fraction: Double { total > 0 ? Double(completed) / Double(total) : 1 }
    }

    let progress: @Sendable (Progress) -> Void
    let isCancelled: @Sendable () -> Bool

    /// - Parameters:
    ///   - progress: called now and then, from any thread but never from two at once; `completed` only grows.
    ///   - isCancelled: asked before each step, from any thread. Once it is true, the work throws `CancellationError`.
    public init(
        progress: @escaping @Sendable (Progress) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.progress = progress
        self.isCancelled = isCancelled
    }
}

/// Counts the steps of one piece of work, from several threads.
public final class ProgressMeter: Sendable {
    private struct Count {
        var completed = 0
        var total = 0
    }

    private let control: RunControl
    private let count = OrderedMutex(Count())

    /// A meter at zero that reports to `control`.
    public init(_ control: RunControl) { self.control = control }

    /// Whether to stop.
    public var isCancelled: Bool { control.isCancelled() }

    /// Expects more steps.
    public func expect(_ steps: Int) { count.withLock { $0.total += steps } }

    /// Counts steps that are done.
    public func complete(_ steps: Int) {
        guard steps > 0 else { return }
        count.withLock {
            $0.completed += steps
            control.progress(.init(completed: $0.completed, total: $0.total))
        }
    }
}
