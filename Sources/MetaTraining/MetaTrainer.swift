public import LearnedOptimizers
public import NumericCore
public import Optimizees
public import Optimizers

/// Trains a learned optimizer's weights on short optimizations of fresh tasks (Lv et al. 2017, section 4).
///
///     var trainer = MetaTrainer(optimizer: RNNprop(key: key), optimizee: task, options: options)
///     for _ in 0..<1000 { print(trainer.iterate().metaLoss) }
///
/// A meta-iteration runs `horizon` steps in periods of `unroll`; after each period φ takes one step of Adam.
/// Parameters and optimizer state pass from one period to the next, gradients do not. Every iteration is a function
/// of the seed, its number and what `progress` holds, so a run continued from there repeats the same bits.
public struct MetaTrainer<Learned: FirstOrderLearnedOptimizer> {
    public let optimizee: any Optimizee
    public let options: MetaTrainingOptions
    private let reducer: any MetaGradientReducer
    private let metaOptimizer: Adam

    /// The optimizer with the weights learned so far.
    public private(set) var optimizer: Learned
    /// Everything else that continuing needs.
    public private(set) var progress: MetaTrainingProgress

    /// - Precondition: the horizon is a whole number of periods, of two steps at least; there are kernels for the
    ///   precision of products that the options name.
    public init(
        optimizer: Learned, optimizee: any Optimizee, options: MetaTrainingOptions,
        progress: MetaTrainingProgress? = nil, reducer: any MetaGradientReducer = LocalReducer()
    ) {
        precondition(options.unroll > 1 && options.horizon > 0 && options.horizon % options.unroll == 0)
        precondition(options.metaBatch > 0)
        if options.factors == .single {
            self.optimizer = optimizer
        } else {
            guard let kernels = try? Kernels.selected(multiplyingIn: options.factors) else {
                preconditionFailure("there are no kernels that multiply in \(options.factors)")
            }
            guard let chosen = optimizer.choosing(kernels) else {
                preconditionFailure("\(Learned.descriptor.name) has no choice of kernels")
            }
            self.optimizer = chosen
        }
        self.optimizee = optimizee
        self.options = options
        self.reducer = reducer
        metaOptimizer = options.metaOptimizer
        self.progress =
            progress
            ?? MetaTrainingProgress(
                adam: metaOptimizer.initialState(parameterCount: optimizer.metaParameters.count))
    }

    /// The branches of the seed's tree of keys.
    public enum Branch: Int {
        case initialWeights, training, validation, samples, diagnosis

        public func key(seed: UInt64) -> RandomKey { RandomKey(seed: seed).child(rawValue) }
    }

    /// Takes one meta-iteration.
    public mutating func iterate() -> MetaIteration {
        let key = Branch.training.key(seed: options.seed).child(progress.iteration)
        let runs = (0..<options.metaBatch).map { task in
            TaskRun(optimizee, key: key.child(task), optimizer: optimizer, unroll: options.unroll)
        }
        let weights = options.lossWeights
        var periodLosses: [Double] = []
        var finalLosses: [Double] = []
        var norms: [Double] = []
        var skipped = 0
        for number in 0..<options.periods {
            let (losses, gradient) = period(runs, weights: weights, sample: sample(period: number))
            periodLosses.append(mean(losses.map { weighted($0, weights) }))
            finalLosses.append(mean(losses.map { Double($0[$0.count - 1]) }))
            norms.append(gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot())
            if gradient.allSatisfy(\.isFinite) {
                step(gradient)
                progress.skippedInARow = 0
            } else {
                skipped += 1
                progress.skippedInARow += 1
            }
        }
        let metaLoss = mean(periodLosses)
        progress.iteration += 1
        progress.skipped += skipped
        progress.observe(metaLoss, decay: options.averageDecay)
        return MetaIteration(
            iteration: progress.iteration, metaLoss: metaLoss, periodLosses: periodLosses,
            lastLosses: finalLosses, gradientNorms: norms, skipped: skipped)
    }

    /// Whether so many updates in a row were not finite that continuing is pointless.
    public var isStuck: Bool { progress.skippedInARow >= options.patience }

    /// Notes the score of a checkpoint made now; returns whether it is the best so far.
    mutating func judgeCheckpoint(_ score: Double) -> Bool { progress.judge(score) }

    /// The mean loss over the horizon, or at its end where the meta-loss counts only the last, on tasks that training
    /// never meets.
    public func validationLoss() -> Double {
        let key = Branch.validation.key(seed: options.seed)
        let (optimizee, optimizer, options) = (optimizee, optimizer, options)
        let losses = parallelMap(options.validationTasks) { task in
            let run = TaskRun(optimizee, key: key.child(task), optimizer: optimizer, unroll: options.unroll)
            return mean((0..<options.periods).map { _ in weighted(run.runPeriod(optimizer), options.lossWeights) })
        }
        return mean(losses)
    }

    /// Runs every task's period, in parallel over tasks or, for one task, within it.
    private func period(
        _ runs: [TaskRun<Learned>], weights: [Float], sample: CoordinateSample
    ) -> (losses: [[Float]], gradient: [Float]) {
        let optimizer = optimizer
        let work: @Sendable (Int) -> ([Float], [Float]) = { task in
            let losses = runs[task].runPeriod(optimizer)
            return (losses, runs[task].metaGradient(optimizer, lossWeights: weights, sample: sample))
        }
        // One task alone leaves the threads to the loops inside it.
        let results = runs.count == 1 ? [work(0)] : parallelMap(runs.count, work)
        return (results.map { $0.0 }, reducer.mean(results.map { $0.1 }))
    }

    private func sample(period: Int) -> CoordinateSample {
        let key = Branch.samples.key(seed: options.seed).child(progress.iteration).child(period)
        var stream = RandomStream(key)
        return CoordinateSample(
            stride: options.backwardStride, offset: stream.index(below: options.backwardStride))
    }

    private mutating func step(_ gradient: [Float]) {
        var weights = optimizer.metaParameters
        metaOptimizer.update(&weights, gradient: gradient, state: &progress.adam)
        optimizer = optimizer.optimizer(weights)
    }
}

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

/// What a run must keep, besides φ, to continue as if it had never stopped.
public struct MetaTrainingProgress: Sendable, Equatable {
    /// Meta-iterations done.
    public internal(set) var iteration = 0
    /// The moments of Adam on φ.
    public internal(set) var adam: Slots
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

    init(adam: Slots) { self.adam = adam }

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

private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

/// Σ w f; a loss without weight does not count, whatever it is.
package func weighted(_ losses: [Float], _ weights: [Float]) -> Double {
    zip(losses, weights).reduce(0) { $1.1 == 0 ? $0 : $0 + Double($1.0) * Double($1.1) }
}
