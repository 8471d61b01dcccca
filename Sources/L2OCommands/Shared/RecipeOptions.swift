public import ArgumentParser
import Files
public import MetaTraining
import NumericCore
public import Optimizees

/// What is to be done in another way than the plan has it.
struct RecipeOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: ArgumentHelp("Steps of optimization of one task (100).", valueName: "n"))
    var horizon: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Steps of a period, over which gradients flow (20).", valueName: "n"))
    var unroll: Int?

    @Option(
        help: ArgumentHelp("What a period's meta-loss counts: last, mean, or last-4 for four.", valueName: "which"))
    var metaLoss: LossWindow?

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

    @Option(help: ArgumentHelp("What shares a scale (coordinate).", valueName: "which"))
    var scalingPer: RandomScaling.Granularity?

    @Option(help: ArgumentHelp("How a scale is drawn (exponential).", valueName: "which"))
    var scalingDraw: RandomScaling.Distribution?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Probability that a coordinate takes part (1).", valueName: "p"))
    var keep: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Coordinates of the added convex function; 0 for none (rnnprop 20, dm 0).", valueName: "n")
    )
    var convex: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("L of the convex function's random scaling (rnnprop 1, dm 0).", valueName: "L"))
    var convexScaling: Float?

    @Option(help: ArgumentHelp("How the best checkpoint is chosen.", valueName: "how"))
    var selection: SelectionKind?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Look at every n-th block of coordinates in the backward pass: unbiased, and faster (1).", valueName: "n")
    )
    var backwardStride: Int?

    @Flag(help: "Multiply in bfloat16, where the processor can: faster, and nearly as exact.")
    var bfloat16 = false

    /// The kinds of selection.
    enum SelectionKind: String, CaseIterable, ExpressibleByArgument {
        case average, validation
    }

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

    /// Changes a plan as was asked for.
    ///
    /// - Parameter optimizee: what is to be trained on in place of the plan's.
    /// - Throws: `ValidationError` where the horizon is no whole number of periods; `InputError` where the plan has nothing
    ///   that could be changed so.
    func apply(to plan: inout MetaTrainingPlan, optimizee: String?) throws {
        if let horizon { try plan.set("truncation", "horizon", .integer(horizon), option: "--horizon") }
        if let unroll { plan.truncation.unroll = unroll }
        if let metaLoss { plan.metaLoss.losses = metaLoss }
        if let metaLearningRate { plan.metaOptimizer.rate = metaLearningRate }
        if let metaBatch { plan.metaBatch = metaBatch }
        switch selection {
        case .average where !(plan.selection is AverageSelection): plan.selection = AverageSelection()
        case .validation where !(plan.selection is ValidationSelection): plan.selection = ValidationSelection()
        default: break
        }
        if let backwardStride {
            try plan.set("estimator", "backward_stride", .integer(backwardStride), option: "--backward-stride")
        }
        if bfloat16 { plan.factors = .bfloat16 }
        if let fixed = plan.truncation as? FixedTruncation, fixed.horizon % fixed.unroll != 0 {
            throw ValidationError(
                "--horizon \(fixed.horizon): give a multiple of --unroll, which is \(fixed.unroll)")
        }
        try changeTasks(of: &plan, optimizee: optimizee)
    }

    private var changesTricks: Bool {
        scaling != nil || scalingPer != nil || scalingDraw != nil || keep != nil || convex != nil
            || convexScaling != nil
    }

    /// What is trained on: an optimizee with the paper's two tricks, as far as they are wanted (section 4).
    private func changeTasks(of plan: inout MetaTrainingPlan, optimizee: String?) throws {
        guard optimizee != nil || changesTricks else { return }
        if let optimizee, optimizee.hasPrefix("mixture:"), !changesTricks {
            plan.tasks = try TaskNames(optimizee)
            return
        }
        guard var (name, tricks) = PaperTricks.split(plan.tasks) else {
            throw InputError(
                plan.name, "does not train on one optimizee, so --optimizee, --scaling and the like do not fit",
                advice: "leave them out, or change the tasks in a file of the plan: l2o plan show")
        }
        if let optimizee { name = optimizee }
        if let scaling { tricks.scaling = scaling }
        if let scalingPer { tricks.granularity = scalingPer }
        if let scalingDraw { tricks.distribution = scalingDraw }
        if let keep { tricks.keep = keep }
        if let convex { tricks.convex = convex }
        if let convexScaling { tricks.convexScaling = convexScaling }
        plan.tasks = try tricks.names(around: name)
    }
}

extension LossWindow: ExpressibleByArgument {}
extension RandomScaling.Granularity: ExpressibleByArgument {}
extension RandomScaling.Distribution: ExpressibleByArgument {}
