import Files
public import LearnedOptimizers
public import NumericCore
public import Optimizers

/// Antithetic evolution strategies: each run optimizes its task twice, with φ + σε and with φ − σε, and the difference of
/// the meta-losses says how they change along ε.
///
/// They ask for nothing but φ and forward steps, and what they estimate is the derivative through everything, the
/// task's gradients included, of the meta-loss smoothed by normal noise of standard deviation σ.
public protocol EvolutionStrategy: MetaGradientEstimator {
    /// σ.
    var sigma: Double { get set }
    /// Pairs of runs for each task.
    var pairs: Int { get set }
    /// Names of the weight tensors that are perturbed, and so learned; all where there are none.
    var tensors: [String] { get set }

    /// Whether ε is drawn anew for each period.
    static var renewsNoise: Bool { get }
}

/// One ε for a task's whole life: noise-reuse evolution strategies, NRES (Li, Harrison, Sohl-Dickstein, Smith and Metz
/// 2023, *Variance-reduced gradient estimation via noise-reuse in online evolution strategies*, 2304.12180).
///
/// A period's estimate is (L₊ − L₋) ε / 2σ. As all steps of the task were taken with the same ε, it is unbiased, and where
/// losses vary smoothly with φ its variance is lower than that of `PersistentNoise`.
public struct ReusedNoise: EvolutionStrategy {
    public static let kind = "nres"
    public static let summary = "evolution strategies with one perturbation for a task's whole life"
    public static let fields = evolutionFields(sigma: \Self.sigma, pairs: \Self.pairs, tensors: \Self.tensors)
    public static let renewsNoise = false

    public var sigma = 0.02
    public var pairs = 1
    public var tensors: [String] = []

    public init() {}
}

/// A new ε for each period: persistent evolution strategies, PES (Vicol, Metz and Sohl-Dickstein 2021, *Unbiased gradient
/// estimation in unrolled computation graphs with persistent evolution strategies*, 2112.13835).
///
/// A period's estimate is (L₊ − L₋) Σε / 2σ, the sum over all periods of the task so far, which keeps it unbiased.
public struct PersistentNoise: EvolutionStrategy {
    public static let kind = "pes"
    public static let summary = "evolution strategies with a new perturbation each period, added up over a task"
    public static let fields = evolutionFields(sigma: \Self.sigma, pairs: \Self.pairs, tensors: \Self.tensors)
    public static let renewsNoise = true

    public var sigma = 0.02
    public var pairs = 1
    public var tensors: [String] = []

    public init() {}
}

private func evolutionFields<Part: EvolutionStrategy>(
    sigma: any WritableKeyPath<Part, Double> & Sendable, pairs: any WritableKeyPath<Part, Int> & Sendable,
    tensors: any WritableKeyPath<Part, [String]> & Sendable
) -> [PlanField<Part>] {
    [
        .number("sigma", sigma, 1e-9...1e3, "the standard deviation of perturbations"),
        .integer("pairs", pairs, 1...10_000, "pairs of runs for each task"),
        .words("tensors", tensors, "weight tensors that are learned; all where the list is empty"),
    ]
}

extension EvolutionStrategy {
    public var runsPerTask: Int { pairs }

    public func check(_ optimizer: some LearnedOptimizer) throws { _ = try places(in: optimizer) }

    public func run<Learned: LearnedOptimizer>(
        _ task: TrainingTask, _ optimizer: Learned
    ) -> any TaskRun<Learned> {
        EvolutionRun(
            task, optimizer,
            Perturbation(key: task.noiseKey, places: checkedPlaces(in: optimizer), isRenewed: Self.renewsNoise),
            sigma: sigma)
    }

    public func run<Learned: LearnedOptimizer>(
        _ task: TrainingTask, _ optimizer: Learned, from record: StateRecord
    ) throws -> any TaskRun<Learned> {
        let places = checkedPlaces(in: optimizer)
        let sum = try Self.renewsNoise ? record.tensor("noise", shape: [places.count]) : []
        return try EvolutionRun(
            task, optimizer,
            Perturbation(key: task.noiseKey, places: places, isRenewed: Self.renewsNoise, sum: sum),
            sigma: sigma, record)
    }

    public func perturbation(key: RandomKey, of optimizer: some LearnedOptimizer) -> Perturbation? {
        Perturbation(key: key, places: checkedPlaces(in: optimizer), isRenewed: Self.renewsNoise)
    }

    private func checkedPlaces(in optimizer: some LearnedOptimizer) -> [Int] {
        guard let places = try? places(in: optimizer) else {
            preconditionFailure("the rule has no tensor of a name that was checked")
        }
        return places
    }

    /// Where in φ the perturbed weights are.
    private func places<Learned: LearnedOptimizer>(in optimizer: Learned) throws -> [Int] {
        let weights = optimizer.weights
        let names = weights.tensors.map(\.name)
        if let unknown = tensors.first(where: { !names.contains($0) }) {
            throw InputError(
                "the plan's estimator", "names the tensor \(quoted(unknown)), which \(Learned.kind) lacks",
                advice: suggestion(for: unknown, among: names))
        }
        guard !tensors.isEmpty else { return Array(optimizer.metaParameters.indices) }
        let marked = LearnedWeights(
            Learned.descriptor, size: weights.size, constants: weights.constants
        ) { name in
            let mark: Float = tensors.contains(name) ? 1 : 0
            return weights[name].map { _ in mark }
        }
        let flat = Learned(weights: marked).metaParameters
        return flat.indices.filter { flat[$0] != 0 }
    }
}
