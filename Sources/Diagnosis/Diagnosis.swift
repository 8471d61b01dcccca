import Files
import LearnedOptimizers
public import MetaTraining
import NumericCore

/// What is wrong with a meta-training run, and what to do about it.
///
///     let diagnosis = try Diagnosis(ofRunIn: "runs/rnnprop") { try TaskNames($0).distribution(catalogue) }
///     for finding in diagnosis.findings where finding.verdict != .fine { print(finding.check, finding.value) }
///
/// Reads the run's log and its latest checkpoint, and lets the optimizer of that checkpoint work on fresh tasks of the
/// run's own recipe, which training never meets. Nothing in the folder is changed.
public struct Diagnosis: Sendable, Encodable {
    /// The run's folder.
    public let folder: String
    /// The kind of learned optimizer.
    public let optimizer: String
    /// What it is trained on.
    public let optimizee: String
    /// Meta-iterations done.
    public let iterations: Int
    /// How many fresh tasks were tried.
    public let tasks: Int
    /// What was found, in the order in which it was looked at.
    public let findings: [Finding]
    /// What it comes to, in a sentence or two.
    public let summary: String

    /// Examines a run.
    ///
    /// - Parameters:
    ///   - folder: what `l2o meta-train --out` wrote to.
    ///   - tasks: how many fresh tasks to try.
    ///   - distribution: finds what tasks are drawn from by the name that the checkpoint keeps.
    ///   - progress: called after each task, from any thread, with the number done.
    ///   - isCancelled: asked now and then, from any thread.
    /// - Throws: `InputError` where the folder holds no run or a damaged one; `CancellationError`.
    public init(
        ofRunIn folder: String, tasks: Int = 8, distribution: (String) throws -> any TaskDistribution,
        progress: @escaping @Sendable (Int) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws {
        let path = "\(folder)/latest.safetensors"
        guard fileExists(path) else {
            throw InputError(
                folder, "holds no meta-training run",
                advice: "give the folder that l2o meta-train --out wrote to, with latest.safetensors in it")
        }
        let rule = try RuleRegister.named(try LearnedWeights.load(path: path).kind)
        self = try Self.examine(
            rule.type, folder, path, tasks, distribution, Control(progress, isCancelled))
    }

    /// How the caller is told and asked.
    struct Control: Sendable {
        let progress: @Sendable (Int) -> Void
        let isCancelled: @Sendable () -> Bool

        init(_ progress: @escaping @Sendable (Int) -> Void, _ isCancelled: @escaping @Sendable () -> Bool) {
            self.progress = progress
            self.isCancelled = isCancelled
        }
    }

    private static func examine<Learned: LearnedOptimizer>(
        _: Learned.Type, _ folder: String, _ path: String, _ tasks: Int,
        _ distribution: (String) throws -> any TaskDistribution, _ control: Control
    ) throws -> Diagnosis {
        let checkpoint = try Checkpoint<Learned>(path: path)
        let plan = try checkpoint.plan(path: path)
        let seed = try checkpoint.seed(path: path)
        guard let name = checkpoint.configuration["optimizee"] else {
            throw InputError(path, "does not say what it was trained on", advice: "give a run of l2o meta-train")
        }
        let log = try MetaTrainingMetrics.readWholeLines(folder: folder)
        let drawn = try distribution(name)
        let key = MetaTrainingBranch.diagnosis.key(seed: seed).child(checkpoint.state.iteration)
        let fresh = try FreshTasks(drawn, checkpoint.trained, plan, count: tasks, key: key, control)
        let reference = checkpoint.trained.reference
        let findings =
            LogExamination(log.metrics, isCutShort: log.isCutShort, checkpoint.state).findings
            + WeightExamination(checkpoint, plan, seed: seed).findings
            + ((reference as? ReferenceNetwork).map { NetworkActivity($0, fresh).findings } ?? [])
            + [gradientCheck(fresh, checkpoint.trained, plan)].compactMap(\.self)
            + fresh.findings(trainingLosses: log.metrics.suffix(100).compactMap(\.metaLoss), plan)
        if control.isCancelled() { throw CancellationError() }
        return Diagnosis(
            folder: folder, optimizer: Learned.descriptor.name, optimizee: drawn.name,
            iterations: checkpoint.state.iteration, tasks: tasks, findings: findings)
    }

    /// The derivative against finite differences, for a rule that has both.
    private static func gradientCheck<Learned: LearnedOptimizer>(
        _ fresh: FreshTasks, _ optimizer: Learned, _ plan: MetaTrainingPlan
    ) -> Finding? {
        guard let reference = optimizer.reference, let rule = optimizer as? any FirstOrderLearnedOptimizer else {
            return nil
        }
        return GradientCheck.finding(fresh.outcomes.map(\.gradients), rule, reference, plan)
    }

    private init(
        folder: String, optimizer: String, optimizee: String, iterations: Int, tasks: Int, findings: [Finding]
    ) {
        self.folder = folder
        self.optimizer = optimizer
        self.optimizee = optimizee
        self.iterations = iterations
        self.tasks = tasks
        self.findings = findings
        summary = Self.summary(findings)
    }

    /// What goes wrong because something else does.
    private static let symptoms = ["meta-loss", "diverged iterations", "fresh tasks", "validation gap"]

    private static func summary(_ findings: [Finding]) -> String {
        func list(_ verdict: Verdict) -> [String] { findings.filter { $0.verdict == verdict }.map(\.check) }
        let (bad, look) = (list(.bad), list(.look))
        if bad.isEmpty && look.isEmpty { return "Nothing is wrong: all \(findings.count) checks are fine." }
        let first =
            bad.isEmpty
            ? "Nothing is broken."
            : "\(bad.count == 1 ? "One thing is" : "\(bad.count) things are") wrong: \(bad.joined(separator: ", "))."
                + (bad.count > 1 ? " Begin with \(bad.first { !symptoms.contains($0) } ?? bad[0])." : "")
        return look.isEmpty ? first : "\(first) Worth a look: \(look.joined(separator: ", "))."
    }
}
