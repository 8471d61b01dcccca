import LearnedOptimizers
import MetaTraining
import Optimizees
import Platform
import Reporting

/// A meta-training run as a command makes it: with progress shown, and signals minded.
struct MetaTrainingSession {
    let title: String
    let plan: MetaTrainingPlan
    let tasks: any TaskDistribution
    let seed: UInt64
    let iterations: Int
    /// The file, or the name, of the weights that a new run begins with; nil for random ones.
    let initialWeights: String?
    let saving: MetaTrainingSaving
    let resumes: Bool
    let showsProgress: Bool
    /// Folder of event files; nil where none are wanted.
    var tensorBoard: String?

    /// What a run ended with.
    struct Outcome: Encodable {
        let optimizer: String
        let plan: String
        let task: String
        let iterations: Int
        let averageMetaLoss: Double?
        let skipped: Int
        let seconds: Double
        let bestIteration: Int?

        func text(folder: String) -> String {
            let loss = averageMetaLoss.map { numberText($0, digits: 4) } ?? "none"
            let skippedText = skipped > 0 ? ", \(skipped) updates skipped" : ""
            return """
                \(iterations) meta-iterations in \(clockText(seconds)), average meta-loss \(loss)\(skippedText)
                Written to \(folder): latest.safetensors, metrics.jsonl, learning-curve.svg\
                \(bestIteration.map { ", best.safetensors (iteration \($0))" } ?? "")

                """
        }
    }

    /// Trains until all iterations are done or a signal comes; either way the run is saved.
    func train<Learned: LearnedOptimizer>(_: Learned.Type) throws -> Outcome {
        var description = ["command": commandText()]
        description["from"] = initialWeights
        let executor = executor
        let run = try MetaTrainingRun(
            optimizer: try initialOptimizer(Learned.self), tasks: tasks, plan: plan, seed: seed, saving: saving,
            description: description, resumes: resumes, executor: executor)
        let line = ProgressLine(
            title, unit: "iterations", start: run.trainer.state.iteration, isShown: showsProgress)
        defer { line.finish() }
        let log = try (executor.isWriter ? tensorBoard : nil).map {
            try TensorBoardLog(folder: $0, from: run.trainer.state.iteration + 1)
        }
        var logFailure: (any Error)?
        var last = ContinuousClock.now
        func report(_ iteration: MetaIteration, _ state: MetaTrainingState) {
            let now = ContinuousClock.now
            do {
                try log?.append(iteration, average: state.average, seconds: (now - last).seconds)
            } catch {
                logFailure = error
            }
            last = now
            let loss = state.average.map { "loss \(numberText($0, digits: 3))" } ?? "no loss"
            let skipped = state.skipped > 0 ? "  \(state.skipped) skipped" : ""
            line.update(iteration.iteration, of: iterations, detail: loss + skipped)
        }
        try run.run(
            until: iterations, shouldStop: { logFailure != nil || Interrupt.isRequested() }, report: report)
        if let logFailure { throw logFailure }
        let state = run.trainer.state
        return Outcome(
            optimizer: Learned.descriptor.name, plan: plan.name, task: tasks.name, iterations: state.iteration,
            averageMetaLoss: state.average, skipped: state.skipped, seconds: run.seconds,
            bestIteration: state.best?.iteration)
    }

    private var executor: any MetaBatchExecutor {
        Team.current.map { GroupExecutor($0) } ?? ThreadExecutor()
    }

    private func initialOptimizer<Learned: LearnedOptimizer>(_: Learned.Type) throws -> Learned {
        try plan.settingConstants(originalOptimizer(Learned.self))
    }

    private func originalOptimizer<Learned: LearnedOptimizer>(_: Learned.Type) throws -> Learned {
        guard let origin = try initialWeights.map({ try WeightsOrigin($0) }) else {
            return Learned(key: MetaTrainingBranch.initialWeights.key(seed: seed))
        }
        return try Learned(origin.weights(), path: origin.text)
    }
}
