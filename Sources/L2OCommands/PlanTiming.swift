import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Platform
import Synchronization

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

    /// Trains by a plan for some iterations, keeps nothing but times.
    ///
    /// - Parameters:
    ///   - plan: its name or file.
    ///   - metaBatch: another number of tasks than the plan's; nil for the plan's.
    ///   - iterations: meta-iterations, after one that is not counted.
    ///   - seed: the root of all random numbers.
    ///   - threads: how many run at once.
    ///   - dataFolder: where data sets are; nil for the usual place.
    /// - Throws: `InputError` where the plan or its data cannot be used.
    public static func measure(
        plan: String, metaBatch: Int?, iterations: Int, seed: UInt64, threads: Int, dataFolder: String?
    ) throws -> PlanTiming {
        var plan = try MetaTrainingPlan.find(plan)
        if let metaBatch { plan.metaBatch = metaBatch }
        let tasks = try plan.tasks.distribution(OptimizeeCatalogue(data: AppData(folder: dataFolder)))
        let rule = try RuleRegister.named(plan.optimizer)
        return Threads(threads).run { measure(rule.type, plan, tasks, iterations, seed) }
    }

    private static func measure<Learned: LearnedOptimizer>(
        _: Learned.Type, _ plan: MetaTrainingPlan, _ tasks: any TaskDistribution, _ iterations: Int, _ seed: UInt64
    ) -> PlanTiming {
        let executor = TimedExecutor()
        let trainer = MetaTrainer(
            optimizer: Learned(key: MetaTrainingBranch.initialWeights.key(seed: seed)), tasks: tasks, plan: plan,
            seed: seed, executor: executor)
        _ = trainer.iterate()
        executor.log.withLock { $0 = TimedExecutor.Log() }
        let start = ContinuousClock.now
        for _ in 0..<iterations { _ = trainer.iterate() }
        let seconds = (ContinuousClock.now - start).seconds
        return executor.log.withLock { log in
            PlanTiming(
                taskSeconds: log.jobs, secondsPerResult: max(0, seconds - log.inside) / Double(log.jobs.count),
                bytesPerResult: Double(log.bytes) / Double(log.jobs.count),
                jobs: plan.metaBatch * plan.estimator.runsPerTask)
        }
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
