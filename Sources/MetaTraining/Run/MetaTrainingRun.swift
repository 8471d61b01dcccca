package import Files
public import LearnedOptimizers
import NumericCore

/// A meta-training run in a folder: it saves as it goes, and continues where it stopped.
///
/// The folder holds `latest.safetensors`, a numbered checkpoint every so many iterations, the best of those as
/// `best.safetensors`, and `metrics.jsonl`, one object a meta-iteration. Whenever the process dies, resuming from the
/// folder ends with the same files, bit for bit, as a run that was never disturbed; only the seconds in the metrics
/// differ. Nobody else can begin or continue a run there as long as this value lasts.
public struct MetaTrainingRun<Learned: LearnedOptimizer> {
    public let trainer: MetaTrainer<Learned>
    private let saving: MetaTrainingSaving
    private let configuration: [String: String]
    private let executor: any MetaBatchExecutor
    /// Where this process keeps the files; so is the lock.
    private let metrics: MetricsLog?
    private let secondsBefore: Double
    private let start = ContinuousClock.now
    private let lock: FolderLock?

    /// Starts a run, or continues the one in the folder.
    ///
    /// - Parameters:
    ///   - optimizer: the untrained optimizer; unused where the run continues.
    ///   - tasks: what the plan's tasks are drawn from.
    ///   - plan: what is done.
    ///   - seed: the root of all random numbers.
    ///   - saving: where the run saves, and how often.
    ///   - description: what else decides the result, by name; kept in every checkpoint.
    ///   - resumes: whether the folder's run is continued.
    ///   - executor: who runs the tasks.
    /// - Throws: `InputError` where the folder already holds a run and `resumes` is false, where there is none to
    ///   continue or it was made with another plan, seed or data, where the plan does not suit the optimizer, where
    ///   another run is under way in it, and where it cannot be written; `UnknownKernels` where there are none for the
    ///   plan.
    public init(
        optimizer: Learned, tasks: any TaskDistribution, plan: MetaTrainingPlan, seed: UInt64,
        saving: MetaTrainingSaving, description: [String: String] = [:], resumes: Bool,
        executor: any MetaBatchExecutor = ThreadExecutor()
    ) throws {
        try plan.check(plan.name)
        try plan.estimator.check(optimizer)
        _ = try plan.choosingKernels(optimizer)
        self.saving = saving
        self.executor = executor
        let configuration = plan.configuration(tasks, seed: seed).merging(description) { own, _ in own }
        let latest = "\(saving.folder)/latest.safetensors"
        lock = executor.isWriter ? try saving.lockedFolder(resumes: resumes) : nil
        try executor.agree {
            try plan.sharedFacts(configuration, probe: optimizer, on: tasks, seed: seed)
        }
        if resumes {
            let checkpoint = try Checkpoint<Learned>(
                bytes: try executor.fromWriter { try readFile(latest) }, path: latest)
            try Self.check(checkpoint.configuration, against: configuration, plan, path: latest)
            // The command that started the run stays on record.
            self.configuration = checkpoint.configuration.filter { !ConfigurationName.old.contains($0.key) }
                .merging(configuration) { old, new in old }
                .merging([ConfigurationName.plan: configuration[ConfigurationName.plan]!]) { $1 }
            trainer = MetaTrainer(
                optimizer: checkpoint.optimizer, tasks: tasks, plan: plan, seed: seed, executor: executor)
            try trainer.resume(checkpoint.state, checkpoint.tasks, path: latest)
        } else {
            self.configuration = configuration
            trainer = MetaTrainer(optimizer: optimizer, tasks: tasks, plan: plan, seed: seed, executor: executor)
        }
        let done = trainer.state.iteration
        metrics =
            executor.isWriter
            ? try MetricsLog(path: "\(saving.folder)/metrics.jsonl", keepingIterations: done) : nil
        secondsBefore = metrics?.secondsBefore ?? 0
        if !resumes { try save() }
    }

    /// Seconds of training so far, those before a resume included.
    public var seconds: Double { secondsBefore + (ContinuousClock.now - start).seconds }

    /// Trains until `iterations` meta-iterations are done in all, saves and returns.
    ///
    /// - Parameters:
    ///   - iterations: meta-iterations in all, those before a resume included.
    ///   - shouldStop: asked after every update. What an iteration has done until then is done again when the run is
    ///     continued.
    ///   - report: called after every iteration.
    /// - Throws: `InputError` where saving fails, or where so many meta-gradients in a row were not finite that
    ///   continuing is pointless; what was learned before is saved.
    public func run(
        until iterations: Int, shouldStop: () -> Bool, report: (MetaIteration, MetaTrainingState) -> Void
    ) throws {
        while trainer.state.iteration < iterations {
            guard let result = trainer.iterate(isCancelled: { executor.isWanted(shouldStop()) }) else { break }
            try metrics?.append(result, seconds: seconds)
            report(result, trainer.state)
            let done = result.iteration
            if done % saving.checkpointEvery == 0 || done == iterations { try saveNumbered() }
            if trainer.isStuck {
                try save()
                throw InputError(
                    saving.folder, "the last \(trainer.state.skippedInARow) meta-gradients were not finite",
                    advice: "lower --meta-learning-rate, or resume from an earlier checkpoint")
            }
            if done % saving.latestEvery == 0 { try save() }
            if executor.isWanted(shouldStop()) { break }
        }
        try save()
    }

    /// Writes `latest.safetensors`.
    private func save() throws {
        let checkpoint = checkpoint
        guard executor.isWriter else { return }
        try checkpoint.file().write(to: "\(saving.folder)/latest.safetensors")
    }

    /// Writes a numbered checkpoint, and `best.safetensors` where it is the best so far.
    private func saveNumbered() throws {
        let isBest = trainer.judgeCheckpoint()
        let checkpoint = checkpoint
        guard executor.isWriter else { return }
        let file = checkpoint.file()
        try file.write(to: saving.checkpoint(trainer.state.iteration))
        if isBest { try file.write(to: "\(saving.folder)/best.safetensors") }
    }

    /// All processes make one together.
    private var checkpoint: Checkpoint<Learned> { Checkpoint(trainer, configuration: configuration) }

    /// Refuses to continue a run with a plan or data that would change what it computes.
    private static func check(
        _ old: [String: String], against new: [String: String], _ plan: MetaTrainingPlan, path: String
    ) throws {
        let advice = "give the same options and data, or choose another folder for another run"
        let names = new.keys.sorted().filter { ![ConfigurationName.command, ConfigurationName.plan].contains($0) }
        for name in names {
            if let before = old[name], let value = new[name], before != value {
                throw InputError(path, "was made with \(name) = \(before), not \(value)", advice: advice)
            }
        }
        let before = try MetaTrainingPlan(configuration: old, kind: Learned.kind, path: path)
        if let difference = plan.difference(from: before) {
            throw InputError(
                path, "was made with \(difference.name) = \(difference.old), not \(difference.new)", advice: advice)
        }
    }
}

/// Where a run saves, and how often.
public struct MetaTrainingSaving: Sendable {
    public var folder: String
    /// Meta-iterations between two writings of `latest.safetensors`.
    public var latestEvery = 25
    /// Meta-iterations between two numbered checkpoints.
    public var checkpointEvery = 1000
    /// The folder's lock, where whoever starts the run has it; else the run takes it.
    package var lock: FolderLock?

    public init(folder: String) { self.folder = folder }

    /// Makes the folder and takes its lock.
    ///
    /// - Throws: `InputError` where there is no run to continue, or one that would be written over.
    fileprivate func lockedFolder(resumes: Bool) throws -> FolderLock {
        func holdsRun() -> Bool { fileExists("\(folder)/latest.safetensors") }
        if resumes && !holdsRun() {
            throw InputError(
                folder, "holds no meta-training run to continue",
                advice: "check the folder, or leave out --resume to begin one")
        }
        try makeFolder(folder)
        guard let lock = try lock ?? FolderLock.take(folder) else {
            throw InputError(
                folder, "another run is under way in it", advice: "wait until it has ended, or choose another folder")
        }
        guard resumes || !holdsRun() else {
            throw InputError(
                folder, "already holds a meta-training run",
                advice: "continue it with --resume or choose another folder")
        }
        return lock
    }

    /// The numbered checkpoint of an iteration.
    public func checkpoint(_ iteration: Int) -> String {
        let digits = String(iteration)
        let number = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        return "\(folder)/checkpoint-\(number).safetensors"
    }
}
