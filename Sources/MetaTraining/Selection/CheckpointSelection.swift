/// How the best of a run's checkpoints is chosen. What is judged is the optimizer that the checkpoint is for: averaged
/// weights where the plan keeps some.
public protocol CheckpointSelection: PlanPart, Equatable {
    /// Decay of the moving average of the training meta-loss.
    var averageDecay: Double { get set }

    /// The score of a checkpoint, the lower the better.
    ///
    /// - Parameters:
    ///   - average: the moving average of the training meta-loss; nil where none was finite.
    ///   - validation: the meta-loss on so many tasks that training never meets.
    func score(average: Double?, validation: (Int) -> Double) -> Double
}

/// The lowest moving average of the training meta-loss, as the paper has it for RNNprop.
public struct AverageSelection: CheckpointSelection {
    public static let kind = "average"
    public static let summary = "the lowest moving average of the training meta-loss"
    public static let fields: [PlanField<Self>] = [
        .number("average_decay", \.averageDecay, 0...1, "decay of the moving average of the meta-loss")
    ]

    public var averageDecay = 0.9

    public init() {}

    public func score(average: Double?, validation: (Int) -> Double) -> Double { average ?? .infinity }
}

/// The lowest meta-loss on tasks kept for validation, as the paper has it for DMoptimizer.
public struct ValidationSelection: CheckpointSelection {
    public static let kind = "validation"
    public static let summary = "the lowest meta-loss on tasks that training never meets"
    public static let fields: [PlanField<Self>] = [
        .number("average_decay", \.averageDecay, 0...1, "decay of the moving average of the meta-loss"),
        .integer("tasks", \.tasks, 1...1_000_000, "how many tasks"),
    ]

    public var averageDecay = 0.9
    /// How many tasks.
    public var tasks = 8

    public init() {}

    public func score(average: Double?, validation: (Int) -> Double) -> Double { validation(tasks) }
}
