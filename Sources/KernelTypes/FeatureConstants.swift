/// A feature map's constants at one step, and how many numbers it takes and gives. The map itself is vector code:
/// its conformance to `FeatureMap` among the kernels.
public protocol FeatureConstants: Sendable {
    /// Features that the network reads of a coordinate.
    static var features: Int { get }
    /// Outputs of the network that make a coordinate's update.
    static var outputs: Int { get }
    /// Rows of state that the map keeps.
    static var stateRows: Int { get }
}

/// What turns a gradient into RNNprop's features at one step: m̂/s and g/s with s = √v̂ + ε (Lv et al. 2017).
/// A second ε, inside the root, is another rule's.
public struct NormalizedMoments: FeatureConstants {
    @inlinable public static var features: Int { 2 }
    @inlinable public static var outputs: Int { 1 }
    @inlinable public static var stateRows: Int { 2 }

    public var beta1: Float
    public var beta2: Float
    public var epsilon: Float
    /// 1 / (1 − β₁ᵗ).
    public var correction1: Float
    /// 1 / (1 − β₂ᵗ).
    public var correction2: Float
    /// What v̂ gets before its root is taken.
    public var innerEpsilon: Float

    public init(
        beta1: Float, beta2: Float, epsilon: Float, correction1: Float, correction2: Float, innerEpsilon: Float = 0
    ) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.correction1 = correction1
        self.correction2 = correction2
        self.innerEpsilon = innerEpsilon
    }
}

/// What turns a gradient into DMoptimizer's features: max(log(|g| + offset) / p, −1) and clip(g eᵖ, −1, 1)
/// (Andrychowicz et al. 2016, appendix A).
public struct LogMagnitude: FeatureConstants {
    @inlinable public static var features: Int { 2 }
    @inlinable public static var outputs: Int { 1 }
    @inlinable public static var stateRows: Int { 0 }

    public var inverseP: Float
    public var expP: Float
    public var logOffset: Float

    public init(inverseP: Float, expP: Float, logOffset: Float) {
        self.inverseP = inverseP
        self.expP = expP
        self.logOffset = logOffset
    }
}
