import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Platform
import Synchronization

/// A training whose times are wanted and nothing else: no file is written.
public struct TimedTraining: Sendable {
    private let plan: MetaTrainingPlan
    private let tasks: any TaskDistribution
    private let rule: any LearnedOptimizer.Type
    private let seed: UInt64
    private let threads: Int

    /// - Parameters:
    ///   - plan: its name or file.
    ///   - metaBatch: another number of tasks than the plan's; nil for the plan's.
    ///   - seed: the root of all random numbers.
    ///   - threads: how many run at once.
    ///   - dataFolder: where data sets are; nil for the usual place.
    /// - Throws: `InputError` where the plan or its data cannot be used.
    public init(plan name: String, metaBatch: Int?, seed: UInt64, threads: Int, dataFolder: String?) throws {
        var plan = try MetaTrainingPlan.find(name)
        if let metaBatch { plan.metaBatch = metaBatch }
        self.plan = plan
        tasks = try plan.tasks.distribution(OptimizeeCatalogue(data: AppData(folder: dataFolder)))
        rule = try RuleRegister.named(plan.optimizer).type
        (self.seed, self.threads) = (seed, threads)
    }

    /// Jobs of an update: tasks, and runs of a task where it has several.
    var jobs: Int { plan.metaBatch * plan.estimator.runsPerTask }

    var updatesPerIteration: Int { plan.truncation.periodsPerIteration }

    /// Seconds of some meta-iterations, after one that is not counted.
    ///
    /// - Parameter counts: called when those that count begin.
    func seconds(_ iterations: Int, _ executor: any MetaBatchExecutor, counts: () -> Void) -> Double {
        Threads(threads).run { seconds(rule, iterations, executor, counts) }
    }

    private func seconds<Learned: LearnedOptimizer>(
        _: Learned.Type, _ iterations: Int, _ executor: any MetaBatchExecutor, _ counts: () -> Void
    ) -> Double {
        let trainer = MetaTrainer(
            optimizer: Learned(key: MetaTrainingBranch.initialWeights.key(seed: seed)), tasks: tasks, plan: plan,
            seed: seed, executor: executor)
        _ = trainer.iterate()
        counts()
        let start = ContinuousClock.now
        for _ in 0..<iterations {
            // As in a run, which may be asked to stop.
            _ = trainer.iterate(isCancelled: { executor.isWanted(false) })
            _ = executor.isWanted(false)
        }
        return (ContinuousClock.now - start).seconds
    }
}

/// What the tasks of a plan take, measured: what a model of more machines begins with.
public struct PlanTiming: Sendable {
    /// Seconds of each period of each task that was run.
    public let taskSeconds: [Double]
    /// Seconds of an update besides, for each result of it.
    public let secondsPerResult: Double
    /// Bytes of a result as it travels.
    public let bytesPerResult: Double
    /// Jobs of an update: tasks, and runs of a task where it has several.
    public let jobs: Int

    /// Trains for some meta-iterations, after one that is not counted.
    public init(_ training: TimedTraining, iterations: Int) {
        let executor = TimedExecutor()
        let seconds = training.seconds(iterations, executor) {
            executor.log.withLock { $0 = TimedExecutor.Log() }
        }
        let log = executor.log.withLock { $0 }
        taskSeconds = log.jobs
        secondsPerResult = max(0, seconds - log.inside) / Double(log.jobs.count)
        bytesPerResult = Double(log.bytes) / Double(log.jobs.count)
        jobs = training.jobs
    }
}

/// Notes how long each job takes.
private final class TimedExecutor: MetaBatchExecutor {
    struct Log {
        var jobs: [Double] = []
        /// Seconds in which jobs ran, and bytes of their results.
        var inside = 0.0
        var bytes = 0
    }

    let log = Mutex(Log())

    func results<Result: MetaBatchResult>(
        _ count: Int, _ job: @escaping @Sendable (Int) -> Result
    ) -> [Result] {
        let start = ContinuousClock.now
        // One at a time for each thread, as on a rank whose every thread has a task.
        let timed = parallelMap(count) { index in
            let start = ContinuousClock.now
            let result = Threads(1).run { job(index) }
            return (result, (ContinuousClock.now - start).seconds)
        }
        let inside = (ContinuousClock.now - start).seconds
        log.withLock { log in
            log.jobs += timed.map(\.1)
            log.inside += inside
            log.bytes += timed.reduce(0) { $0 + $1.0.bytes.count }
        }
        return timed.map(\.0)
    }
}
