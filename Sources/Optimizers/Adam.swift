import Platform

/// Momentum over RMSprop, both corrected for their start at zero:
/// `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, `θ ← θ − η m̂ / (√v̂ + ε)`
/// with `m̂ = m / (1 − β₁ᵗ)` and `v̂ = v / (1 − β₂ᵗ)`.
///
/// Kingma and Ba 2015, *Adam: A method for stochastic optimization*, algorithm 1. Agrees with `torch.optim.Adam`.
/// TensorFlow and Keras use that paper's other form, whose ε joins the root of the uncorrected v: theirs acts as
/// ε / √(1 − β₂ᵗ) here, 31 times larger at the first step; Keras has ε = 1e-7.
public struct Adam: HandDesignedOptimizer {
    public static let keyword = "adam"
    public static let summary = "momentum divided by the root of a moving average of squared gradients"
    public static let hyperparameters = [
        Hyperparameter<Self>("beta1", .fraction, \.beta1),
        Hyperparameter<Self>("beta2", .fraction, \.beta2),
        Hyperparameter<Self>("epsilon", .nonNegative, \.epsilon),
    ]
    public static let slotsPerParameter = 2
    public static let usualHalfPowers = -20...(-4)

    public var learningRate: Double
    /// β₁, the decay of the gradients' average.
    public var beta1: Double
    /// β₂, the decay of the squared gradients' average.
    public var beta2: Double
    /// ε, outside the root of the corrected average.
    public var epsilon: Double
    public var schedule: Schedule

    /// - Parameters:
    ///   - learningRate: η.
    ///   - beta1: β₁, the decay of the gradients' average.
    ///   - beta2: β₂, the decay of the squared gradients' average.
    ///   - epsilon: ε, outside the root of the corrected average.
    ///   - schedule: η's factor at each step.
    public init(
        learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        schedule: Schedule = .constant
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.schedule = schedule
        checkConstants()
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Slots
    ) {
        adamStep(
            &parameters, gradient, &state, rate: scheduledRate(state), beta1: beta1, beta2: beta2, epsilon: epsilon,
            keep: 1)
    }
}

extension Adam {
    /// What the last update multiplied the learning rate by, `m̂ / (√v̂ + ε)`, told from the state that it left.
    ///
    /// - Precondition: there was an update.
    package func direction(_ state: Slots) -> [Double] {
        precondition(state.step > 0, "an update has a direction")
        let (first, second) = (1 - pow(beta1, Double(state.step)), 1 - pow(beta2, Double(state.step)))
        return zip(state.first, state.second).map { mean, squares in
            Double(mean) / first / ((Double(squares) / second).squareRoot() + epsilon)
        }
    }
}

/// Adam whose weight decay passes by the moments: `θ ← (1 − η λ) θ`, then Adam's step.
///
/// Loshchilov and Hutter 2019, *Decoupled weight decay regularization*, where λ is multiplied by the schedule's factor
/// but not by η. Agrees with `torch.optim.AdamW`.
public struct AdamW: HandDesignedOptimizer {
    public static let keyword = "adamw"
    public static let summary = "Adam with decoupled weight decay"
    public static let hyperparameters = [
        Hyperparameter<Self>("beta1", .fraction, \.beta1),
        Hyperparameter<Self>("beta2", .fraction, \.beta2),
        Hyperparameter<Self>("epsilon", .nonNegative, \.epsilon),
        Hyperparameter<Self>("decay", .nonNegative, \.weightDecay),
    ]
    public static let slotsPerParameter = 2
    public static let usualHalfPowers = -20...(-4)

    public var learningRate: Double
    /// β₁, the decay of the gradients' average.
    public var beta1: Double
    /// β₂, the decay of the squared gradients' average.
    public var beta2: Double
    /// ε, outside the root of the corrected average.
    public var epsilon: Double
    /// λ.
    public var weightDecay: Double
    public var schedule: Schedule

    /// - Parameters:
    ///   - learningRate: η.
    ///   - beta1: β₁, the decay of the gradients' average.
    ///   - beta2: β₂, the decay of the squared gradients' average.
    ///   - epsilon: ε, outside the root of the corrected average.
    ///   - weightDecay: λ.
    ///   - schedule: η's factor at each step.
    public init(
        learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        weightDecay: Double = 1e-2, schedule: Schedule = .constant
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.schedule = schedule
        checkConstants()
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Slots
    ) {
        let rate = scheduledRate(state)
        adamStep(
            &parameters, gradient, &state, rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon,
            keep: 1 - rate * weightDecay)
    }
}

/// One step of Adam on parameters that are first multiplied by `keep`.
@inline(__always)
private func adamStep(
    _ parameters: inout MutableSpan<Float>, _ gradient: Span<Float>, _ state: inout Slots,
    rate: Double, beta1: Double, beta2: Double, epsilon: Double, keep: Double
) {
    let time = Double(state.step + 1)
    let rate = Float(rate / (1 - pow(beta1, time)))
    let rootOfCorrection = Float((1 - pow(beta2, time)).squareRoot())
    let (decay1, gain1) = (Float(beta1), Float(1 - beta1))
    let (decay2, gain2) = (Float(beta2), Float(1 - beta2))
    let epsilon = Float(epsilon)
    let keep = Float(keep)
    state.advance(&parameters, gradient) { theta, g, mean, squares in
        mean = decay1 * mean + gain1 * g
        squares = decay2 * squares + gain2 * (g * g)
        theta = keep * theta - rate * mean / (squares.squareRoot() / rootOfCorrection + epsilon)
    }
}
