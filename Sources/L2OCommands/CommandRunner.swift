public import ArgumentParser
import NumericCore
import Platform

/// Runs a program's command line: parses, chooses threads, and ends the process with what an error says.
public struct CommandRunner: Sendable {
    private let root: any ParsableCommand.Type

    /// - Parameters:
    ///   - root: the command whose subcommands there are.
    ///   - group: the processes that run it together; nil where there is one.
    public init(_ root: any ParsableCommand.Type, in group: (any CommandGroup)? = nil) {
        self.root = root
        if let group { Team.join(group) }
    }

    /// Synchronous commands run on the main thread; nothing waits for it.
    @MainActor
    public func run() async {
        // A reader that has gone is then an error of `write`, which `Output` knows.
        signal(SIGPIPE, SIG_IGN)
        // So is a file that grows beyond the limit set for processes.
        signal(SIGXFSZ, SIG_IGN)
        do {
            try Kernels.checkSelection()
            var command = try root.parseAsRoot()
            if command is any SharedWorkCommand || Team.isFirst {
                let threads = (command as? any SharedOptionsCommand)?.shared.chosenThreads ?? .current
                if command is any AsyncParsableCommand {
                    try await Self.run(root, on: threads)
                } else {
                    try threads.run { try command.run() }
                }
            }
        } catch {
            Failure(error, of: root).exit()
        }
        Team.current?.finish()
    }

    /// Parses once more: what the main thread has parsed stays there.
    private nonisolated static func run(_ root: any ParsableCommand.Type, on threads: Threads) async throws {
        guard var command = try root.parseAsRoot() as? any AsyncParsableCommand else { return }
        try await threads.run { try await command.run() }
    }
}
