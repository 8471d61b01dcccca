import ArgumentParser
import Files
import Platform

/// `l2o quickstart`.
struct QuickstartCommand: SharedOptionsCommand {
    static let configuration = CommandConfiguration(
        commandName: "quickstart",
        abstract: "Learn an optimizer and race it, in about two minutes and without any data set.",
        discussion: """
            Meta-trains RNNprop on a small network that recognises digits drawn on the spot, then races it on a larger \
            one against hand-designed optimizers whose learning rates were tuned on that very race, and against Adam as \
            it comes. The learned optimizer has no learning rate to tune.

            This is a taste: fewer iterations at a higher meta-learning rate than the paper's. The folder --out receives \
            the weights, the race and its chart. Interrupted, it continues where it was when called again.

            Examples:
              l2o quickstart
              l2o quickstart --iterations 1000 --out runs/longer
            """)

    @OptionGroup var shared: SharedOptions

    @Option(parsing: .unconditional, help: ArgumentHelp("Meta-iterations.", valueName: "n"))
    var iterations: Int = 300

    @Option(help: ArgumentHelp("Folder for weights, race and chart; made if missing.", valueName: "folder"))
    var out: String = "runs/quickstart"

    mutating func validate() throws {
        guard (1...1_000_000).contains(iterations) else {
            throw ValidationError("--iterations \(iterations): give a number from 1 to 1000000")
        }
    }

    mutating func run() throws {
        try makeFolder(out)
        let start = ContinuousClock.now
        let training = "\(out)/training"
        // Small, so that an iteration takes a fraction of a second; random scaling makes the rest generalize.
        try runCommand(
            MetaTrainCommand.self, before: "{\"meta_training\": ",
            [
                "--optimizer", "rnnprop", "--optimizee", "digits-mlp:width=8", "--iterations", "\(iterations)",
                "--meta-learning-rate", "0.001", "--backward-stride", "4", "--out", training,
            ] + (fileExists("\(training)/latest.safetensors") ? ["--resume"] : []))
        try runCommand(
            RaceCommand.self, before: ", \"race\": ",
            [
                "--optimizee", "digits-mlp", "--brief", "--out", out, "--optimizer", "\(training)/latest.safetensors",
                "adam:lr=sweep", "rmsprop:lr=sweep", "momentum:lr=sweep", "sgd:lr=sweep", "adam",
            ])
        if shared.json { return try Output.write("}\n") }
        try Output.write(
            """

            That took \(clockText((ContinuousClock.now - start).seconds)). \
            The learned optimizer is \(training)/latest.safetensors; it has no learning rate to tune.

            """)
    }

    /// Runs another command with this one's shared options, as if it had been typed. Its JSON value is a member of this
    /// command's, which `before` begins.
    private func runCommand<C: SharedOptionsCommand>(_: C.Type, before: String, _ arguments: [String]) throws {
        let all = arguments + ["--seed", "\(shared.seed)"] + (shared.showsProgress ? [] : ["--quiet"])
        if shared.json {
            try Output.write(before)
        } else {
            let words = ["l2o", C.configuration.commandName ?? ""] + all
            try Output.write("\n$ \(words.joined(separator: " "))\n\n")
        }
        var command = try C.parse(all + (shared.json ? ["--json"] : []))
        try command.run()
    }
}
