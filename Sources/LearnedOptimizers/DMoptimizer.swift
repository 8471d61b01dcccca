public import KernelTypes
public import NumericCore

/// DMoptimizer (Andrychowicz et al. 2016, *Learning to learn by gradient descent by gradient descent*).
///
///     h₁ = LSTM([max(log|g| / p, −1), clip(g eᵖ, −1, 1)]),   h₂ = LSTM(h₁)
///     θ ← θ + α (w_out · h₂ + b_out)
///
/// with p = 10 and α = 0.1; 320 bytes of state a coordinate.
public typealias DMoptimizer = CoordinatewiseOptimizer<DMoptimizerFeatures>

/// The features of `DMoptimizer`: the gradient's logarithm, and its value where it is tiny.
public struct DMoptimizerFeatures: FeatureRule {
    public static let kind = "dm"
    public static let recipe = MetaTrainingRecipe(
        metaLoss: .mean, selection: .validation, scaling: 0, convex: 0, convexScaling: 0)
    /// `log_offset` is added to |g| before the logarithm; the paper has none.
    public static let defaultConstants = ["scale": 0.1, "p": 10, "log_offset": 0]

    public let scale: Float
    private let constants: LogMagnitude

    public static func layout(hidden: Int, layers: Int) -> NetworkLayout {
        NetworkLayout(hidden: hidden, layers: layers, projection: 0, featureRows: 0, tanhOutput: false)
    }

    public static func stepKernel(_ kernels: Kernels) -> Kernels.Step<LogMagnitude> { kernels.stepLogMagnitude }

    public static func backwardKernel(_ kernels: Kernels) -> Kernels.Backward<LogMagnitude> {
        kernels.backwardLogMagnitude
    }

    public init(constants: [String: Double]) {
        scale = Float(constants["scale"]!)
        let p = constants["p"]!
        self.constants = LogMagnitude(
            inverseP: Float(1 / p), expP: Float(exp(p)), logOffset: Float(constants["log_offset"]!))
    }

    public func map(step: Int) -> LogMagnitude { constants }
}
