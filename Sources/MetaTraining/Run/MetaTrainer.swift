import Files
public import LearnedOptimizers
public import NumericCore
import Optimizees
import Optimizers

/// Trains a learned optimizer's weights on optimizations of tasks, as a plan has it.
///
///     let trainer = MetaTrainer(optimizer: RNNprop(key: key), tasks: OneOptimizee(task), plan: .rnnpropPaper)
///     for _ in 0..<1000 { print(trainer.iterate().metaLoss) }
///
/// After each period of all tasks φ takes one step; parameters and optimizer state pass from one period to the next.
/// Every iteration is a function of the plan, the seed, its number and what `state` and the tasks under way hold, so a
/// run continued from there repeats the same bits.
public final class MetaTrainer<Learned: LearnedOptimizer> {
    public let tasks: any TaskDistribution
    public let plan: MetaTrainingPlan
    /// The root of all random numbers.
    public let seed: UInt64
    let executor: any MetaBatchExecutor

    /// The optimizer with the weights learned so far.
    public private(set) var optimizer: Learned
    /// Everything else that continuing needs, but for tasks under way.
    public private(set) var state: MetaTrainingState
    /// The tasks under way, each run of each task.
    let places: [TaskPlace<Learned>]

    /// - Parameters:
    ///   - optimizer: the weights to begin with.
    ///   - tasks: what the plan's tasks are drawn from.
    ///   - plan: how it is trained.
    ///   - seed: the root of all random numbers.
    ///   - executor: who runs the tasks.
    /// - Precondition: the plan's parts fit together and suit the optimizer; there are kernels for its `factors`.
    public init(
        optimizer: Learned, tasks: any TaskDistribution, plan: MetaTrainingPlan, seed: UInt64 = 1,
        executor: any MetaBatchExecutor = ThreadExecutor()
    ) {
        do {
            try plan.check(plan.name)
            try plan.estimator.check(optimizer)
            self.optimizer = try plan.choosingKernels(optimizer)
        } catch {
            preconditionFailure("\(error)")
        }
        self.tasks = tasks
        self.plan = plan
        self.seed = seed
        self.executor = executor
        let members = plan.estimator.runsPerTask
        places = (0..<plan.metaBatch * members).map { TaskPlace(task: $0 / members, member: $0 % members) }
        state = MetaTrainingState(
            metaOptimizer: plan.metaOptimizer.initialState(count: optimizer.metaParameters.count))
    }

    /// Takes up what a checkpoint left.
    ///
    /// - Throws: `InputError` where a task under way cannot be taken up.
    func resume(_ state: MetaTrainingState, _ underWay: [Int: TaskUnderWay], path: String) throws {
        guard state.metaOptimizer.averages.count == plan.metaOptimizer.averages.count else {
            throw InputError(
                path, "lacks averages of the weights", advice: "continue from a checkpoint that l2o meta-train wrote")
        }
        self.state = state
        for (index, task) in underWay {
            guard places.indices.contains(index) else { throw TaskUnderWay.misplaced(index) }
            places[index].ticket = task.ticket
        }
        guard !underWay.isEmpty else { return }
        // Each where it will go on.
        let (places, optimizer, estimator, drawer) = (places, optimizer, plan.estimator, drawer)
        let failures = OrderedMutex<[Int: any Error]>([:])
        let complaints = executor.results(places.count) { index in
            do {
                if let task = underWay[index] {
                    try places[index].resume(task.record, optimizer, estimator, drawer)
                }
                return Complaint()
            } catch {
                failures.withLock { $0[index] = error }
                return Complaint("\(error)")
            }
        }
        guard let first = complaints.firstIndex(where: { !$0.text.isEmpty }) else { return }
        throw failures.withLock { $0[first] }
            ?? InputError(
                path, "cannot be continued: \(complaints[first].text)",
                advice: "continue from a checkpoint that l2o meta-train wrote")
    }

    /// The optimizer to use: averaged weights where the plan says so and there are some yet.
    public var trained: Learned {
        guard let use = plan.metaOptimizer.use, state.metaOptimizer.adam.step > 0,
            let index = plan.metaOptimizer.averages.firstIndex(of: use)
        else { return optimizer }
        return optimizer.optimizer(state.metaOptimizer.averages[index])
    }

    /// Takes one meta-iteration.
    public func iterate() -> MetaIteration {
        guard let report = iterate(isCancelled: { false }) else { preconditionFailure("nobody cancels") }
        return report
    }

    /// Takes one meta-iteration; nil where cancelled between its updates, and then everything is as before.
    public func iterate(isCancelled: () -> Bool) -> MetaIteration? {
        let before = (optimizer, state)
        var periodLosses: [Double] = []
        var lastLosses: [Double] = []
        var norms: [Double] = []
        var skipped = 0
        let count = plan.truncation.periodsPerIteration
        for number in 0..<count {
            if number > 0 && isCancelled() {
                // All tasks have begun in this iteration.
                (optimizer, state) = before
                for place in places { place.end() }
                return nil
            }
            let results = runPeriod(number)
            periodLosses.append(mean(results.map(\.metaLoss)))
            lastLosses.append(mean(results.map(\.lastLoss)))
            let gradient = mean(plan.metaOptimizer.clipped(tasks: results.map(\.gradient)))
            norms.append(norm(gradient))
            if gradient.allSatisfy(\.isFinite) {
                step(gradient, update: state.iteration * count + number)
                state.skippedInARow = 0
            } else {
                skipped += 1
                state.skippedInARow += 1
            }
        }
        let metaLoss = mean(periodLosses)
        state.iteration += 1
        state.skipped += skipped
        state.observe(metaLoss, decay: plan.selection.averageDecay)
        return MetaIteration(
            iteration: state.iteration, metaLoss: metaLoss, periodLosses: periodLosses,
            lastLosses: lastLosses, gradientNorms: norms, skipped: skipped)
    }

    /// Whether so many updates in a row were not finite that continuing is pointless.
    public var isStuck: Bool { state.skippedInARow >= plan.patience }

    /// Scores the checkpoint made now; returns whether it is the best so far.
    func judgeCheckpoint() -> Bool {
        state.judge(plan.selection.score(average: state.average, validation: validationLoss))
    }

    /// The meta-loss of the optimizer to use, the mean over the periods of tasks that training never meets.
    public func validationLoss(tasks count: Int = 8) -> Double {
        let key = MetaTrainingBranch.validation.key(seed: seed)
        let (tasks, optimizer, plan) = (tasks, trained, plan)
        let results = executor.results(count) { task in
            ValidationResult(
                metaLoss: plan.metaLoss(
                    of: optimizer, on: tasks.optimizee(key: key.child(task)), key: key.child(task)))
        }
        return mean(results.map(\.metaLoss))
    }

    /// Takes one step on φ.
    private func step(_ gradient: [Float], update: Int) {
        var weights = optimizer.metaParameters
        plan.metaOptimizer.step(
            &weights, gradient: gradient, state: &state.metaOptimizer, update: update, of: plan.updates)
        optimizer = optimizer.optimizer(weights)
    }

    // MARK: Tasks

    /// Runs a period of every task, beginning those that are due.
    private func runPeriod(_ number: Int) -> [PeriodResult] {
        for place in places where place.ticket == nil { place.ticket = ticket(place) }
        let settings = PeriodSettings(
            unroll: plan.truncation.unroll, metaLoss: plan.metaLoss,
            sampleKey: MetaTrainingBranch.samples.key(seed: seed).child(state.iteration).child(number))
        let (places, optimizer, estimator, drawer) = (places, optimizer, plan.estimator, drawer)
        var results = executor.results(places.count) {
            places[$0].runPeriod(optimizer, settings, estimator, drawer)
        }
        if results.contains(where: \.gradient.isEmpty) {
            let travelled = results
            let gradients = parallelMap(travelled.count) {
                places[$0].gradient(of: travelled[$0], optimizer, settings, estimator, drawer)
            }
            for index in results.indices { results[index].gradient = gradients[index] }
        }
        let endsEarly = plan.truncation.periodsPerIteration == 1
        for task in 0..<plan.metaBatch {
            let own = places.indices.filter { places[$0].task == task }
            // All runs of a task end together, so that they go on meeting the same.
            let isLost = endsEarly && own.contains { results[$0].isLost }
            for index in own { places[index].advance(endsEarly: isLost) }
        }
        return results
    }

    private func ticket(_ place: TaskPlace<Learned>) -> TaskTicket {
        let start = TaskStart(
            iteration: state.iteration, iterations: plan.iterations, place: place.task, places: plan.metaBatch)
        var stream = drawer.horizonStream(task: place.task, iteration: state.iteration)
        let periods = plan.truncation.periods(of: start, stream: &stream)
        return TaskTicket(
            iteration: state.iteration, periods: periods,
            burnIn: plan.truncation.burnIn(of: start, stream: &stream))
    }

    private var drawer: TaskDrawer { TaskDrawer(tasks: tasks, seed: seed) }
}

/// Draws the tasks of a training: each from the meta-iteration in which it begins and its place.
struct TaskDrawer: Sendable {
    let tasks: any TaskDistribution
    let seed: UInt64

    private func key(_ task: Int, _ iteration: Int) -> RandomKey {
        MetaTrainingBranch.training.key(seed: seed).child(iteration).child(task)
    }

    func task(_ task: Int, member: Int, iteration: Int, burnIn: Int = 0) -> TrainingTask {
        let key = key(task, iteration)
        return TrainingTask(
            optimizee: tasks.optimizee(key: key), key: key,
            noiseKey: noiseKey(task, member: member, iteration: iteration), burnIn: burnIn)
    }

    /// What a run's own random numbers are drawn from.
    func noiseKey(_ task: Int, member: Int, iteration: Int) -> RandomKey {
        MetaTrainingBranch.perturbations.key(seed: seed).child(iteration).child(task).child(member)
    }

    /// What a task's horizon is drawn from.
    func horizonStream(task: Int, iteration: Int) -> RandomStream {
        // A mixture draws from branch −1, instances from 0 on.
        RandomStream(key(task, iteration).child(-2))
    }
}

/// The branches of a training's tree of random keys.
public enum MetaTrainingBranch: Int, Sendable {
    case initialWeights, training, validation, samples, diagnosis, perturbations

    public func key(seed: UInt64) -> RandomKey { RandomKey(seed: seed).child(rawValue) }
}

extension MetaTrainer {
    public typealias Branch = MetaTrainingBranch
}
