/// How a learned optimizer is trained: what a run does unless told otherwise.
public struct MetaTrainingRecipe: Sendable, Equatable {
    public var metaLoss: MetaLoss
    public var selection: CheckpointSelection
    /// L of random scaling for the optimizee; 0 for none (Lv et al. 2017, section 4.1).
    public var scaling: Float
    /// Coordinates of the convex function that is added; 0 for none (section 4.3).
    public var convex: Int
    /// L of random scaling for the convex function.
    public var convexScaling: Float

    public init(
        metaLoss: MetaLoss, selection: CheckpointSelection, scaling: Float, convex: Int, convexScaling: Float
    ) {
        self.metaLoss = metaLoss
        self.selection = selection
        self.scaling = scaling
        self.convex = convex
        self.convexScaling = convexScaling
    }
}

extension MetaTrainingRecipe {
    /// How a rule was trained in its paper, by its name; a rule without a paper's recipe as RNNprop was.
    public static func paper(_ rule: String) -> MetaTrainingRecipe {
        rule == "dm"
            ? MetaTrainingRecipe(metaLoss: .mean, selection: .validation, scaling: 0, convex: 0, convexScaling: 0)
            : MetaTrainingRecipe(metaLoss: .last, selection: .average, scaling: 3, convex: 20, convexScaling: 1)
    }
}

/// Which of a period's losses the meta-loss counts.
public enum MetaLoss: String, Sendable, CaseIterable {
    /// The last one seen.
    case last
    /// Their mean.
    case mean
}

/// How the best checkpoint is chosen.
public enum CheckpointSelection: String, Sendable, CaseIterable {
    /// The lowest moving average of the training meta-loss.
    case average
    /// The lowest meta-loss on tasks kept for validation.
    case validation
}
