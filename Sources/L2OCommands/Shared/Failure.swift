import ArgumentParser
import Files
import NumericCore
import Platform

/// How the process ends after an error: a line on standard error, and an exit code.
struct Failure {
    private let text: String
    private let exitCode: Int32
    /// Help and version are no failures: `ArgumentParser` throws them too.
    private let isClean: Bool

    /// - Parameter root: the program's command.
    init(_ error: any Error, of root: any ParsableCommand.Type) {
        let (code, name) = (root.exitCode(for: error), root.configuration.commandName ?? "l2o")
        isClean = code.isSuccess
        if code.isSuccess {
            (text, exitCode) = (root.fullMessage(for: error), 0)
        } else if error is CancellationError {
            (text, exitCode) = ("\(name): interrupted", Interrupt.exitCode)
        } else if code == .validationFailure {
            (text, exitCode) = (Self.usage(error, root, name), code.rawValue)
        } else if error is ExitCode {
            (text, exitCode) = ("", code.rawValue)
        } else {
            (text, exitCode) = ("\(name): \(error)", 1)
        }
    }

    /// Prints and ends the process, and where it is one of a group, all others.
    func exit() -> Never {
        if let group = Team.current { exit(in: group) }
        if isClean {
            try? Output.write(text + "\n")
        } else if !text.isEmpty {
            Output.note(text + "\n")
        }
        Platform.exit(exitCode)
    }

    private func exit(in group: any CommandGroup) -> Never {
        let isOrderly = isClean || exitCode == Interrupt.exitCode
        if group.rank == 0 {
            if isClean { try? Output.write(text + "\n") } else { Output.note(text + "\n") }
        } else if !isOrderly {
            // What they all suffer from, the first one says.
            sleep(4)
            Output.note("rank \(group.rank) on \(Host.name ?? "?"): \(text)\n", evenOfOthers: true)
        }
        if !isOrderly { group.abort(exitCode) }
        group.finish()
        Platform.exit(exitCode)
    }

    /// What is wrong with the arguments, and where to look; not the whole usage, which hides it.
    private static func usage(_ error: any Error, _ root: any ParsableCommand.Type, _ name: String) -> String {
        let hint = root.fullMessage(for: error).split(separator: "\n").last { $0.contains("--help'") }
        let unknown = unknownWord(Array(CommandLine.arguments.dropFirst()), root)
        let message = root.message(for: error).split(separator: "\n").first.map { printable(String($0)) }
        return "\(name): \(unknown?.description ?? message ?? "wrong arguments")" + (hint.map { "\n\($0)" } ?? "")
    }

    /// The first argument that is no subcommand where one belongs, or no option of its command.
    ///
    /// `ArgumentParser` may complain of what is then missing, and not say what it expects.
    private static func unknownWord(_ arguments: [String], _ root: any ParsableCommand.Type) -> InputError? {
        var command = root
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
