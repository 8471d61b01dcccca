public import ArgumentParser
public import MetaTraining
import NumericCore
public import Optimizees

/// What of the recipe differs from the optimizer's own paper.
struct RecipeOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: ArgumentHelp("Steps of optimization of one task (100).", valueName: "n"))
    var horizon: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Steps of a period, over which gradients flow (20).", valueName: "n"))
    var unroll: Int?

    @Option(help: ArgumentHelp("What a period's meta-loss counts: last or mean.", valueName: "which"))
    var metaLoss: MetaLoss?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Learning rate of Adam on the weights (0.0001).", valueName: "rate"))
    var metaLearningRate: Double?

    @Option(parsing: .unconditional, help: ArgumentHelp("Tasks of one meta-iteration (1).", valueName: "n"))
    var metaBatch: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("L of random scaling; 0 for none (rnnprop 3, dm 0).", valueName: "L"))
    var scaling: Float?

    @Option(help: ArgumentHelp("What shares a scale: coordinate or function.", valueName: "which"))
    var scalingPer: RandomScaling.Granularity = .coordinate

    @Option(help: ArgumentHelp("How a scale is drawn: exponential or uniform.", valueName: "which"))
    var scalingDraw: RandomScaling.Distribution = .exponential

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Probability that a coordinate takes part (1).", valueName: "p"))
    var keep: Float = 1

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Coordinates of the added convex function; 0 for none (rnnprop 20, dm 0).", valueName: "n")
    )
    var convex: Int?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("L of the convex function's random scaling (1).", valueName: "L"))
    var convexScaling: Float?

    @Option(help: ArgumentHelp("How the best checkpoint is chosen: average or validation.", valueName: "how"))
    var selection: CheckpointSelection?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Look at every n-th block of coordinates in the backward pass: unbiased, and faster (1).", valueName: "n")
    )
    var backwardStride: Int = 1

    @Flag(help: "Multiply in bfloat16, where the processor can: faster, and nearly as exact.")
    var bfloat16 = false

    mutating func validate() throws {
        try Self.check("--horizon", horizon, 1...1_000_000)
        try Self.check("--unroll", unroll, 2...10_000)
        try Self.check("--meta-batch", metaBatch, 1...10_000)
        try Self.check("--convex", convex, 0...1_000_000)
        try Self.check("--backward-stride", backwardStride, 1...1000)
        try Self.check("--scaling", scaling, 0...20)
        try Self.check("--convex-scaling", convexScaling, 0...20)
        try Self.check("--keep", keep, 0...1)
        try Self.check("--meta-learning-rate", metaLearningRate, 0...1000)
    }

    private static func check<T: Comparable>(_ name: String, _ value: T?, _ range: ClosedRange<T>) throws {
        if let value, !range.contains(value) {
            throw ValidationError("\(name) \(value): give a number from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// The options of a run: the paper's, and what was given.
    /// - Throws: `ValidationError` where the horizon is no whole number of periods.
    func options(_ paper: MetaTrainingRecipe, seed: UInt64) throws -> MetaTrainingOptions {
        var options = MetaTrainingOptions(paper)
        if let horizon { options.horizon = horizon }
        if let unroll { options.unroll = unroll }
        if let metaLoss { options.metaLoss = metaLoss }
        if let metaLearningRate { options.metaLearningRate = metaLearningRate }
        if let metaBatch { options.metaBatch = metaBatch }
        if let selection { options.selection = selection }
        options.backwardStride = backwardStride
        if bfloat16 { options.factors = .bfloat16 }
        options.seed = seed
        guard options.horizon % options.unroll == 0 else {
            throw ValidationError(
                "--horizon \(options.horizon): give a multiple of --unroll, which is \(options.unroll)")
        }
        return options
    }

    /// What is trained on: the optimizee with the paper's two tricks as far as they are wanted (section 4).
    func task(_ optimizee: any Optimizee, _ paper: MetaTrainingRecipe) -> any Optimizee {
        var recipe = paper
        if let scaling { recipe.scaling = scaling }
        if let convex { recipe.convex = convex }
        if let convexScaling { recipe.convexScaling = convexScaling }
        return recipe.task(optimizee, granularity: scalingPer, distribution: scalingDraw, keep: keep)
    }
}

extension MetaLoss: ExpressibleByArgument {}
extension CheckpointSelection: ExpressibleByArgument {}
extension RandomScaling.Granularity: ExpressibleByArgument {}
extension RandomScaling.Distribution: ExpressibleByArgument {}
