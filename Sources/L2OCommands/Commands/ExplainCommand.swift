import ArgumentParser
import Datasets
import Explanation
import Files
import HTMLReport
import LearnedOptimizers
import Optimizees
import Optimizers
import Reporting

/// `l2o explain`.
struct ExplainCommand: SharedOptionsCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show how an optimizer's step depends on the gradients it gets.",
        discussion: """
            Feeds a rule with gradients that are made up and watches its steps: against the last gradient and the ones \
            before, against age, against how much gradients agree, against their size from 1e-12 to 1e6. Then lets it work \
            on a real problem, and says how fast it moves each tensor. Any optimizer that l2o race takes can be explained, \
            so that a learned one can be held against a hand-designed one.

            The folder --out receives explain.html with every chart, the charts as SVG, and explain.json. Without \
            --optimizee the problem is mnist-mlp, or digits-mlp where MNIST is not there.

            Examples:
              l2o explain gateprop
              l2o explain adam:lr=2^-7 --out runs/adam-explained
              l2o explain runs/mine/best.safetensors --optimizee digits-cnn --steps 300 --json
            """)

    @OptionGroup var shared: SharedOptions

    @Argument(
        help: ArgumentHelp("An optimizer: \(shippedNames), a file of weights, adam:lr=2^-7.", valueName: "name|file"))
    var optimizer: String

    @Option(help: ArgumentHelp("What it is watched on; see l2o list optimizees.", valueName: "name"))
    var optimizee: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Steps of the longest probes and of the run.", valueName: "n"))
    var steps: Int = 1000

    @Option(
        help: ArgumentHelp(
            "Folder for explain.html, the charts and explain.json; made if missing.", valueName: "folder"))
    var out: String?

    @Option(help: dataFolderHelp)
    var dataDir: String?

    mutating func validate() throws {
        guard (10...1_000_000).contains(steps) else {
            throw ValidationError("--steps \(steps): give a number from 10 to 1000000")
        }
    }

    mutating func run() throws {
        Interrupt.catchSignals()
        let specified = try OptimizerSpecification.optimizers([optimizer])[0]
        guard specified.optimizersToTune.isEmpty else {
            throw InputError(
                optimizer, "its learning rate is still to be searched for", advice: "give one, as lr=2^-7")
        }
        if let out { try makeFolder(out) }
        let data = AppData(folder: dataDir)
        let problem = try OptimizeeCatalogue(data: data).optimizee(named: optimizee ?? data.usualOptimizee)
        let line = ProgressLine("explain", unit: "parts", isShown: shared.showsProgress)
        defer { line.finish() }
        let explanation = try Explanation(
            of: specified.optimizer, label: specified.label, on: problem, steps: steps, seed: shared.seed,
            progress: { line.update($0, of: Explanation.partCount) }, isCancelled: Interrupt.isRequested)
        line.finish()
        if let out { try write(explanation, to: out) }
        if shared.json { return try Output.write(json: explanation) }
        try Output.write(explanation.text())
        for part in explanation.parts.prefix(1) { try Output.write("\n\(part.chart.terminal())") }
        guard let out else { return }
        let names = ["explain.html", "explain.json"] + explanation.parts.map { "\($0.id).svg" }
        try Output.write("\nWritten to \(out): \(names.joined(separator: ", "))\n")
    }

    private func write(_ explanation: Explanation, to folder: String) throws {
        let html = try explanation.html(command: commandText(), version: About.version)
        try writeFileAtomically("\(folder)/explain.html", text: html)
        try writeFileAtomically("\(folder)/explain.json", Output.line(json: explanation))
        for part in explanation.parts { try writeFileAtomically("\(folder)/\(part.id).svg", text: part.svg()) }
    }
}
