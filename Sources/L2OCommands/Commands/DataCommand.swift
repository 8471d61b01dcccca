import ArgumentParser
import Datasets
import Files
import Synchronization

/// `l2o data`.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Fetch data sets.",
        discussion: """
            Examples:
              l2o data fetch mnist
              l2o data fetch cifar-10
              l2o list datasets
            """,
        subcommands: [FetchCommand.self])
}

/// `l2o data fetch`.
struct FetchCommand: SharedOptionsCommand, AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Fetch a data set from a public mirror.",
        discussion: """
            Each file is checked by its size and MD5 sum. Files that are there already are left alone, and a fetch that \
            was interrupted goes on where it stopped.

            Examples:
              l2o data fetch mnist
              l2o data fetch mnist --data-dir data
              l2o data fetch cifar-10
            """)

    @OptionGroup var shared: SharedOptions

    @Argument(help: "The data set: mnist or cifar-10.")
    var dataset: String

    @Option(help: dataFolderHelp)
    var dataDir: String?

    mutating func run() async throws {
        guard ["mnist", "cifar-10"].contains(dataset) else {
            if dataset == "digits" { throw InputError("digits", "is built in", advice: "use it as digits-mlp") }
            throw InputError(
                dataset, "is not a data set that can be fetched",
                advice: suggestion(for: dataset, among: ["mnist", "cifar-10"]))
        }
        let folder = try DataFolder.resolve(dataDir)
        let reporter = FetchReporter(isShown: shared.showsProgress)
        let dataset = dataset
        try await Interrupt.cancelling {
            if dataset == "mnist" {
                try await DataFetch.mnist(into: folder) { reporter.report($0) }
            } else {
                try await DataFetch.cifar10(into: folder) { reporter.report($0) }
            }
        }
        let place = dataset == "mnist" ? "\(folder)/mnist" : folder
        if shared.json { return try Output.write(json: ["dataset": dataset, "folder": place]) }
        try Output.write("\(dataset) is in \(place)\n")
    }
}

/// Shows what a fetch reports: a moving line for each file, a line that stays for each failure.
private final class FetchReporter: Sendable {
    private let isShown: Bool
    private let line = Mutex<(file: String, line: ProgressLine)?>(nil)

    init(isShown: Bool) { self.isShown = isShown }

    func report(_ progress: FetchProgress) {
        line.withLock { current in
            func line(_ file: String) -> ProgressLine {
                if let current, current.file == file { return current.line }
                let line = ProgressLine(file, unit: "bytes", isShown: isShown)
                current = (file, line)
                return line
            }
            switch progress {
            case .alreadyHere(let file): line(file).message("\(file) is there already")
            case .receiving(let file, let bytes, let total): line(file).update(bytes, of: total ?? 0)
            case .failed(let file, let mirror, let problem): line(file).message("\(file): \(mirror) \(problem)")
            case .finished(let file): line(file).message("\(file) fetched")
            }
        }
    }
}
