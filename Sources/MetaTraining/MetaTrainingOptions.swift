public import NumericCore
package import Optimizers

/// Everything that decides what a meta-training run computes; the paper's constants unless said otherwise.
public struct MetaTrainingOptions: Sendable, Equatable {
    /// Steps of optimization of one task.
    public var horizon = 100
    /// Steps of a period, over which gradients flow.
    public var unroll = 20
    /// Which of a period's losses the meta-loss counts.
    public var metaLoss: MetaLoss
    /// The learning rate of Adam on φ.
    public var metaLearningRate = 1e-4
    /// Tasks of one meta-iteration; their meta-gradients are averaged.
    public var metaBatch = 1
    /// Of how many blocks of coordinates one takes part in the backward pass: 1 for all, as in the paper. More is an
    /// unbiased estimate of the same meta-gradient (`CoordinateSample`) at less cost.
    public var backwardStride = 1
    /// What the network's matrix products multiply. `Documentation/Performance.md` has what bfloat16 does to speed and
    /// meta-loss.
    public var factors = Kernels.selected.factors
    /// Where every random number comes from.
    public var seed: UInt64 = 1
    /// How the best checkpoint is chosen.
    public var selection: CheckpointSelection
    /// Decay of the moving average of the meta-loss.
    public var averageDecay = 0.9
    /// Tasks on which a checkpoint is judged, where validation chooses.
    public var validationTasks = 8
    /// Updates skipped one after the other for which a run gives up.
    public var patience = 50

    public init(_ recipe: MetaTrainingRecipe) {
        metaLoss = recipe.metaLoss
        selection = recipe.selection
    }

    /// What takes steps on φ.
    package var metaOptimizer: Adam { Adam(learningRate: metaLearningRate) }

    /// The weight of each of a period's losses.
    package var lossWeights: [Float] {
        switch metaLoss {
        case .last: (0..<unroll).map { $0 == unroll - 1 ? 1 : 0 }
        case .mean: [Float](repeating: 1 / Float(unroll), count: unroll)
        }
    }

    /// Periods of one task.
    package var periods: Int { horizon / unroll }
}
