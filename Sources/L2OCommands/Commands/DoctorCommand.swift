import ArgumentParser
import Diagnosis
import Files
import MetaTraining
import Optimizees
import Reporting

/// `l2o doctor`.
struct DoctorCommand: SharedOptionsCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what is wrong with a meta-training run, and what to do about it.",
        discussion: """
            Reads the run's log and its latest checkpoint, and lets the optimizer of that checkpoint work on fresh tasks of \
            the run's own recipe: is the loss still falling, is the meta-gradient more than noise and does it agree with \
            finite differences, are gates saturated or units dead, do weights grow, were updates skipped? Each finding is \
            fine, worth a look or bad, and comes with advice. Nothing in the folder is changed; a run may go on meanwhile.

            Examples:
              l2o doctor runs/rnnprop
              l2o doctor runs/rnnprop --tasks 32
              l2o doctor runs/rnnprop --json
            """)

    @OptionGroup var shared: SharedOptions

    @Argument(help: ArgumentHelp("Folder that l2o meta-train --out wrote to.", valueName: "folder"))
    var folder: String

    @Option(parsing: .unconditional, help: ArgumentHelp("Fresh tasks to try.", valueName: "n"))
    var tasks: Int = 8

    @Option(help: dataFolderHelp)
    var dataDir: String?

    mutating func validate() throws {
        guard (1...10_000).contains(tasks) else {
            throw ValidationError("--tasks \(tasks): give a number from 1 to 10000")
        }
    }

    mutating func run() throws {
        Interrupt.catchSignals()
        let catalogue = OptimizeeCatalogue(data: AppData(folder: dataDir))
        let line = ProgressLine("fresh tasks", unit: "tasks", isShown: shared.showsProgress)
        let count = tasks
        defer { line.finish() }
        let diagnosis = try Diagnosis(
            ofRunIn: folder, tasks: count, distribution: { try TaskNames($0).distribution(catalogue) },
            progress: { line.update($0, of: count) }, isCancelled: Interrupt.isRequested)
        line.finish()
        try shared.json ? Output.write(json: diagnosis) : Output.write(diagnosis.text())
    }
}
