/// Steps divided by the root of all squared gradients so far: `s ← s + g²`, `θ ← θ − η g / (√s + ε)`.
///
/// Duchi, Hazan and Singer 2011, *Adaptive subgradient methods for online learning and stochastic optimization*.
/// Agrees with `torch.optim.Adagrad`. TensorFlow starts `s` at 0.1 and has no ε; Keras starts it at 0.1 too and puts
/// ε = 1e-7 inside the root. Give `initialAccumulator` 0.1 for steps as careful as theirs.
public struct Adagrad: HandDesignedOptimizer {
    public static let keyword = "adagrad"
    public static let summary = "each step divided by the root of the sum of squared gradients"
    public static let hyperparameters = [
        Hyperparameter<Self>("accumulator", .nonNegative, \.initialAccumulator),
        Hyperparameter<Self>("epsilon", .nonNegative, \.epsilon),
    ]
    public static let slotsPerParameter = 1
    public static let usualHalfPowers = -12...4

    public var learningRate: Double
    /// s before the first step.
    public var initialAccumulator: Double
    /// ε, outside the root.
    public var epsilon: Double
    public var schedule: Schedule

    /// - Parameters:
    ///   - learningRate: η.
    ///   - initialAccumulator: s before the first step.
    ///   - epsilon: ε, outside the root.
    ///   - schedule: η's factor at each step.
    public init(
        learningRate: Double = 1e-2, initialAccumulator: Double = 0, epsilon: Double = 1e-10,
        schedule: Schedule = .constant
    ) {
        self.learningRate = learningRate
        self.initialAccumulator = initialAccumulator
        self.epsilon = epsilon
        self.schedule = schedule
        checkConstants()
    }

    public func initialState(for layout: ParameterLayout) -> Slots {
        Slots(parameterCount: layout.count, slots: Self.slotsPerParameter, initially: Float(initialAccumulator))
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Slots
    ) {
        let rate = Float(scheduledRate(state))
        let epsilon = Float(epsilon)
        state.advance(&parameters, gradient) { theta, g, sum in
            sum += g * g
            theta -= rate * g / (sum.squareRoot() + epsilon)
        }
    }
}

/// Steps divided by the root of a moving average of squared gradients: `s ← α s + (1 − α) g²`, `θ ← θ − η g / (√s + ε)`.
///
/// Tieleman and Hinton 2012, *Neural networks for machine learning*, lecture 6.5. Agrees with `torch.optim.RMSprop`.
/// TensorFlow's has α = 0.9, puts ε = 1e-10 inside the root and, in its first version, starts `s` at 1; Keras has
/// α = 0.9 and ε = 1e-7.
public struct RMSprop: HandDesignedOptimizer {
    public static let keyword = "rmsprop"
    public static let summary = "each step divided by the root of a moving average of squared gradients"
    public static let hyperparameters = [
        Hyperparameter<Self>("alpha", .fraction, \.alpha),
        Hyperparameter<Self>("epsilon", .nonNegative, \.epsilon),
    ]
    public static let slotsPerParameter = 1
    public static let usualHalfPowers = -20...(-4)

    public var learningRate: Double
    /// α, the average's decay.
    public var alpha: Double
    /// ε, outside the root.
    public var epsilon: Double
    public var schedule: Schedule

    /// - Parameters:
    ///   - learningRate: η.
    ///   - alpha: α, the average's decay.
    ///   - epsilon: ε, outside the root.
    ///   - schedule: η's factor at each step.
    public init(
        learningRate: Double = 1e-2, alpha: Double = 0.99, epsilon: Double = 1e-8, schedule: Schedule = .constant
    ) {
        self.learningRate = learningRate
        self.alpha = alpha
        self.epsilon = epsilon
        self.schedule = schedule
        checkConstants()
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Slots
    ) {
        let rate = Float(scheduledRate(state))
        let decay = Float(alpha)
        let gain = Float(1 - alpha)
        let epsilon = Float(epsilon)
        state.advance(&parameters, gradient) { theta, g, average in
            average = decay * average + gain * (g * g)
            theta -= rate * g / (average.squareRoot() + epsilon)
        }
    }
}

/// RMSprop whose steps have the parameters' units:
/// `s ← ρ s + (1 − ρ) g²`, `Δ = g √(d + ε) / √(s + ε)`, `d ← ρ d + (1 − ρ) Δ²`, `θ ← θ − η Δ`.
///
/// Zeiler 2012, *ADADELTA: An adaptive learning rate method*, which has ρ = 0.95 and no η. Agrees with
/// `torch.optim.Adadelta`. TensorFlow's has η = 0.001, ρ = 0.95 and ε = 1e-8.
public struct Adadelta: HandDesignedOptimizer {
    public static let keyword = "adadelta"
    public static let summary = "steps as large as recent ones, divided by recent gradients"
    public static let hyperparameters = [
        Hyperparameter<Self>("rho", .fraction, \.rho),
        Hyperparameter<Self>("epsilon", .nonNegative, \.epsilon),
    ]
    public static let slotsPerParameter = 2
    public static let usualHalfPowers = -4...12

    public var learningRate: Double
    /// ρ, both averages' decay.
    public var rho: Double
    /// ε, inside both roots.
    public var epsilon: Double
    public var schedule: Schedule

    /// - Parameters:
    ///   - learningRate: η.
    ///   - rho: ρ, both averages' decay.
    ///   - epsilon: ε, inside both roots.
    ///   - schedule: η's factor at each step.
    public init(
        learningRate: Double = 1, rho: Double = 0.9, epsilon: Double = 1e-6, schedule: Schedule = .constant
    ) {
        self.learningRate = learningRate
        self.rho = rho
        self.epsilon = epsilon
        self.schedule = schedule
        checkConstants()
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Slots
    ) {
        let rate = Float(scheduledRate(state))
        let decay = Float(rho)
        let gain = Float(1 - rho)
        let epsilon = Float(epsilon)
        state.advance(&parameters, gradient) { theta, g, squares, deltas in
            squares = decay * squares + gain * (g * g)
            let delta = (deltas + epsilon).squareRoot() / (squares + epsilon).squareRoot() * g
            deltas = decay * deltas + gain * (delta * delta)
            theta -= rate * delta
        }
    }
}
