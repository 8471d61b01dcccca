/// An optimizer with a formula: elementwise, with a learning rate to tune and constants that are usually left alone.
///
/// A new one is a struct with its constants, a table of them and `update`; `OptimizerCatalogue.all` then lists it.
public protocol HandDesignedOptimizer: ElementwiseOptimizer where State == Slots {
    /// The name in specifications, as `adam`.
    static var keyword: String { get }
    /// One line for lists of optimizers.
    static var summary: String { get }
    /// Every constant but the learning rate, in the order of `name`.
    static var hyperparameters: [Hyperparameter<Self>] { get }
    /// How many floats the state keeps for each parameter: 0, 1 or 2.
    static var slotsPerParameter: Int { get }
    /// Which learning rates suit most problems, `2^(k/2)` for each k: where a sweep begins.
    ///
    /// An optimizer that divides by the gradient's size has steps of about the learning rate; any other needs as much as
    /// the gradient lacks.
    static var usualHalfPowers: ClosedRange<Int> { get }

    /// The learning rate before the schedule's factor.
    var learningRate: Double { get set }
    /// The learning rate's factor at each step.
    var schedule: Schedule { get set }
}

/// Which values of a constant make sense.
public enum HyperparameterDomain: Sendable {
    /// 0 ≤ x < 1, as a decay rate.
    case fraction
    /// 0 ≤ x, finite.
    case nonNegative
    /// 0 < x, finite.
    case positive

    /// Whether a value makes sense.
    public func contains(_ value: Double) -> Bool {
        switch self {
        case .fraction: value >= 0 && value < 1
        case .nonNegative: value >= 0 && value.isFinite
        case .positive: value > 0 && value.isFinite
        }
    }

    /// A description in words, such as `a number from 0 to below 1`.
    public var text: String {
        switch self {
        case .fraction: "a number from 0 to below 1"
        case .nonNegative: "a finite number of at least 0"
        case .positive: "a finite number above 0"
        }
    }
}

/// One named constant of a hand-designed optimizer.
public struct Hyperparameter<Owner: Sendable>: Sendable {
    /// The name in specifications, as `beta1`.
    public let name: String
    /// Which values make sense.
    public let domain: HyperparameterDomain
    /// Where the optimizer keeps it.
    public let path: any WritableKeyPath<Owner, Double> & Sendable

    init(_ name: String, _ domain: HyperparameterDomain, _ path: any WritableKeyPath<Owner, Double> & Sendable) {
        self.name = name
        self.domain = domain
        self.path = path
    }
}

extension HandDesignedOptimizer {
    /// `adam(lr=0.001,beta1=0.9,beta2=0.999,epsilon=1e-08)`, and the schedule where it is not constant.
    public var name: String {
        let constants = Self.hyperparameters.map { "\($0.name)=\(self[keyPath: $0.path])" }
        return "\(Self.keyword)(\((["lr=\(learningRate)"] + constants + schedule.options).joined(separator: ",")))"
    }

    public var stateBytesPerParameter: Int { Self.slotsPerParameter * MemoryLayout<Float>.stride }

    public func initialState(for layout: ParameterLayout) -> Slots {
        Slots(parameterCount: layout.count, slots: Self.slotsPerParameter)
    }

    public func record(_ state: Slots) -> StateRecord { state.record }

    public func state(from record: StateRecord, for layout: ParameterLayout) throws -> Slots {
        try Slots(record, parameterCount: layout.count, slots: Self.slotsPerParameter)
    }

    /// The same optimizer with another learning rate.
    public func with(learningRate: Double) -> Self {
        var copy = self
        copy.learningRate = learningRate
        return copy
    }

    /// The learning rate that the next step uses.
    func scheduledRate(_ state: Slots) -> Double { learningRate * schedule(state.step) }

    /// Stops programs that ask for constants which make no sense.
    func checkConstants() {
        precondition(learningRate >= 0 && learningRate.isFinite, "a learning rate is finite and not negative")
        for constant in Self.hyperparameters {
            let value = self[keyPath: constant.path]
            precondition(constant.domain.contains(value), "\(constant.name) is \(constant.domain.text)")
        }
    }
}
