import ArgumentParser
import LearnedOptimizers
import NumericCore

/// A command with the options that all commands share; `CommandRunner` runs it on the threads that these ask for.
protocol SharedOptionsCommand: ParsableCommand {
    /// `@OptionGroup var shared: SharedOptions`.
    var shared: SharedOptions { get }
}

/// The options of every command.
struct SharedOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: ArgumentHelp("Root of all random numbers.", valueName: "n"))
    var seed: UInt64 = 0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Threads to use; else all cores. Results are the same.", valueName: "n"))
    var threads: Int?

    @Flag(help: "Print one JSON value on standard output and nothing else.")
    var json = false

    @Flag(name: [.short, .long], help: "Show no progress.")
    var quiet = false

    mutating func validate() throws {
        if let threads, !(1...4096).contains(threads) {
            throw ValidationError("--threads \(threads): give a number from 1 to 4096")
        }
    }

    /// The threads to run on.
    var chosenThreads: Threads { threads.map { Threads($0) } ?? .current }

    /// Whether progress is to be shown.
    var showsProgress: Bool { !json && !quiet }
}

/// What every `--tensorboard` says of itself.
/// How many problems each optimizer meets; `--seeds` is its former name.
let problemsName: NameSpecification = [.customLong("problems"), .customLong("seeds")]

let tensorBoardHelp = ArgumentHelp(
    "Folder for TensorBoard event files; made if missing.", valueName: "folder")

/// The names of shipped weights, as `rnnprop, rnnprop-paper`.
let shippedNames = ShippedWeights.all.map(\.name).joined(separator: ", ")
