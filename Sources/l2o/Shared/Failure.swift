import ArgumentParser
import Files
import Platform

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
        Platform.exit(exitCode)
    }

    /// What is wrong with the arguments, and where to look; not the whole usage, which hides it.
    private static func usage(_ error: any Error) -> String {
        let hint = L2O.fullMessage(for: error).split(separator: "\n").last { $0.contains("--help'") }
        let unknown = unknownWord(Array(CommandLine.arguments.dropFirst()))
        let message = L2O.message(for: error).split(separator: "\n").first.map { printable(String($0)) }
        return "l2o: \(unknown?.description ?? message ?? "wrong arguments")" + (hint.map { "\n\($0)" } ?? "")
    }

    /// The first argument that is no subcommand where one belongs, or no option of its command.
    ///
    /// `ArgumentParser` may complain of what is then missing, and not say what it expects.
    private static func unknownWord(_ arguments: [String]) -> InputError? {
        var command: any ParsableCommand.Type = L2O.self
        var rest = arguments[...]
        while let word = rest.first, !word.hasPrefix("-"), !command.configuration.subcommands.isEmpty {
            let known = command.configuration.subcommands
            guard let next = known.first(where: { $0.configuration.commandName == word }) else {
                let names = known.compactMap { $0.configuration.commandName }
                return InputError(word, "is not a command", advice: suggestion(for: word, among: names))
            }
            command = next
            rest.removeFirst()
        }
        let options = command.helpMessage(columns: 1000).split { !($0.isLetter || $0 == "-") }
            .filter { $0.hasPrefix("--") && $0.count > 2 }.map(String.init)
        for word in rest.prefix(while: { $0 != "--" }) where word.hasPrefix("--") {
            let name = String(word.prefix { $0 != "=" })
            guard !options.contains(name), nearestName(to: name, among: options) != nil else { continue }
            return InputError(name, "is not an option", advice: suggestion(for: name, among: options))
        }
        return nil
    }
}
