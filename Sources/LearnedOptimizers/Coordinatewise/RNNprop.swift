public import KernelTypes
public import NumericCore

/// RNNprop (Lv, Jiang, Li 2017, *Learning Gradient Descent: Better Generalization and Longer Horizons*, section 4).
///
///     m ← β₁ m + (1−β₁) g,   v ← β₂ v + (1−β₂) g²,   s = √(v / (1−β₂ᵗ)) + ε
///     u = ELU(W_in [g/s, (m / (1−β₁ᵗ)) / s] + b_in)
///     h₁ = LSTM(u),   h₂ = LSTM(h₁),   θ ← θ − α tanh(w_out · h₂ + b_out)
///
/// with β₁ = β₂ = 0.95, α = 0.1, ε = 1e-8; 6,641 weights and 328 bytes of state a coordinate.
public typealias RNNprop = CoordinatewiseOptimizer<RNNpropFeatures>

/// The features of `RNNprop`: the gradient and its momentum, both relative to the gradient's recent magnitude.
public struct RNNpropFeatures: FeatureRule {
    public static let kind = "rnnprop"
    public static let summary = "two LSTM layers that read g and m̂ relative to √v̂ (Lv et al. 2017)"
    public static let constants = [
        RuleConstant("scale", 0.1), .decay("beta1", 0.95), .decay("beta2", 0.95), RuleConstant("epsilon", 1e-8),
    ]
    public static let conventions = [vita]

    public let scale: Double
    private let beta1: Double
    private let beta2: Double
    private let epsilon: Double

    public static func layout(hidden: Int, layers: Int) -> NetworkLayout {
        NetworkLayout(NormalizedMoments.self, hidden: hidden, layers: layers, projection: hidden, tanhOutput: true)
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
            beta1: Float(beta1), beta2: Float(beta2), epsilon: Float(epsilon),
            correction1: Float(1 / (1 - pow(beta1, Double(step)))),
            correction2: Float(1 / (1 - pow(beta2, Double(step)))))
    }

    public func referenceFeatures(_ rows: inout [Double], gradient g: Double, step: Int) -> [Double] {
        rows[0] = beta1 * rows[0] + (1 - beta1) * g
        rows[1] = beta2 * rows[1] + (1 - beta2) * g * g
        let size = (rows[1] / (1 - pow(beta2, Double(step)))).squareRoot() + epsilon
        return [g / size, rows[0] / (1 - pow(beta1, Double(step))) / size]
    }

    /// *Training Stronger Baselines for Learning to Optimize* (Chen et al. 2020), github.com/VITA-Group.
    private static let vita = WeightConvention.network(
        RNNpropFeatures.self, name: "vita",
        tensorNames: vitaNames.merging(
            [.projectionWeight: ["input_projection.w"], .projectionBias: ["input_projection.b"]]) { $1 },
        featureOrder: [1, 0], negatesOutput: true, constants: ["scale": 0.01])
}

/// What Chen et al. 2020 call the tensors that both rules have.
let vitaNames: [NetworkTensor: [String]] = [
    .lstm1Weight: ["lstm_1.w_gates"], .lstm1Bias: ["lstm_1.b_gates"],
    .lstm2Weight: ["lstm_2.w_gates"], .lstm2Bias: ["lstm_2.b_gates"],
    .readoutWeight: ["linear.w"], .readoutBias: ["linear.b"],
]
