package import Files
public import LearnedOptimizers
import NumericCore
import Optimizers

/// A learned optimizer on its way: weights that anything can read, and what an exact continuation needs.
///
/// The file holds the canonical tensors of the optimizer to use, the moments of Adam on φ, φ itself where averages of it
/// are what is used, the tasks under way, and the rest as metadata; so a checkpoint is a weight file too.
public struct Checkpoint<Learned: LearnedOptimizer>: Sendable {
    /// The optimizer to use: averaged weights where the plan says so.
    public let trained: Learned
    /// The optimizer with the weights that are being trained.
    public let optimizer: Learned
    public let state: MetaTrainingState
    /// What the run computes, as `MetaTrainingRun` describes it.
    public let configuration: [String: String]
    /// The tasks under way, by their places.
    let tasks: [Int: TaskUnderWay]

    init(_ trainer: MetaTrainer<Learned>, configuration: [String: String]) {
        trained = trainer.trained
        optimizer = trainer.optimizer
        state = trainer.state
        self.configuration = configuration
        tasks = trainer.tasksUnderWay
    }

    /// A checkpoint between tasks.
    ///
    /// - Parameter optimizer: both what is trained and what is to be used.
    package init(optimizer: Learned, state: MetaTrainingState, configuration: [String: String]) {
        (trained, self.optimizer) = (optimizer, optimizer)
        self.state = state
        self.configuration = configuration
        tasks = [:]
    }

    // MARK: The file

    private enum Name {
        static var first: String { "meta_adam.first" }
        static var second: String { "meta_adam.second" }
        static var weights: String { "meta_weights" }
        static func average(_ index: Int) -> String { "meta_average.\(index)" }
    }

    /// Metadata that the state is made of.
    private static var stateNames: [String] {
        ["iteration", "meta_adam.step", "skipped", "skipped_in_a_row", "average", "best.iteration", "best.score"]
            + ["running_norm"]
    }

    /// The file's content.
    package func file() -> SafetensorsFile {
        var metadata = configuration
        metadata["iteration"] = String(state.iteration)
        metadata["meta_adam.step"] = String(state.adam.step)
        metadata["skipped"] = String(state.skipped)
        metadata["skipped_in_a_row"] = String(state.skippedInARow)
        metadata["average"] = state.average.map { String($0) }
        metadata["best.iteration"] = state.best.map { String($0.iteration) }
        metadata["best.score"] = state.best.map { String($0.score) }
        metadata["running_norm"] = state.metaOptimizer.runningNorm.map { String($0) }
        func flat(_ name: String, _ values: [Float]) -> Tensor { Tensor(name, shape: [values.count], values: values) }
        var tensors = [flat(Name.first, state.adam.first), flat(Name.second, state.adam.second)]
        let averages = state.metaOptimizer.averages
        tensors += averages.enumerated().map { flat(Name.average($0.offset), $0.element) }
        if !averages.isEmpty { tensors.append(flat(Name.weights, optimizer.metaParameters)) }
        TaskUnderWay.write(tasks, &tensors, &metadata)
        let weights = trained.weights.safetensors(metadata: metadata)
        return SafetensorsFile(weights.tensors + tensors, metadata: weights.metadata)
    }

    /// Reads a checkpoint back, bit for bit.
    ///
    /// - Throws: `InputError` where the file is damaged, holds weights of another kind, or weights alone.
    public init(path: String) throws {
        try self.init(bytes: try readFile(path), path: path)
    }

    /// Reads a checkpoint from its file's content.
    ///
    /// - Parameter path: where it comes from, for errors.
    init(bytes: [UInt8], path: String) throws {
        let file = try SafetensorsFile(bytes: bytes, path: path)
        let weights = try LearnedWeights(file, path: path, rules: RuleRegister.including(Learned.descriptor))
        trained = try Learned(weights, path: path)
        let count = trained.metaParameters.count
        func values(_ name: String) throws -> [Float] {
            guard let values = file[name]?.values, values.count == count, values.allSatisfy(\.isFinite) else {
                throw InputError(
                    path, "lacks the moments of meta-training",
                    advice: "continue from a checkpoint that l2o meta-train wrote")
            }
            return values
        }
        let averages = try (0..<8).prefix { file[Name.average($0)] != nil }.map { try values(Name.average($0)) }
        optimizer = averages.isEmpty ? trained : trained.optimizer(try values(Name.weights))
        state = try Self.state(
            file.metadata, path, first: try values(Name.first), second: try values(Name.second), averages)
        tasks = try TaskUnderWay.read(file, path: path)
        let own = Set(Self.stateNames + ["kind", "convention"] + weights.constants.keys)
        // Files from before there was a choice do not name it.
        configuration = [ConfigurationName.factors: Kernels.FactorPrecision.single.rawValue]
            .merging(file.metadata.filter { !own.contains($0.key) && !TaskUnderWay.isTask($0.key) }) { $1 }
    }

    /// The plan that it was made with.
    ///
    /// - Parameter path: where the checkpoint comes from, for errors.
    /// - Throws: `InputError` where it does not say, or the plan cannot be used.
    public func plan(path: String) throws -> MetaTrainingPlan {
        try MetaTrainingPlan(configuration: configuration, kind: Learned.kind, path: path)
    }

    /// The seed that it was made with.
    ///
    /// - Throws: `InputError` where it does not say.
    public func seed(path: String) throws -> UInt64 {
        guard let seed = configuration[ConfigurationName.seed].flatMap({ UInt64($0) }) else {
            throw InputError(path, "lacks a valid \"seed\"", advice: "give a run that l2o meta-train made")
        }
        return seed
    }

    private static func state(
        _ metadata: [String: String], _ path: String, first: [Float], second: [Float], _ averages: [[Float]]
    ) throws -> MetaTrainingState {
        func value<T>(_ name: String, _ parse: (String) -> T?) throws -> T {
            guard let value = metadata[name].flatMap(parse) else {
                throw InputError(
                    path, "lacks a valid \"\(name)\"", advice: "continue from a checkpoint that l2o meta-train wrote")
            }
            return value
        }
        func count(_ name: String) throws -> Int { try value(name) { Int($0).flatMap { $0 >= 0 ? $0 : nil } } }
        func number(_ name: String) throws -> Double? {
            metadata[name] == nil ? nil : try value(name, Double.init)
        }
        var state = MetaTrainingState(
            metaOptimizer: MetaOptimizerState(
                adam: Slots(step: try count("meta_adam.step"), first: first, second: second),
                runningNorm: try number("running_norm"), averages: averages))
        state.iteration = try count("iteration")
        state.skipped = try count("skipped")
        state.skippedInARow = try count("skipped_in_a_row")
        state.average = try number("average")
        if let score = try number("best.score") {
            state.best = .init(iteration: try count("best.iteration"), score: score)
        }
        return state
    }
}

extension MetaTrainer {
    /// The tasks under way, by their places, as a checkpoint keeps them; none where this process writes no files.
    var tasksUnderWay: [Int: TaskUnderWay] {
        guard places.contains(where: { $0.ticket != nil }) else { return [:] }
        let (places, optimizer) = (places, optimizer)
        let records = executor.writersResults(places.count) { places[$0].record(optimizer) }
        guard executor.isWriter else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: places.indices.compactMap { index in
                places[index].ticket.map { (index, TaskUnderWay(ticket: $0, record: records[index])) }
            })
    }
}
