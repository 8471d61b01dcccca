import ArgumentParser
import Files
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Reporting

/// `l2o meta-train`.
struct MetaTrainCommand: SharedOptionsCommand {
    static let configuration = CommandConfiguration(
        commandName: "meta-train",
        abstract: "Learn an optimizer: train its weights on short optimizations of fresh tasks.",
        discussion: """
            Every meta-iteration optimizes a fresh task for --horizon steps in periods of --unroll, and takes one step \
            of Adam on the optimizer's weights after each period. Constants that are not given are those of the \
            optimizer's own paper.

            The folder --out receives latest.safetensors, numbered checkpoints, best.safetensors, metrics.jsonl (one \
            object a meta-iteration) and learning-curve.svg. Ctrl-C and SIGTERM save and leave; --resume continues, with \
            the same bits as if nothing had happened, even after kill -9.

            Examples:
              l2o meta-train --optimizer rnnprop --optimizee mnist-mlp --iterations 10000 --out runs/rnnprop
              l2o meta-train --optimizer rnnprop --optimizee mnist-mlp --iterations 20000 --out runs/rnnprop --resume
              l2o meta-train --optimizer rnnprop --optimizee mnist-mlp --iterations 1000 --out runs/tuned \
            --from rnnprop --meta-learning-rate 0.0001
              l2o meta-train --optimizer dm --optimizee digits-mlp --iterations 1000 --out runs/dm --tensorboard logs/dm
            """)

    @OptionGroup var shared: SharedOptions
    @OptionGroup(title: "Recipe") var recipe: RecipeOptions

    @Option(
        help: ArgumentHelp(
            "What is learned: \(RuleRegister.all.map(\.name).joined(separator: ", ")).", valueName: "kind"))
    var optimizer: String

    @Option(help: ArgumentHelp("What it is trained on; see l2o list optimizees.", valueName: "name"))
    var optimizee: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Meta-iterations in all, those before a resume included.", valueName: "n"))
    var iterations: Int

    @Option(help: ArgumentHelp("Folder of the run; made if missing.", valueName: "folder"))
    var out: String

    @Option(
        help: ArgumentHelp(
            "Begin with these weights instead of random ones: a file, \(shippedNames).", valueName: "name|file"))
    var from: String?

    @Flag(help: "Continue the run in --out.")
    var resume = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Meta-iterations between two numbered checkpoints.", valueName: "n"))
    var checkpointEvery: Int = 1000

    @Option(help: tensorBoardHelp)
    var tensorboard: String?

    @Option(help: dataFolderHelp)
    var dataDir: String?

    mutating func validate() throws {
        guard (1...1_000_000_000).contains(iterations) else {
            throw ValidationError("--iterations \(iterations): give a number from 1 to 1000000000")
        }
        guard checkpointEvery > 0 else {
            throw ValidationError("--checkpoint-every \(checkpointEvery): give a positive number")
        }
    }

    mutating func run() throws {
        let trainable = try RuleRegister.named(optimizer).firstOrderType()
        Interrupt.catchSignals()
        var saving = MetaTrainingSaving(folder: out)
        saving.checkpointEvery = checkpointEvery
        let session = MetaTrainingSession(
            title: "meta-training",
            optimizee: try OptimizeeCatalogue(data: AppData(folder: dataDir)).optimizee(named: optimizee),
            recipe: recipe, seed: shared.seed, iterations: iterations, initialWeights: from, saving: saving,
            resumes: resume, showsProgress: shared.showsProgress, tensorBoard: tensorboard)
        let outcome = try session.train(trainable)
        let curve = LearningCurve(try MetaTrainingMetrics.read(folder: out))
        try writeFileAtomically(
            "\(out)/learning-curve.svg", text: curve.chart(title: "\(optimizer) on \(optimizee)").svg())
        if shared.json {
            try Output.write(json: outcome)
        } else {
            try Output.write(curve.chart(title: "").terminal())
            try Output.write(outcome.text(folder: out))
        }
        if Interrupt.isRequested() { throw CancellationError() }
    }
}
