import Platform

/// Adam with Nesterov's momentum, which grows over the run: with `μₜ = β₁ (1 − ½ 0.96^(ψ t))`,
/// `θ ← θ − η (μₜ₊₁ m / (1 − μ₁ ⋯ μₜ₊₁) + (1 − μₜ) g / (1 − μ₁ ⋯ μₜ)) / (√v̂ + ε)`, where t counts from 1.
///
/// m and v are Adam's. Dozat 2016, *Incorporating Nesterov momentum into Adam*, with the momentum schedule of Sutskever
/// et al. 2013 that it recommends. Agrees with `torch.optim.NAdam`. The product of the momenta is a function of the step,
/// and is computed anew for each: the state is Adam's. Once it is too small to matter, after about 60 steps, the rest of
/// it is left out.
public struct NAdam: HandDesignedOptimizer {
    public static let keyword = "nadam"
    public static let summary = "Adam with Nesterov's momentum"
    public static let hyperparameters = [
        Hyperparameter<Self>("beta1", .fraction, \.beta1),
        Hyperparameter<Self>("beta2", .fraction, \.beta2),
        Hyperparameter<Self>("epsilon", .nonNegative, \.epsilon),
        Hyperparameter<Self>("psi", .nonNegative, \.momentumDecay),
    ]
    public static let slotsPerParameter = 2
    public static let usualHalfPowers = -20...(-4)

    public var learningRate: Double
    /// β₁, the decay of the gradients' average, and the momentum at the end.
    public var beta1: Double
    /// β₂, the decay of the squared gradients' average.
    public var beta2: Double
    /// ε, outside the root of the corrected average.
    public var epsilon: Double
    /// ψ, how fast the momentum grows from half of β₁ to β₁; PyTorch's `momentum_decay`.
    public var momentumDecay: Double
    public var schedule: Schedule

    /// - Parameters:
    ///   - learningRate: η.
    ///   - beta1: β₁, the decay of the gradients' average.
    ///   - beta2: β₂, the decay of the squared gradients' average.
    ///   - epsilon: ε, outside the root of the corrected average.
    ///   - momentumDecay: ψ, how fast the momentum grows.
    ///   - schedule: η's factor at each step.
    public init(
        learningRate: Double = 2e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        momentumDecay: Double = 4e-3, schedule: Schedule = .constant
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.momentumDecay = momentumDecay
        self.schedule = schedule
        checkConstants()
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Slots
    ) {
        nadamStep(
            &parameters, gradient, &state, rate: scheduledRate(state),
            momenta: Momenta(step: state.step + 1, beta1: beta1, decay: momentumDecay), beta1: beta1, beta2: beta2,
            epsilon: epsilon, keep: 1)
    }
}

/// NAdam whose weight decay passes by the moments: `θ ← (1 − η λ) θ`, then NAdam's step.
///
/// Agrees with `torch.optim.NAdam(decoupled_weight_decay=True)`, whose λ is 0 unless it is given; here it is AdamW's.
public struct NAdamW: HandDesignedOptimizer {
    public static let keyword = "nadamw"
    public static let summary = "NAdam with decoupled weight decay"
    public static let hyperparameters = [
        Hyperparameter<Self>("beta1", .fraction, \.beta1),
        Hyperparameter<Self>("beta2", .fraction, \.beta2),
        Hyperparameter<Self>("epsilon", .nonNegative, \.epsilon),
        Hyperparameter<Self>("psi", .nonNegative, \.momentumDecay),
        Hyperparameter<Self>("decay", .nonNegative, \.weightDecay),
    ]
    public static let slotsPerParameter = 2
    public static let usualHalfPowers = -20...(-4)

    public var learningRate: Double
    /// β₁, the decay of the gradients' average, and the momentum at the end.
    public var beta1: Double
    /// β₂, the decay of the squared gradients' average.
    public var beta2: Double
    /// ε, outside the root of the corrected average.
    public var epsilon: Double
    /// ψ, how fast the momentum grows from half of β₁ to β₁; PyTorch's `momentum_decay`.
    public var momentumDecay: Double
    /// λ.
    public var weightDecay: Double
    public var schedule: Schedule

    /// - Parameters:
    ///   - learningRate: η.
    ///   - beta1: β₁, the decay of the gradients' average.
    ///   - beta2: β₂, the decay of the squared gradients' average.
    ///   - epsilon: ε, outside the root of the corrected average.
    ///   - momentumDecay: ψ, how fast the momentum grows.
    ///   - weightDecay: λ.
    ///   - schedule: η's factor at each step.
    public init(
        learningRate: Double = 2e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        momentumDecay: Double = 4e-3, weightDecay: Double = 1e-2, schedule: Schedule = .constant
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.momentumDecay = momentumDecay
        self.weightDecay = weightDecay
        self.schedule = schedule
        checkConstants()
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Slots
    ) {
        let rate = scheduledRate(state)
        nadamStep(
            &parameters, gradient, &state, rate: rate,
            momenta: Momenta(step: state.step + 1, beta1: beta1, decay: momentumDecay), beta1: beta1, beta2: beta2,
            epsilon: epsilon, keep: 1 - rate * weightDecay)
    }
}

/// What a step of NAdam multiplies the gradient and its average by.
private struct Momenta {
    /// `(1 − μₜ) / (1 − μ₁ ⋯ μₜ)`.
    let gradient: Double
    /// `μₜ₊₁ / (1 − μ₁ ⋯ μₜ₊₁)`.
    let average: Double

    /// - Parameter step: t, which counts from 1.
    init(step: Int, beta1: Double, decay: Double) {
        let ratio = pow(0.96, decay)
        func momentum(_ power: Double) -> Double { beta1 * (1 - 0.5 * power) }
        var (product, power) = (1.0, 1.0)
        for _ in 0..<step {
            power *= ratio
            product *= momentum(power)
            // One less as little is one.
            if product < 0x1p-54 { break }
        }
        let (now, next) = (momentum(pow(ratio, Double(step))), momentum(pow(ratio, Double(step + 1))))
        gradient = (1 - now) / (1 - product)
        average = next / (1 - product * next)
    }
}

/// One step of NAdam on parameters that are first multiplied by `keep`.
@inline(__always)
private func nadamStep(
    _ parameters: inout MutableSpan<Float>, _ gradient: Span<Float>, _ state: inout Slots,
    rate: Double, momenta: Momenta, beta1: Double, beta2: Double, epsilon: Double, keep: Double
) {
    let (gradientRate, averageRate) = (Float(rate * momenta.gradient), Float(rate * momenta.average))
    let rootOfCorrection = Float((1 - pow(beta2, Double(state.step + 1))).squareRoot())
    let (decay1, gain1) = (Float(beta1), Float(1 - beta1))
    let (decay2, gain2) = (Float(beta2), Float(1 - beta2))
    let epsilon = Float(epsilon)
    let keep = Float(keep)
    state.advance(&parameters, gradient) { theta, g, mean, squares in
        mean = decay1 * mean + gain1 * g
        squares = decay2 * squares + gain2 * (g * g)
        theta =
            keep * theta
            - (gradientRate * g + averageRate * mean) / (squares.squareRoot() / rootOfCorrection + epsilon)
    }
}
