import ArgumentParser
import Files
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Reporting

/// `l2o meta-train`.
struct MetaTrainCommand: SharedOptionsCommand, SharedWorkCommand {
    static let configuration = CommandConfiguration(
        commandName: "meta-train",
        abstract: "Learn an optimizer: train its weights on short optimizations of fresh tasks.",
        discussion: """
            What is done is a plan: which tasks, for how long, judged by what, learned from how. Without --plan it is that \
            of the optimizer's own paper: every meta-iteration optimizes a fresh task for --horizon steps in periods of \
            --unroll, and takes one step of Adam on the optimizer's weights after each period. Options change the plan; \
            l2o plan list has the plans that have names, and a plan may be a file.

            The folder --out receives latest.safetensors, numbered checkpoints, best.safetensors, metrics.jsonl (one \
            object a meta-iteration) and learning-curve.svg. Ctrl-C and SIGTERM save and leave; --resume continues, with \
            the same bits as if nothing had happened, even after kill -9.

            Examples:
              l2o meta-train --optimizer rnnprop --optimizee mnist-mlp --iterations 10000 --out runs/rnnprop
              l2o meta-train --iterations 20000 --out runs/rnnprop --resume
              l2o meta-train --plan rnnprop-mixture --out runs/mixture
              l2o meta-train --plan my-plan.json --meta-batch 12 --out runs/mine
              l2o meta-train --optimizer rnnprop --optimizee mnist-mlp --iterations 1000 --out runs/tuned \
            --from rnnprop --meta-learning-rate 0.0001
              l2o meta-train --optimizer dm --optimizee digits-mlp --iterations 1000 --out runs/dm --tensorboard logs/dm
            """)

    @OptionGroup var shared: SharedOptions
    @OptionGroup(title: "Changes to the plan") var recipe: RecipeOptions

    @Option(
        help: ArgumentHelp(
            "What is done: a plan's name or file; else that of the optimizer's paper.", valueName: "plan"))
    var plan: String?

    @Option(
        help: ArgumentHelp(
            "What is learned, else what the plan says: \(RuleRegister.all.map(\.name).joined(separator: ", ")).",
            valueName: "kind"))
    var optimizer: String?

    @Option(
        help: ArgumentHelp(
            "What it is trained on, else what the plan says; see l2o list optimizees.", valueName: "name"))
    var optimizee: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Meta-iterations in all, those before a resume included; else what the plan says.", valueName: "n"))
    var iterations: Int?

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
        if let iterations, !(1...1_000_000_000).contains(iterations) {
            throw ValidationError("--iterations \(iterations): give a number from 1 to 1000000000")
        }
        guard checkpointEvery > 0 else {
            throw ValidationError("--checkpoint-every \(checkpointEvery): give a positive number")
        }
    }

    mutating func run() throws {
        var plan = try basePlan()
        if let optimizer { plan.optimizer = optimizer }
        let rule = try RuleRegister.named(plan.optimizer)
        if let iterations { plan.iterations = iterations }
        try recipe.apply(to: &plan, optimizee: optimizee)
        guard let iterations = plan.iterations else {
            throw ValidationError("Missing '--iterations <n>': the plan \(plan.name) does not say how many")
        }
        Interrupt.catchSignals()
        var saving = MetaTrainingSaving(folder: out)
        saving.checkpointEvery = checkpointEvery
        let session = MetaTrainingSession(
            title: "meta-training", plan: plan,
            tasks: try plan.tasks.distribution(OptimizeeCatalogue(data: AppData(folder: dataDir))),
            seed: shared.seed, iterations: iterations, initialWeights: from, saving: saving, resumes: resume,
            showsProgress: shared.showsProgress, tensorBoard: tensorboard)
        let outcome = try session.train(rule.type)
        guard Team.isFirst else { return try Self.endWhereInterrupted() }
        let curve = LearningCurve(try MetaTrainingMetrics.read(folder: out))
        let title = "\(plan.optimizer) on \(optimizee ?? PaperTricks.split(plan.tasks)?.optimizee ?? plan.name)"
        try writeFileAtomically("\(out)/learning-curve.svg", text: curve.chart(title: title).svg())
        if shared.json {
            try Output.write(json: outcome)
        } else {
            try Output.write(curve.chart(title: "").terminal())
            try Output.write(outcome.text(folder: out))
        }
        try Self.endWhereInterrupted()
    }

    private static func endWhereInterrupted() throws {
        if Interrupt.isRequested() { throw CancellationError() }
    }

    /// The plan before it is changed.
    private func basePlan() throws -> MetaTrainingPlan {
        if let plan { return try .find(plan) }
        if let optimizer { return .paper(try RuleRegister.named(optimizer).name) }
        if resume { return try .ofRun(in: out) }
        throw ValidationError("Missing '--optimizer <kind>': say what is learned, or give a --plan")
    }
}
