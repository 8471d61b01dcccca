public import Optimizers

/// What one meta-iteration reports.
public struct MetaIteration: Sendable, Equatable {
    /// Counts from 1.
    public let iteration: Int
    /// The mean of `periodLosses`.
    public let metaLoss: Double
    /// Each period's meta-loss, the mean over tasks.
    public let periodLosses: [Double]
    /// The last loss seen in each period, the mean over tasks.
    public let lastLosses: [Double]
    /// The Euclidean norm of each period's meta-gradient.
    public let gradientNorms: [Double]
    /// Updates not taken because the meta-gradient was not finite.
    public let skipped: Int
}

/// What a run must keep, besides φ and the tasks under way, to continue as if it had never stopped.
public struct MetaTrainingState: Sendable, Equatable {
    /// Meta-iterations done.
    public internal(set) var iteration = 0
    /// The moments of Adam on φ, the running norm, and averages of φ.
    public internal(set) var metaOptimizer: MetaOptimizerState
    /// Updates skipped in all, and since the last one taken.
    public internal(set) var skipped = 0
    public internal(set) var skippedInARow = 0
    /// The moving average of the meta-loss over iterations with a finite one.
    public internal(set) var average: Double?
    /// The lowest score of a checkpoint so far, and its iteration.
    public internal(set) var best: Best?

    /// A checkpoint and how it was judged.
    public struct Best: Sendable, Equatable {
        public let iteration: Int
        public let score: Double
    }

    /// The moments of Adam on φ.
    public var adam: Slots { metaOptimizer.adam }

    init(metaOptimizer: MetaOptimizerState) { self.metaOptimizer = metaOptimizer }

    mutating func observe(_ metaLoss: Double, decay: Double) {
        guard metaLoss.isFinite else { return }
        average = average.map { decay * $0 + (1 - decay) * metaLoss } ?? metaLoss
    }

    /// Notes a checkpoint's score; returns whether it is the best so far.
    mutating func judge(_ score: Double) -> Bool {
        guard score.isFinite, best.map({ score < $0.score }) ?? true else { return false }
        best = Best(iteration: iteration, score: score)
        return true
    }
}
