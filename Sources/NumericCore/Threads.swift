/// How many threads numeric loops may use; results never depend on it.
///
///     let result = Threads(2).run { race.run() }
///
/// It holds for what `run` calls, and for the tasks that are started there, so that two parts of a program, or two
/// tests, can differ. What says nothing gets the processor's cores.
public struct Threads: Sendable, Hashable {
    public let count: Int

    /// - Precondition: `count` is positive.
    public init(_ count: Int) {
        precondition(count > 0, "at least one thread")
        self.count = count
    }

    /// Those of the innermost `run`; one inside a parallel loop; else the processor's cores.
    public static var current: Threads { scope ?? all }

    private static let all = Threads(Host.cores)
    @TaskLocal private static var scope: Threads?

    /// Runs `body`, whose loops use so many threads.
    public func run<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        // `withValue` forgets the error's type.
        try Self.$scope.withValue(self) { Result(catching: body) }.get()
    }

    /// Runs `body`, whose loops use so many threads, and those of tasks that are started in it.
    public func run<R>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> R
    ) async rethrows -> R {
        try await Self.$scope.withValue(self, operation: body)
    }
}
