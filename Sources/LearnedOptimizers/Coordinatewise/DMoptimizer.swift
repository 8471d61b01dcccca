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
    public static let summary = "two LSTM layers that read log |g| and its sign (Andrychowicz et al. 2016)"
    /// `log_offset` is added to |g| before the logarithm; the paper has none.
    public static let constants = [
        RuleConstant("scale", 0.1), RuleConstant("p", 10, in: 1e-3...80), RuleConstant("log_offset", 0, in: 0...1),
    ]
    public static let conventions = [vita]

    public let scale: Double
    private let p: Double
    private let logOffset: Double

    public static func layout(hidden: Int, layers: Int) -> NetworkLayout {
        NetworkLayout(LogMagnitude.self, hidden: hidden, layers: layers, projection: 0, tanhOutput: false)
    }

    public static func kernels(_ kernels: Kernels) -> NetworkKernels<LogMagnitude> { kernels.table.logMagnitude }

    public init(constants: [String: Double]) {
        scale = constants["scale"]!
        p = constants["p"]!
        logOffset = constants["log_offset"]!
    }

    public func map(step: Int) -> LogMagnitude {
        LogMagnitude(inverseP: Float(1 / p), expP: Float(exp(p)), logOffset: Float(logOffset))
    }

    public func referenceFeatures(_ rows: inout [Double], gradient g: Double, step: Int) -> [Double] {
        [max(log(abs(g) + logOffset) / p, -1), min(max(g * exp(p), -1), 1)]
    }

    /// *Training Stronger Baselines for Learning to Optimize* (Chen et al. 2020), github.com/VITA-Group. The offset is
    /// float32's epsilon, as in DeepMind's learning-to-learn, which the project builds on.
    private static let vita = WeightConvention.network(
        DMoptimizerFeatures.self, name: "vita", tensorNames: vitaNames,
        constants: ["scale": 0.01, "p": 5, "log_offset": 0x1p-23])
}
