import Files
public import NumericCore

/// Everything that decides what a meta-training learns, but for the seed: its parts, as data.
///
///     var plan = MetaTrainingPlan.rnnpropPaper
///     plan.metaOptimizer.rate = 1e-3
///     let trainer = MetaTrainer(optimizer: RNNprop(key: key), tasks: OneOptimizee(task), plan: plan)
///
/// A plan is a JSON file too, `MetaTrainingPlan(path:)`, and every checkpoint holds the one that made it.
public struct MetaTrainingPlan: Sendable {
    /// What it is called.
    public var name = "unnamed"
    /// What it is for, in one line.
    public var summary = ""
    /// The kind of learned optimizer that it trains.
    public var optimizer: String
    /// Constants of the rule that differ from those it begins with, by name.
    public var constants: [String: Double] = [:]
    /// Meta-iterations in all; nil where the plan does not say. Rates and horizons that change are laid out over them.
    public var iterations: Int?
    /// What tasks are drawn from.
    public var tasks: TaskNames
    /// Tasks of one update; their meta-gradients are averaged.
    public var metaBatch = 1
    public var truncation: any TruncationSchedule = FixedTruncation()
    public var metaLoss: any MetaLoss = RawMetaLoss()
    public var estimator: any MetaGradientEstimator = FirstOrder()
    public var metaOptimizer = MetaOptimizer()
    public var selection: any CheckpointSelection = AverageSelection()
    /// What the rule's matrix products multiply, where it has some; nil for what is selected.
    /// `Documentation/Performance.md` has what bfloat16 does to speed and meta-loss.
    public var factors: Kernels.FactorPrecision?
    /// Updates skipped one after the other for which a run gives up.
    public var patience = 50

    /// A plan with the paper's numbers.
    public init(optimizer: String, tasks: TaskNames) {
        self.optimizer = optimizer
        self.tasks = tasks
    }

    // MARK: Sorts of parts

    static let truncations = PartFamily<any TruncationSchedule>(
        name: "truncation", kinds: [FixedTruncation.self, LogUniformTruncation.self])
    static let metaLosses = PartFamily<any MetaLoss>(
        name: "meta_loss",
        kinds: [RawMetaLoss.self, RelativeMetaLoss.self, LogMetaLoss.self, PeriodMeanMetaLoss.self])
    static let estimators = PartFamily<any MetaGradientEstimator>(
        name: "estimator", kinds: [FirstOrder.self, ReusedNoise.self, PersistentNoise.self])
    static let metaOptimizers = PartFamily<MetaOptimizer>(name: "meta_optimizer", kinds: [MetaOptimizer.self])
    static let selections = PartFamily<any CheckpointSelection>(
        name: "selection", kinds: [AverageSelection.self, ValidationSelection.self])

    // MARK: What follows from it

    /// Updates that are planned in all.
    var updates: Int? { iterations.map { $0 * truncation.periodsPerIteration } }

    /// The learning rate on φ of the first update after so many meta-iterations.
    public func metaLearningRate(iteration: Int) -> Double {
        metaOptimizer.rate(update: iteration * truncation.periodsPerIteration, of: updates)
    }

    /// Whether the number of iterations that are planned decides what is done in one.
    public var spansPlan: Bool { truncation.spansPlan || metaOptimizer.spansPlan }

    /// - Parameter subject: the file or name, for errors.
    /// - Throws: `InputError` where parts do not fit together, or a value is out of its range.
    public func check(_ subject: String) throws {
        for (name, part) in parts { try part.verify(PlanPlace(subject: subject, part: name)) }
        for field in Self.fields {
            var copy = self
            if let value = field.write(self), !field.read(value, &copy) {
                throw PlanPlace(subject: subject).bad(field.name, value, advice: "give \(field.domain)")
            }
        }
        if spansPlan && iterations == nil {
            throw InputError(
                subject, "does not say how many iterations its rate and horizons are laid out over",
                advice: "give it \"iterations\", or --iterations")
        }
        if case .lastFew(let few) = metaLoss.losses, few > truncation.unroll {
            throw InputError(
                subject, "its meta_loss counts the last \(few) losses of periods of \(truncation.unroll)",
                advice: "give fewer, or a longer unroll")
        }
    }

    /// The parts of which there are several kinds, by name.
    var parts: [(name: String, part: any PlanPart)] {
        [
            (Self.truncations.name, truncation), (Self.metaLosses.name, metaLoss),
            (Self.estimators.name, estimator), (Self.metaOptimizers.name, metaOptimizer),
            (Self.selections.name, selection),
        ]
    }
}

extension MetaTrainingPlan: Equatable {
    public static func == (left: MetaTrainingPlan, right: MetaTrainingPlan) -> Bool { left.json == right.json }
}
