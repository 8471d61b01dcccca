import Files
import KernelTypes
public import NumericCore
public import Optimizers

/// Gates over normalised momenta: a rule of few numbers, without a learning rate and without a step budget.
///
///     m_a, v_a ← averages of g and g² with decay 0.95;   m_b with 0.99;   v_b with 0.999;   all corrected for their start
///     s_a = √v̂_a + ε,   s_b = √v̂_b + ε,   S = RMS(√v̂_a),   P = RMS(θ), both over the tensor
///     o = (g/s_a, m̂_a/s_a, m̂_b/s_b, m̂_a/S, 0.3 θ/P),   the last three clipped at ±10
///     Δθ = −η_t exp(h_T + h_c) ((0.3 + a₀) o₀ + (0.7 + a₁) o₁ + a₂ o₂ + a₃ o₃ + a₄ o₄),   η_t = 2⁻⁵ / √(1 + t/100)
///
/// The gates a and the log-rate h_c are a small network's, the same for all coordinates, whose ten inputs do not change with
/// the gradient's sign, so that the update is odd in it and cannot drift; its hidden units' biases and h_T come from
/// another small network that looks at the tensor as a whole and at the time. Networks that say 0 leave the `SeedRule` that
/// the rule begins as: Δθ = −η_t (0.3 g + 0.7 m̂_a) / s_a.
///
/// The rule needs to know the tensors: give `initialState(for:)` the optimizee's layout.
public struct Gateprop: FirstOrderLearnedOptimizer, ScatteredOptimizer {
    public static let descriptor = RuleDescriptor(
        name: "gateprop",
        summary: "gates over normalised momenta by a small network that knows its tensor: no rate, no budget",
        constants: [
            RuleConstant("rate", 0.03125), RuleConstant("rate_steps", 100), .decay("fast_decay", 0.95),
            .decay("slow_mean_decay", 0.99), .decay("slow_square_decay", 0.999),
            RuleConstant("epsilon", 1e-14),
        ],
        size: RuleSize("hidden units", of: "coordinate.hidden.weight", axis: 0) {
            "two MLPs with one hidden layer of \($0), for coordinates and for tensors"
        },
        tensors: { hidden in
            [
                ParameterShape("coordinate.hidden.weight", [hidden, GateLayout.inputs]),
                ParameterShape("coordinate.hidden.bias", [hidden]),
                ParameterShape("coordinate.output.weight", [GateLayout.outputs, hidden]),
                ParameterShape("coordinate.output.bias", [GateLayout.outputs]),
                ParameterShape("tensor.hidden.weight", [hidden, GateTensorRows.inputs]),
                ParameterShape("tensor.hidden.bias", [hidden]),
                ParameterShape("tensor.output.weight", [hidden + 1, hidden]),
                ParameterShape("tensor.output.bias", [hidden + 1]),
            ]
        }, type: Gateprop.self)

    /// The rule's constants by name, as weight files keep them.
    public let constants: [String: Double]
    /// φ, the tensors of weight files one after the other.
    public let metaParameters: [Float]
    let layout: GateLayout
    let numbers: GatepropNumbers
    /// The coordinates' network as kernels read it.
    let packed: [Float]
    let kernels: Kernels

    /// - Parameters:
    ///   - metaParameters: φ, the tensors of weight files one after the other.
    ///   - hidden: units of each network's hidden layer.
    ///   - constants: those that differ from the usual ones.
    public init(metaParameters: [Float], hidden: Int = 16, constants: [String: Double] = [:]) {
        self.init(metaParameters: metaParameters, hidden: hidden, constants: constants, kernels: .selected)
    }

    package init(metaParameters: [Float], hidden: Int, constants: [String: Double] = [:], kernels: Kernels) {
        self.constants = Self.descriptor.defaultConstants.merging(constants) { $1 }
        precondition(
            self.constants.count == Self.descriptor.constants.count, "\(Self.descriptor.name) has no such constant")
        precondition(
            hidden > 0 && metaParameters.count == GatepropPlaces(hidden: hidden).count,
            "weights of another number of hidden units")
        self.metaParameters = metaParameters
        self.kernels = kernels
        layout = GateLayout(hidden: hidden)
        numbers = GatepropNumbers(self.constants)
        packed = GatepropPlaces(hidden: hidden).packed(metaParameters, layout)
    }

    /// Untrained: hidden layers drawn normally with a variance of one over the number of inputs, all else 0, so that it
    /// takes the steps of `SeedRule`.
    public init(key: RandomKey, hidden: Int, constants: [String: Double] = [:]) {
        let values = Self.descriptor.untrained(key, size: hidden, inputs: 1) { $0.name.hasSuffix("hidden.weight") }
        self.init(metaParameters: values, hidden: hidden, constants: constants)
    }

    /// Sixteen hidden units, untrained.
    public init(key: RandomKey) { self.init(key: key, hidden: 16) }

    public init(weights: LearnedWeights) {
        precondition(weights.kind == Self.kind, "weights of \(weights.kind) are not \(Self.kind)")
        self.init(
            metaParameters: weights.tensors.flatMap(\.values), hidden: weights.size, constants: weights.constants)
    }

    public var weights: LearnedWeights {
        LearnedWeights(Self.descriptor, size: layout.hidden, constants: constants, flat: metaParameters)
    }

    public func optimizer(_ metaParameters: [Float]) -> Self {
        Self(metaParameters: metaParameters, hidden: layout.hidden, constants: constants, kernels: kernels)
    }

    public var reference: (any ReferenceRule)? {
        GatepropReference(weights: metaParameters.map(Double.init), hidden: layout.hidden, constants: constants)
    }

    public var name: String { name(withConstants: constants) }
}

/// The rule's constants, and what steps make of them.
struct GatepropNumbers: Sendable {
    private let rate, rateSteps: Double
    private let fastDecay, slowMeanDecay, slowSquareDecay: Double
    let epsilon: Float

    init(_ constants: [String: Double]) {
        rate = constants["rate"]!
        rateSteps = constants["rate_steps"]!
        fastDecay = constants["fast_decay"]!
        slowMeanDecay = constants["slow_mean_decay"]!
        slowSquareDecay = constants["slow_square_decay"]!
        epsilon = Float(constants["epsilon"]!)
    }

    /// η_t, time counting from 1.
    func rate(_ time: Int) -> Float { Float(rate / (1 + Double(time) / rateSteps).squareRoot()) }

    /// What kernels need at a step.
    func gateConstants(_ time: Int) -> GateConstants {
        func correction(_ decay: Double) -> Float { Float(1 / (1 - pow(decay, Double(time)))) }
        return GateConstants(
            fastDecay: Float(fastDecay), slowMeanDecay: Float(slowMeanDecay), slowSquareDecay: Float(slowSquareDecay),
            agreementDecay1: 0.9, agreementDecay2: 0.99, epsilon: epsilon, fastCorrection: correction(fastDecay),
            slowMeanCorrection: correction(slowMeanDecay), slowSquareCorrection: correction(slowSquareDecay))
    }
}
