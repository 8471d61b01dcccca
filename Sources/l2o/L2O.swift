import ArgumentParser
import NumericCore

/// The command `l2o`. Each subcommand parses, calls one library function and prints.
@main
struct L2O: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "l2o",
        abstract: "Learned optimizers: race them, inspect them, train them.",
        discussion: """
            Examples:
              l2o quickstart
              l2o meta-train --optimizer rnnprop --optimizee mnist-mlp --iterations 10000 --out runs/rnnprop
              l2o plan list
              l2o doctor runs/rnnprop
              l2o race --optimizee digits-mlp --optimizer rnnprop adam:lr=2^-5 sgd:lr=1
              l2o reproduce E1 --problems 5
              l2o report runs/reproduce
              l2o list optimizees
              l2o inspect rnnprop
              l2o explain gateprop
              l2o data fetch mnist

            Environment:
              L2O_DATA_DIR  folder of data sets, where --data-dir is not given
              L2O_KERNELS   baseline, avx2 or avx512; else the fastest there is
              NO_COLOR      no colours

            Exit codes:
              0 done, 1 something given cannot be used, 64 wrong arguments,
              130 and 143 interrupted
            """,
        version: About.text,
        subcommands: [
            QuickstartCommand.self, MetaTrainCommand.self, PlanCommand.self, DoctorCommand.self, RaceCommand.self,
            ReproduceCommand.self,
            ReportCommand.self, ListCommand.self, InspectCommand.self, ExplainCommand.self,
            DataCommand.self,
        ])

    /// Synchronous commands run on the main thread; nothing waits for it.
    @MainActor
    static func main() async {
        // A reader that has gone is then an error of `write`, which `Output` knows.
        signal(SIGPIPE, SIG_IGN)
        // So is a file that grows beyond the limit set for processes.
        signal(SIGXFSZ, SIG_IGN)
        do {
            try Kernels.checkSelection()
            var command = try parseAsRoot()
            let threads = (command as? any SharedOptionsCommand)?.shared.chosenThreads ?? .current
            if let command = command as? any AsyncParsableCommand {
                try await run(command, on: threads)
            } else {
                try threads.run { try command.run() }
            }
        } catch {
            Failure(error).exit()
        }
    }

    private nonisolated static func run(_ command: sending any AsyncParsableCommand, on threads: Threads) async throws
    {
        var command = command
        try await threads.run { try await command.run() }
    }
}
