import ArgumentParser
import Files
import NumericCore

/// How the process ends after an error: a line on standard error, and an exit code.
struct Failure {
    private let text: String
    private let exitCode: Int32
    /// Help and version are no failures: `ArgumentParser` throws them too.
    private let isClean: Bool

    init(_ error: any Error) {
        let code = L2O.exitCode(for: error)
        isClean = code.isSuccess
        if code.isSuccess {
            (text, exitCode) = (L2O.fullMessage(for: error), 0)
        } else if error is CancellationError {
            (text, exitCode) = ("l2o: interrupted", Interrupt.exitCode)
        } else if code == .validationFailure {
            (text, exitCode) = (Self.usage(error), code.rawValue)
        } else if error is ExitCode {
            (text, exitCode) = ("", code.rawValue)
        } else {
            (text, exitCode) = ("l2o: \(error)", 1)
        }
    }

    /// Prints and ends the process.
    func exit() -> Never {
        if isClean {
            try? Output.write(text + "\n")
        } else if !text.isEmpty {
            Output.note(text + "\n")
        }
        NumericCore.exit(exitCode)
    }

    /// What is wrong with the arguments, and where to look; not the whole usage, which hides it.
    private static func usage(_ error: any Error) -> String {
        if let unknown = unknownCommand(Array(CommandLine.arguments.dropFirst())) { return "l2o: \(unknown)" }
        let message = L2O.message(for: error).split(separator: "\n").first.map(String.init) ?? "wrong arguments"
        let hint = L2O.fullMessage(for: error).split(separator: "\n").last { $0.contains("--help'") }
        return "l2o: \(message)" + (hint.map { "\n\($0)" } ?? "")
    }

    /// An argument where a subcommand belongs, which `ArgumentParser` calls unexpected without saying what it expects.
    private static func unknownCommand(_ arguments: [String]) -> InputError? {
        var known = L2O.configuration.subcommands
        for argument in arguments {
            guard !known.isEmpty, !argument.hasPrefix("-"), argument != "help" else { return nil }
            guard let next = known.first(where: { $0.configuration.commandName == argument }) else {
                let names = known.compactMap { $0.configuration.commandName }
                return InputError(argument, "is not a command", advice: suggestion(for: argument, among: names))
            }
            known = next.configuration.subcommands
        }
        return nil
    }
}
