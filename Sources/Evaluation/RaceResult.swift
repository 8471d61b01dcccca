import Optimizees
import Optimizers
public import Statistics

/// What a race came to, as it is kept in a file.
///
/// In JSON: `{"optimizee", "parameters", "steps", "seeds", "seed", "command", "results": […]}`, sorted by key, with
/// null for every number that is not finite and for what is not known. Where steps were timed, `"clock"` is the `WallClock`.
public struct RaceResult: Sendable {
    /// The optimizee's name.
    public var optimizee: String
    /// The optimizee's number of parameters; nil in a file that does not say.
    public var parameters: Int?
    /// How many steps each run had.
    public var steps: Int
    /// How many problems each optimizer met.
    public var problems: Int
    /// The root of the random numbers; nil in a file that does not say.
    public var seed: UInt64?
    /// The command line that gives this result again; nil where none was noted.
    public var command: String?
    /// One result for each optimizer, in the race's order.
    public var results: [OptimizerResult]

    /// Makes a result from its parts.
    public init(
        optimizee: String, parameters: Int? = nil, steps: Int, problems: Int, seed: UInt64? = nil,
        command: String? = nil,
        results: [OptimizerResult]
    ) {
        self.optimizee = optimizee
        self.parameters = parameters
        self.steps = steps
        self.problems = problems
        self.seed = seed
        self.command = command
        self.results = results
    }
}

/// One optimizer's runs in a race.
public struct OptimizerResult: Sendable {
    /// The optimizer's name with every constant.
    public var optimizer: String
    /// How it is called in tables and charts.
    public var label: String
    /// Each problem's final loss; +∞ where the run diverged (null in JSON).
    public var finalLoss: [Double]
    /// Each problem's minibatch losses. A diverged run's end with the loss that was not finite (NaN after reading JSON).
    public var curve: [[Float]]
    /// Milliseconds of a whole step: loss, gradient and update. Nil where not measured.
    public var millisecondsPerStep: Double?
    /// Milliseconds of the optimizer's update alone. Nil where not measured.
    public var millisecondsPerUpdate: Double?
    /// What the optimizer keeps between steps, in bytes for each parameter.
    public var stateBytesPerParameter: Int
    /// How many runs diverged.
    public var diverged: Int
    /// A hand-designed optimizer's learning rate.
    public var learningRate: Double?
    /// How many learning rates were tried to find this one; nil (null in JSON) where none was searched for.
    public var trials: Int?
    /// Each problem's loss on held-out data, +∞ where the run diverged (null in JSON); nil where there are no such data.
    public var heldOutLoss: [Double]?
    /// Each problem's share of held-out examples classified right; nil where nothing is classified. A diverged run, whose
    /// parameters say nothing, has NaN (null in JSON).
    public var heldOutAccuracy: [Double]?
    /// The wall time of each run's steps, other runs beside it. Nil where not measured.
    public var seconds: [Double]?
    /// How long learned weights were trained; nil where that is not known, and for hand-designed optimizers.
    public var trainingMinutes: Double?

    /// Makes a result from its parts.
    public init(
        optimizer: String, label: String? = nil, finalLoss: [Double], curve: [[Float]],
        millisecondsPerStep: Double? = nil, millisecondsPerUpdate: Double? = nil, stateBytesPerParameter: Int,
        diverged: Int, learningRate: Double? = nil, trials: Int? = nil, heldOutLoss: [Double]? = nil,
        heldOutAccuracy: [Double]? = nil, seconds: [Double]? = nil, trainingMinutes: Double? = nil
    ) {
        self.optimizer = optimizer
        self.label = label ?? optimizer
        self.finalLoss = finalLoss
        self.curve = curve
        self.millisecondsPerStep = millisecondsPerStep
        self.millisecondsPerUpdate = millisecondsPerUpdate
        self.stateBytesPerParameter = stateBytesPerParameter
        self.diverged = diverged
        self.learningRate = learningRate
        self.trials = trials
        self.heldOutLoss = heldOutLoss
        self.heldOutAccuracy = heldOutAccuracy
        self.seconds = seconds
        self.trainingMinutes = trainingMinutes
    }

    init(_ entrant: Entrant, runs: [Run], timing: StepTiming?) {
        self.init(
            optimizer: entrant.optimizer.name, label: entrant.label, finalLoss: runs.map(\.finalLoss),
            curve: runs.map(\.losses), millisecondsPerStep: timing?.stepMilliseconds,
            millisecondsPerUpdate: timing?.updateMilliseconds,
            stateBytesPerParameter: entrant.optimizer.stateBytesPerParameter,
            diverged: runs.count { $0.ending != .finished },
            learningRate: (entrant.optimizer as? any HandDesignedOptimizer)?.learningRate, trials: entrant.trials,
            heldOutLoss: runs.contains { $0.heldOut != nil } ? runs.map { $0.heldOut?.loss ?? .infinity } : nil,
            heldOutAccuracy: runs.contains { $0.heldOut?.accuracy != nil }
                ? runs.map { $0.heldOut?.accuracy ?? .nan } : nil,
            seconds: timing == nil ? nil : runs.map(\.seconds), trainingMinutes: entrant.trainingMinutes)
    }

    /// The final losses' statistics.
    /// - Precondition: there is at least one problem.
    public var finalStatistics: Statistics { Statistics(finalLoss) }

    /// The step at which each diverged run diverged; nil for the others.
    public var divergedSteps: [Int?] {
        zip(finalLoss, curve).map { loss, curve in
            guard !loss.isFinite else { return nil }
            return curve.last.map { $0.isFinite ? curve.count : curve.count - 1 } ?? 0
        }
    }
}

// MARK: JSON

extension RaceResult: Codable {
    private enum CodingKeys: String, CodingKey {
        case optimizee, parameters, steps
        case problems = "seeds"
        case seed, command, results
    }

    private enum AddedKeys: String, CodingKey { case clock }

    /// Writes what the properties are, and the clock, which follows from them.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(optimizee, forKey: .optimizee)
        try values.encodeIfPresent(parameters, forKey: .parameters)
        try values.encode(steps, forKey: .steps)
        try values.encode(problems, forKey: .problems)
        try values.encodeIfPresent(seed, forKey: .seed)
        try values.encodeIfPresent(command, forKey: .command)
        try values.encode(results, forKey: .results)
        guard let clock = clock() else { return }
        var added = encoder.container(keyedBy: AddedKeys.self)
        try added.encode(clock, forKey: .clock)
    }
}

extension OptimizerResult: Codable {
    private enum CodingKeys: String, CodingKey {
        case optimizer
        case label
        case finalLoss = "final_loss"
        case curve
        case millisecondsPerStep = "ms_per_step"
        case millisecondsPerUpdate = "update_ms_per_step"
        case stateBytesPerParameter = "state_bytes_per_parameter"
        case diverged
        case learningRate = "learning_rate"
        case trials
        case heldOutLoss = "held_out_loss"
        case heldOutAccuracy = "held_out_accuracy"
        case seconds
        case trainingMinutes = "training_minutes"
    }

    /// Reads null losses as +∞ in `final_loss` and as NaN in `curve`.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            optimizer: try values.decode(String.self, forKey: .optimizer),
            label: try values.decodeIfPresent(String.self, forKey: .label),
            finalLoss: try values.decode([Double?].self, forKey: .finalLoss).map { $0 ?? .infinity },
            curve: try values.decode([[Float?]].self, forKey: .curve).map { $0.map { $0 ?? .nan } },
            millisecondsPerStep: try values.decodeIfPresent(Double.self, forKey: .millisecondsPerStep),
            millisecondsPerUpdate: try values.decodeIfPresent(Double.self, forKey: .millisecondsPerUpdate),
            stateBytesPerParameter: try values.decode(Int.self, forKey: .stateBytesPerParameter),
            diverged: try values.decode(Int.self, forKey: .diverged),
            learningRate: try values.decodeIfPresent(Double.self, forKey: .learningRate),
            trials: try values.decodeIfPresent(Int.self, forKey: .trials),
            heldOutLoss: try values.decodeIfPresent([Double?].self, forKey: .heldOutLoss)?.map { $0 ?? .infinity },
            heldOutAccuracy: try values.decodeIfPresent([Double?].self, forKey: .heldOutAccuracy)?.map { $0 ?? .nan },
            seconds: try values.decodeIfPresent([Double].self, forKey: .seconds),
            trainingMinutes: try values.decodeIfPresent(Double.self, forKey: .trainingMinutes))
    }

    /// Writes losses that are not finite as null.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(optimizer, forKey: .optimizer)
        try values.encode(label, forKey: .label)
        try values.encode(finalLoss.map { $0.isFinite ? $0 : nil }, forKey: .finalLoss)
        try values.encode(curve.map { $0.map { $0.isFinite ? $0 : nil } }, forKey: .curve)
        try values.encode(millisecondsPerStep, forKey: .millisecondsPerStep)
        try values.encode(millisecondsPerUpdate, forKey: .millisecondsPerUpdate)
        try values.encode(stateBytesPerParameter, forKey: .stateBytesPerParameter)
        try values.encode(diverged, forKey: .diverged)
        try values.encodeIfPresent(learningRate, forKey: .learningRate)
        try values.encode(trials, forKey: .trials)
        try values.encodeIfPresent(heldOutLoss?.map { $0.isFinite ? $0 : nil }, forKey: .heldOutLoss)
        try values.encodeIfPresent(heldOutAccuracy?.map { $0.isFinite ? $0 : nil }, forKey: .heldOutAccuracy)
        try values.encodeIfPresent(seconds, forKey: .seconds)
        try values.encodeIfPresent(trainingMinutes, forKey: .trainingMinutes)
    }
}
