/// What turns a gradient into RNNprop's features at one step: m̂/s and g/s with s = √v̂ + ε (Lv et al. 2017).
public struct NormalizedMoments: Sendable {
    public var beta1: Float
    public var beta2: Float
    public var epsilon: Float
    /// 1 / (1 − β₁ᵗ).
    public var correction1: Float
    /// 1 / (1 − β₂ᵗ).
    public var correction2: Float

    public init(beta1: Float, beta2: Float, epsilon: Float, correction1: Float, correction2: Float) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.correction1 = correction1
        self.correction2 = correction2
    }
}

/// What turns a gradient into DMoptimizer's features: max(log(|g| + offset) / p, −1) and clip(g eᵖ, −1, 1)
/// (Andrychowicz et al. 2016, appendix A).
public struct LogMagnitude: Sendable {
    public var inverseP: Float
    public var expP: Float
    public var logOffset: Float

    public init(inverseP: Float, expP: Float, logOffset: Float) {
        self.inverseP = inverseP
        self.expP = expP
        self.logOffset = logOffset
    }
}
