import ArgumentParser
import Evaluation
import Files
import HTMLReport
import PaperExperiments

/// `l2o report`.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Draw the report of experiments again.",
        discussion: """
            Reads the results.json that l2o reproduce wrote into a folder, and writes report.html beside it: one page \
            with every figure, table and number, which needs no network. Nothing is computed anew but statistics.

            Example:
              l2o report runs/reproduce
            """)

    @Argument(help: ArgumentHelp("Folder that l2o reproduce --out wrote to.", valueName: "folder"))
    var folder: String

    mutating func run() throws {
        let result = try ReproductionResult(file: "\(folder)/results.json")
        try writeFileAtomically("\(folder)/report.html", text: HTMLReport(result).html())
        try Output.write("Written to \(folder): report.html\n")
    }
}
