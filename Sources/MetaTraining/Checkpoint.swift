package import Files
public import LearnedOptimizers
import NumericCore
import Optimizers

/// A learned optimizer on its way: weights that anything can read, and what an exact continuation needs.
///
/// The file holds the canonical tensors, the moments of Adam on φ, and the rest as metadata; so a checkpoint is a
/// weight file too.
public struct Checkpoint<Learned: LearnedOptimizer>: Sendable {
    public let optimizer: Learned
    public let progress: MetaTrainingProgress
    /// What the run computes, as `MetaTrainingRun` describes it.
    public let configuration: [String: String]

    private static var adamNames: (first: String, second: String) { ("meta_adam.first", "meta_adam.second") }

    public init(optimizer: Learned, progress: MetaTrainingProgress, configuration: [String: String]) {
        self.optimizer = optimizer
        self.progress = progress
        self.configuration = configuration
    }

    /// The file's content.
    package func file() -> SafetensorsFile {
        var metadata = configuration
        metadata["iteration"] = String(progress.iteration)
        metadata["meta_adam.step"] = String(progress.adam.step)
        metadata["skipped"] = String(progress.skipped)
        metadata["skipped_in_a_row"] = String(progress.skippedInARow)
        metadata["average"] = progress.average.map { String($0) }
        metadata["best.iteration"] = progress.best.map { String($0.iteration) }
        metadata["best.score"] = progress.best.map { String($0.score) }
        let weights = optimizer.weights.safetensors(metadata: metadata)
        let moments = [
            Tensor(Self.adamNames.first, shape: [progress.adam.first.count], values: progress.adam.first),
            Tensor(Self.adamNames.second, shape: [progress.adam.second.count], values: progress.adam.second),
        ]
        return SafetensorsFile(weights.tensors + moments, metadata: weights.metadata)
    }

    /// Reads a checkpoint back, bit for bit.
    ///
    /// - Throws: `InputError` where the file is damaged, holds weights of another kind, or weights alone.
    public init(path: String) throws {
        let file = try SafetensorsFile(path: path)
        let weights = try LearnedWeights(file, path: path, rules: RuleRegister.including(Learned.descriptor))
        let optimizer = try Learned(weights, path: path)
        let metadata = file.metadata
        func value<T>(_ name: String, _ parse: (String) -> T?) throws -> T {
            guard let value = metadata[name].flatMap(parse) else {
                throw InputError(
                    path, "lacks a valid \"\(name)\"", advice: "continue from a checkpoint that l2o meta-train wrote")
            }
            return value
        }
        func count(_ name: String) throws -> Int { try value(name) { Int($0).flatMap { $0 >= 0 ? $0 : nil } } }
        guard let first = file[Self.adamNames.first]?.values, let second = file[Self.adamNames.second]?.values,
            first.count == optimizer.metaParameters.count, second.count == first.count,
            (first + second).allSatisfy(\.isFinite)
        else {
            throw InputError(
                path, "lacks the moments of meta-training",
                advice: "continue from a checkpoint that l2o meta-train wrote")
        }
        var progress = MetaTrainingProgress(
            adam: Slots(step: try count("meta_adam.step"), first: first, second: second))
        progress.iteration = try count("iteration")
        progress.skipped = try count("skipped")
        progress.skippedInARow = try count("skipped_in_a_row")
        if metadata["average"] != nil { progress.average = try value("average", Double.init) }
        if metadata["best.iteration"] != nil {
            progress.best = .init(iteration: try count("best.iteration"), score: try value("best.score", Double.init))
        }
        self.optimizer = optimizer
        self.progress = progress
        let own = Set(
            ["iteration", "meta_adam.step", "skipped", "skipped_in_a_row", "average", "best.iteration"]
                + ["best.score", "kind", "convention"] + weights.constants.keys)
        // Files from before there was a choice do not name it.
        configuration = [MetaTrainingOptions.factorsName: Kernels.FactorPrecision.single.rawValue]
            .merging(metadata.filter { !own.contains($0.key) }) { $1 }
    }
}
