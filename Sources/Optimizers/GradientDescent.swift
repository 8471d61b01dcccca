/// Stochastic gradient descent: `θ ← θ − η g`.
///
/// Robbins and Monro 1951, *A stochastic approximation method*. Agrees with `torch.optim.SGD`.
public struct SGD: HandDesignedOptimizer {
    public static let keyword = "sgd"
    public static let summary = "stochastic gradient descent"
    public static let hyperparameters: [Hyperparameter<Self>] = []
    public static let slotsPerParameter = 0
    public static let usualHalfPowers = -8...8

    public var learningRate: Double
    public var schedule: Schedule

    /// - Parameters:
    ///   - learningRate: η.
    ///   - schedule: η's factor at each step.
    public init(learningRate: Double = 1e-3, schedule: Schedule = .constant) {
        self.learningRate = learningRate
        self.schedule = schedule
        checkConstants()
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Slots
    ) {
        let rate = Float(scheduledRate(state))
        state.advance(&parameters, gradient) { theta, g in theta -= rate * g }
    }
}

/// Heavy-ball momentum: `b ← μ b + g`, `θ ← θ − η b`.
///
/// Polyak 1964, *Some methods of speeding up the convergence of iteration methods*. Agrees with
/// `torch.optim.SGD(momentum:)` and TensorFlow's `MomentumOptimizer`. Sutskever et al. 2013 and Keras keep η inside b,
/// which differs only while the learning rate changes.
public struct Momentum: HandDesignedOptimizer {
    public static let keyword = "momentum"
    public static let summary = "gradient descent with heavy-ball momentum"
    public static let hyperparameters = [Hyperparameter<Self>("momentum", .fraction, \.momentum)]
    public static let slotsPerParameter = 1
    public static let usualHalfPowers = -14...2

    public var learningRate: Double
    /// μ.
    public var momentum: Double
    public var schedule: Schedule

    /// - Parameters:
    ///   - learningRate: η.
    ///   - momentum: μ.
    ///   - schedule: η's factor at each step.
    public init(learningRate: Double = 1e-3, momentum: Double = 0.9, schedule: Schedule = .constant) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.schedule = schedule
        checkConstants()
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Slots
    ) {
        let rate = Float(scheduledRate(state))
        let decay = Float(momentum)
        state.advance(&parameters, gradient) { theta, g, buffer in
            buffer = decay * buffer + g
            theta -= rate * buffer
        }
    }
}

/// Nesterov's momentum, looked at from the point that gradients are taken at: `b ← μ b + g`, `θ ← θ − η (g + μ b)`.
///
/// Nesterov 1983, *A method of solving a convex programming problem with convergence rate O(1/k²)*, in the form of
/// Sutskever et al. 2013. Agrees with `torch.optim.SGD(momentum:, nesterov=True)` and TensorFlow's `use_nesterov`.
public struct Nesterov: HandDesignedOptimizer {
    public static let keyword = "nesterov"
    public static let summary = "gradient descent with Nesterov's momentum"
    public static let hyperparameters = [Hyperparameter<Self>("momentum", .fraction, \.momentum)]
    public static let slotsPerParameter = 1
    public static let usualHalfPowers = -14...2

    public var learningRate: Double
    /// μ.
    public var momentum: Double
    public var schedule: Schedule

    /// - Parameters:
    ///   - learningRate: η.
    ///   - momentum: μ.
    ///   - schedule: η's factor at each step.
    public init(learningRate: Double = 1e-3, momentum: Double = 0.9, schedule: Schedule = .constant) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.schedule = schedule
        checkConstants()
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Slots
    ) {
        let rate = Float(scheduledRate(state))
        let decay = Float(momentum)
        state.advance(&parameters, gradient) { theta, g, buffer in
            buffer = decay * buffer + g
            theta -= rate * (g + decay * buffer)
        }
    }
}
