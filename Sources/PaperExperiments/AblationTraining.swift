import Evaluation
import Files
import LearnedOptimizers
import MetaTraining
import Optimizees

/// Meta-trains the ablations of E9 and E10, each in a folder of its own that is continued or reused.
struct AblationTraining {
    /// What is trained on.
    let optimizee: any Optimizee
    /// The folder that holds the runs' folders.
    let folder: String
    /// Meta-iterations of each.
    let iterations: Int
    /// The root of all random numbers.
    let seed: UInt64
    /// Whether to train faster and more roughly than the paper.
    let isQuick: Bool
    /// Asked after every meta-iteration.
    let isCancelled: @Sendable () -> Bool

    /// The ablation's weights after each of its quarters.
    ///
    /// - Parameter report: called with the number of meta-iterations that are done.
    /// - Throws: `CancellationError` where cancelled, after saving; `InputError` where the folder holds a run that was
    ///   made with other options.
    func entrants(_ ablation: Ablation, report: (Int) -> Void) throws -> [Entrant] {
        var saving = saving(ablation)
        try makeFolder(saving.folder)
        // Another process that trains the same is waited for.
        let lock = try FolderLock.wait(for: saving.folder, isCancelled: isCancelled)
        defer { withExtendedLifetime(lock) {} }
        saving.lock = lock
        try train(try RuleRegister.named(ablation.kind).type, ablation, saving, report)
        return try ablation.quarters.map { quarter in
            let done = Ablation.iterations(quarter, of: iterations)
            let optimizer = try loadLearnedOptimizer(path: saving.checkpoint(done))
            return Entrant(
                optimizer, label: ablation.label + (ablation.quarters.count > 1 ? ", \(done) iterations" : ""))
        }
    }

    private func saving(_ ablation: Ablation) -> MetaTrainingSaving {
        var saving = MetaTrainingSaving(folder: "\(folder)/\(ablation.name)-\(iterations)")
        // Numbered checkpoints come from the quarters.
        saving.checkpointEvery = max(iterations, 1)
        return saving
    }

    private func train<Learned: LearnedOptimizer>(
        _: Learned.Type, _ ablation: Ablation, _ saving: MetaTrainingSaving, _ report: (Int) -> Void
    ) throws {
        var plan = MetaTrainingPlan.paper(ablation.kind)
        if isQuick {
            plan.metaOptimizer.rate = 1e-3
            plan.estimator = FirstOrder(backwardStride: 4)
        }
        // RNNprop's tricks as far as the ablation takes part in them; the rest is its own paper's.
        var tricks = PaperTricks()
        if !ablation.scales { tricks.scaling = 0 }
        if !ablation.addsConvex { tricks.convex = 0 }
        let run = try MetaTrainingRun(
            optimizer: Learned(key: MetaTrainingBranch.initialWeights.key(seed: seed)),
            tasks: OneOptimizee(tricks.around(optimizee)), plan: plan, seed: seed, saving: saving,
            resumes: fileExists("\(saving.folder)/latest.safetensors"))
        // All quarters, whichever are wanted: another experiment may want the others.
        for quarter in 1...4 {
            try run.run(until: Ablation.iterations(quarter, of: iterations), shouldStop: isCancelled) {
                iteration, _ in
                report(iteration.iteration)
            }
            if isCancelled() { throw CancellationError() }
        }
    }
}
