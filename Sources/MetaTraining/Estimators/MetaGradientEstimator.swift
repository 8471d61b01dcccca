public import LearnedOptimizers
public import NumericCore
public import Optimizees
public import Optimizers

/// How the derivative of the meta-loss with respect to φ is estimated.
///
/// A task is run by `runsPerTask` runs side by side, each of which optimizes it for a period and returns an estimate;
/// the mean over all runs of a meta-batch is what φ's step is taken on.
public protocol MetaGradientEstimator: PlanPart, Equatable {
    /// How many runs a task has.
    var runsPerTask: Int { get }

    /// - Throws: `InputError` where the rule lacks what the estimate needs.
    func check(_ optimizer: some LearnedOptimizer) throws

    /// A run at a task's beginning.
    func run<Learned: LearnedOptimizer>(_ task: TrainingTask, _ optimizer: Learned) -> any TaskRun<Learned>

    /// A run as it was recorded.
    ///
    /// - Throws: `InputError` where the record does not fit.
    func run<Learned: LearnedOptimizer>(
        _ task: TrainingTask, _ optimizer: Learned, from record: StateRecord
    ) throws -> any TaskRun<Learned>

    /// What a run's slopes are along (`PeriodResult.slope`), from its beginning; nil where results have gradients alone.
    ///
    /// - Parameters:
    ///   - key: the run's `TrainingTask.noiseKey`.
    ///   - optimizer: what is perturbed.
    func perturbation(key: RandomKey, of optimizer: some LearnedOptimizer) -> Perturbation?
}

extension MetaGradientEstimator {
    public func perturbation(key: RandomKey, of optimizer: some LearnedOptimizer) -> Perturbation? { nil }
}

/// A task that was drawn, for one of its runs.
public struct TrainingTask: Sendable {
    public let optimizee: any Optimizee
    /// What the task is drawn from; all of its runs meet the same.
    public let key: RandomKey
    /// What the run's own random numbers are drawn from.
    public let noiseKey: RandomKey
    /// Steps that are taken with φ as it is before the first period.
    public let burnIn: Int

    public init(optimizee: any Optimizee, key: RandomKey, noiseKey: RandomKey, burnIn: Int = 0) {
        self.optimizee = optimizee
        self.key = key
        self.noiseKey = noiseKey
        self.burnIn = burnIn
    }
}

/// A task being optimized: parameters and optimizer state are carried from period to period.
///
/// Threads take turns with a run, none shares it.
public protocol TaskRun<Learned>: AnyObject, Sendable {
    associatedtype Learned: LearnedOptimizer

    /// Optimizes for one period and estimates the derivative of its meta-loss.
    func runPeriod(_ optimizer: Learned, _ period: PeriodSettings) -> PeriodResult

    /// Everything that continuing needs, besides the task and φ.
    func record(_ optimizer: Learned) -> StateRecord
}

/// What all runs of an update share.
public struct PeriodSettings: Sendable {
    public let unroll: Int
    public let metaLoss: any MetaLoss
    /// What the choice of coordinates is drawn from, the same for all tasks.
    public let sampleKey: RandomKey

    public init(unroll: Int, metaLoss: any MetaLoss, sampleKey: RandomKey) {
        self.unroll = unroll
        self.metaLoss = metaLoss
        self.sampleKey = sampleKey
    }
}
