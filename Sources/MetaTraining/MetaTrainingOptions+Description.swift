import Files
import NumericCore
import Optimizees

extension MetaTrainingOptions {
    static let factorsName = "factors"

    /// Names and values of everything that decides what a run computes.
    func description(optimizee: any Optimizee) -> [String: String] {
        var description = [
            "optimizee": optimizee.name, "horizon": "\(horizon)", "unroll": "\(unroll)",
            "meta_loss": metaLoss.rawValue, "meta_learning_rate": "\(metaLearningRate)", "meta_batch": "\(metaBatch)",
            "backward_stride": "\(backwardStride)", Self.factorsName: factors.rawValue,
            "seed": "\(seed)", "selection": selection.rawValue, "average_decay": "\(averageDecay)",
            "validation_tasks": "\(validationTasks)",
        ]
        description["data"] = optimizee.dataFingerprint
        return description
    }

    /// The options of a run, from the description that its checkpoints keep.
    ///
    /// - Parameters:
    ///   - description: names and values; may come from a hostile file.
    ///   - path: where they come from, for errors.
    /// - Throws: `InputError` where one is missing or out of the range that `l2o meta-train` allows.
    public init(description: [String: String], path: String) throws {
        func value<T>(_ name: String, _ parse: (String) -> T?) throws -> T {
            guard let value = description[name].flatMap(parse) else {
                throw InputError(
                    path, "lacks a valid \"\(name)\"", advice: "give a run that l2o meta-train made")
            }
            return value
        }
        func number<T: LosslessStringConvertible & Comparable>(_ name: String, _ range: ClosedRange<T>) throws -> T {
            try value(name) { T($0).flatMap { range.contains($0) ? $0 : nil } }
        }
        self.init(
            MetaTrainingRecipe(
                metaLoss: try value("meta_loss", MetaLoss.init),
                selection: try value("selection", CheckpointSelection.init),
                scaling: 0, convex: 0, convexScaling: 0))
        horizon = try number("horizon", 2...1_000_000)
        unroll = try number("unroll", 2...10_000)
        metaLearningRate = try number("meta_learning_rate", 0...1000)
        metaBatch = try number("meta_batch", 1...10_000)
        backwardStride = try number("backward_stride", 1...1000)
        factors = try value(Self.factorsName, Kernels.FactorPrecision.init)
        seed = try number("seed", 0...UInt64.max)
        averageDecay = try number("average_decay", 0...1)
        validationTasks = try number("validation_tasks", 1...1_000_000)
        guard horizon % unroll == 0 else {
            throw InputError(
                path, "its horizon \(horizon) is no multiple of its unroll \(unroll)",
                advice: "give a run that l2o meta-train made")
        }
    }
}
