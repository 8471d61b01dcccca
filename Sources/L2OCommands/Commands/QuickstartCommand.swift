import ArgumentParser
import Files
import Platform

/// `l2o quickstart`.
struct QuickstartCommand: SharedOptionsCommand {
    static let configuration = CommandConfiguration(
        commandName: "quickstart",
        abstract: "Race a learned optimizer, then train one: about a minute, and no data set is needed.",
        discussion: """
            First the rule that is shipped, gateprop, races hand-designed optimizers whose learning rates are tuned on that \
            very race; it has none to tune. The problem is a small network on MNIST where that is there, else on digits \
            drawn on the spot. Then another rule, RNNprop, is meta-trained on a smaller network, and shows on the larger one \
            what it has learned.

            The training is a taste: fewer iterations at a higher meta-learning rate than the paper's. The folder --out \
            receives the race and its charts, the trained weights, and their race. Interrupted, training continues where it \
            was when called again. With --json, one object: race, meta_training and trained_race.

            Examples:
              l2o quickstart
              l2o quickstart --iterations 1000 --out runs/longer
            """)

    @OptionGroup var shared: SharedOptions

    @Option(parsing: .unconditional, help: ArgumentHelp("Meta-iterations.", valueName: "n"))
    var iterations: Int = 300

    @Option(help: ArgumentHelp("Folder for races, charts and weights; made if missing.", valueName: "folder"))
    var out: String = "runs/quickstart"

    @Option(help: dataFolderHelp)
    var dataDir: String?

    mutating func validate() throws {
        guard (1...1_000_000).contains(iterations) else {
            throw ValidationError("--iterations \(iterations): give a number from 1 to 1000000")
        }
    }

    mutating func run() throws {
        try makeFolder(out)
        let start = ContinuousClock.now
        let optimizee = try AppData(folder: dataDir).usualOptimizee
        let data = dataDir.map { ["--data-dir", $0] } ?? []
        try runCommand(
            RaceCommand.self, before: "{\"race\": ",
            [
                "--optimizee", optimizee, "--brief", "--out", out, "--optimizer", "gateprop", "nesterov:lr=sweep",
                "adam:lr=sweep", "rmsprop:lr=sweep", "momentum:lr=sweep", "sgd:lr=sweep",
            ] + data)
        let training = "\(out)/training"
        // Small, so that an iteration takes a fraction of a second; random scaling makes the rest generalize.
        try runCommand(
            MetaTrainCommand.self, before: ", \"meta_training\": ",
            [
                "--optimizer", "rnnprop", "--optimizee", "digits-mlp:width=8", "--iterations", "\(iterations)",
                "--meta-learning-rate", "0.001", "--backward-stride", "4", "--out", training,
            ] + (fileExists("\(training)/latest.safetensors") ? ["--resume"] : []))
        try runCommand(
            RaceCommand.self, before: ", \"trained_race\": ",
            [
                "--optimizee", "digits-mlp", "--brief", "--problems", "3", "--out", "\(out)/trained", "--optimizer",
                "\(training)/latest.safetensors", "gateprop", "adam", "sgd",
            ])
        if shared.json { return try Output.write("}\n") }
        try Output.write(
            """

            That took \(clockText((ContinuousClock.now - start).seconds)). The rule that was just trained is \
            \(training)/latest.safetensors; neither it nor gateprop has a learning rate to tune. \
            How gateprop goes about it: l2o explain gateprop --out \(out)/explained

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
