import Platform

/// Momentum and gradient, divided by the gradients' root mean square, at a rate that falls with the root of the steps:
/// `θ ← θ − ηₜ ((1 − γ) m̂ + γ g) / (√v̂ + ε)`, `ηₜ = η / √(1 + t / τ)`, where t counts from 1.
///
/// m̂ and v̂ are Adam's, with one β for both. It is the rule that the learned rule of this package begins as: before its
/// training, that is this one at its default constants. So it says what the training adds, and tuned, it is an opponent
/// like any other. What it has that Adam has not:
///
/// - a fast second moment, β = 0.95, that is as old as the first;
/// - a share of the raw gradient, γ = 0.3, as in quasi-hyperbolic momentum (Ma and Yarats 2019);
/// - an ε of 1e-14, below the gradients of the lowest layers of deep sigmoid nets, 1e-10 to 1e-12, which Adam's 1e-8 stops.
///   A parameter whose gradients are all exactly 0 stays where it is;
/// - a rate that falls for ever and needs no number of steps. A `schedule` multiplies it.
public struct SeedRule: HandDesignedOptimizer {
    public static let keyword = "seed-rule"
    public static let summary = "what our learned rule begins as: momentum and gradient over a fast root mean square"
    public static let hyperparameters = [
        Hyperparameter<Self>("beta", .fraction, \.beta),
        Hyperparameter<Self>("gradient", .fraction, \.gradientShare),
        Hyperparameter<Self>("epsilon", .nonNegative, \.epsilon),
        Hyperparameter<Self>("tau", .positive, \.timescale),
    ]
    public static let slotsPerParameter = 2
    public static let usualHalfPowers = -20...(-4)

    public var learningRate: Double
    /// β, the decay of both averages.
    public var beta: Double
    /// γ, the raw gradient's share; the momentum has the rest.
    public var gradientShare: Double
    /// ε, outside the root of the corrected average.
    public var epsilon: Double
    /// τ, after how many steps the rate is η / √2.
    public var timescale: Double
    public var schedule: Schedule

    /// - Parameters:
    ///   - learningRate: η.
    ///   - beta: β, the decay of both averages.
    ///   - gradientShare: γ, the raw gradient's share.
    ///   - epsilon: ε, outside the root of the corrected average.
    ///   - timescale: τ, after how many steps the rate is η / √2.
    ///   - schedule: a further factor of the rate at each step.
    public init(
        learningRate: Double = 0x1p-5, beta: Double = 0.95, gradientShare: Double = 0.3, epsilon: Double = 1e-14,
        timescale: Double = 100, schedule: Schedule = .constant
    ) {
        self.learningRate = learningRate
        self.beta = beta
        self.gradientShare = gradientShare
        self.epsilon = epsilon
        self.timescale = timescale
        self.schedule = schedule
        checkConstants()
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Slots
    ) {
        let time = Double(state.step + 1)
        let rate = scheduledRate(state) / (1 + time / timescale).squareRoot()
        let correction = 1 - pow(beta, time)
        let momentumRate = Float(rate * (1 - gradientShare) / correction)
        let gradientRate = Float(rate * gradientShare)
        let rootOfCorrection = Float(correction.squareRoot())
        let (decay, gain) = (Float(beta), Float(1 - beta))
        let epsilon = Float(epsilon)
        state.advance(&parameters, gradient) { theta, g, mean, squares in
            mean = decay * mean + gain * g
            squares = decay * squares + gain * (g * g)
            theta -=
                (momentumRate * mean + gradientRate * g) / (squares.squareRoot() / rootOfCorrection + epsilon)
        }
    }
}
