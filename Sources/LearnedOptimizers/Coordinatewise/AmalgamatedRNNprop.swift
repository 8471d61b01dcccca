public import KernelTypes
public import NumericCore

/// RNNprop as *Optimizer Amalgamation* (Huang et al., ICLR 2022) has it, to race against: without a projection, and with the
/// moments divided by constants in place of being corrected for their start.
///
///     m ← β₁ m + (1−β₁) g,   v ← β₂ v + (1−β₂) g²,   s = √(v / (1−β₂) + ε)
///     h₁ = LSTM([g/s, m / (1−β₁) / s]),   h₂ = LSTM(h₁),   θ ← θ − α tanh(w_out · h₂ + b_out)
///
/// with β₁ = 0.9, β₂ = 0.999, ε = 1e-10, α = 0.1. Its authors' training took over from some steps of SGD; here it takes all.
public typealias AmalgamatedRNNprop = CoordinatewiseOptimizer<AmalgamatedRNNpropFeatures>

/// The features of `AmalgamatedRNNprop`.
public struct AmalgamatedRNNpropFeatures: FeatureRule {
    public static let kind = "rnnprop-amalgamated"
    public static let summary = "RNNprop without a projection, moments not corrected (Huang et al. 2022)"
    public static let constants = [
        RuleConstant("scale", 0.1), .decay("beta1", 0.9), .decay("beta2", 0.999), RuleConstant("epsilon", 1e-10),
    ]
    public static let conventions = [authors]

    public let scale: Double
    private let beta1: Double
    private let beta2: Double
    private let epsilon: Double

    public static func layout(hidden: Int, layers: Int) -> NetworkLayout {
        NetworkLayout(NormalizedMoments.self, hidden: hidden, layers: layers, projection: 0, tanhOutput: true)
    }

    public static func kernels(_ kernels: Kernels) -> NetworkKernels<NormalizedMoments> {
        kernels.table.normalizedMoments
    }

    public init(constants: [String: Double]) {
        scale = -constants["scale"]!
        beta1 = constants["beta1"]!
        beta2 = constants["beta2"]!
        epsilon = constants["epsilon"]!
    }

    public func map(step: Int) -> NormalizedMoments {
        NormalizedMoments(
            beta1: Float(beta1), beta2: Float(beta2), epsilon: 0, correction1: Float(1 / (1 - beta1)),
            correction2: Float(1 / (1 - beta2)), innerEpsilon: Float(epsilon))
    }

    public func referenceFeatures(_ rows: inout [Double], gradient g: Double, step: Int) -> [Double] {
        rows[0] = beta1 * rows[0] + (1 - beta1) * g
        rows[1] = beta2 * rows[1] + (1 - beta2) * g * g
        let size = (rows[1] / (1 - beta2) + epsilon).squareRoot()
        return [g / size, rows[0] / (1 - beta1) / size]
    }

    /// Checkpoints of thetianshuhuang/l2o: Keras' order of gates, whose bias holds what is added to the forget gate.
    private static let authors = WeightConvention.network(
        AmalgamatedRNNpropFeatures.self, name: "amalgamation",
        tensorNames: [
            .lstm1Weight: ["lstm0.kernel", "lstm0.recurrent_kernel"], .lstm1Bias: ["lstm0.bias"],
            .lstm2Weight: ["lstm1.kernel", "lstm1.recurrent_kernel"], .lstm2Bias: ["lstm1.bias"],
            .readoutWeight: ["readout.kernel"], .readoutBias: ["readout.bias"],
        ],
        gateOrder: [.input, .forget, .candidate, .output], featureOrder: [1, 0], forgetBias: 0)
}
