/// The learned optimizers that weight files hold.
public enum NetworkKind: String, Sendable, CaseIterable {
    case rnnprop
    case dm

    /// The constants that the kind needs beside its weights, with the paper's values.
    public var defaultConstants: [String: Double] {
        switch self {
        case .rnnprop: RNNpropFeatures.defaultConstants
        case .dm: DMoptimizerFeatures.defaultConstants
        }
    }

    /// The tensors of the network, in the order in which the canonical layout has them.
    public var parts: [NetworkPart] {
        NetworkPart.allCases.filter { self == .rnnprop || ($0 != .projectionWeight && $0 != .projectionBias) }
    }

    /// The part whose first rows the two features enter.
    var featurePart: NetworkPart { self == .rnnprop ? .projectionWeight : .lstm1Weight }

    /// In θ ← θ ± scale · output.
    var outputSign: WeightConvention.Sign { self == .rnnprop ? .minus : .plus }
}

/// A tensor of a coordinatewise network of two LSTM layers, H units each; raw values are the canonical names.
///
/// Matrices multiply from the right, y = x W + b. An LSTM's rows are [inputs; hidden], its columns the gates i, j
/// (the candidate), f, o, H each, and its cell adds 1 to f.
public enum NetworkPart: String, Sendable, CaseIterable {
    /// [2, H], of RNNprop.
    case projectionWeight = "projection.weight"
    /// [H], of RNNprop.
    case projectionBias = "projection.bias"
    /// [2H, 4H] of RNNprop, [2 + H, 4H] of DMoptimizer.
    case lstm1Weight = "lstm1.weight"
    /// [4H].
    case lstm1Bias = "lstm1.bias"
    /// [2H, 4H].
    case lstm2Weight = "lstm2.weight"
    /// [4H].
    case lstm2Bias = "lstm2.bias"
    /// [H, 1].
    case readoutWeight = "readout.weight"
    /// [1].
    case readoutBias = "readout.bias"

    /// The canonical shape.
    public func shape(_ kind: NetworkKind, hidden: Int) -> [Int] {
        switch self {
        case .projectionWeight: [2, hidden]
        case .projectionBias: [hidden]
        case .lstm1Weight: [(kind == .rnnprop ? hidden : 2) + hidden, 4 * hidden]
        case .lstm2Weight: [2 * hidden, 4 * hidden]
        case .lstm1Bias, .lstm2Bias: [4 * hidden]
        case .readoutWeight: [hidden, 1]
        case .readoutBias: [1]
        }
    }

    var hasGates: Bool { [.lstm1Weight, .lstm1Bias, .lstm2Weight, .lstm2Bias].contains(self) }
    var isReadout: Bool { self == .readoutWeight || self == .readoutBias }
}

/// How a project's weight files say what the canonical layout says, as data: the files of another project need one
/// more value in `all` and no code.
///
/// Reading applies every difference to the tensors, so that they mean the same to the canonical rules
///
///     rnnprop   θ ← θ − scale · tanh(output),  features g/s, m̂/s
///     dm        θ ← θ + scale · output,        features max(log(|g| + log_offset)/p, −1), clip(g eᵖ, −1, 1)
public struct WeightConvention: Sendable {
    /// A gate of an LSTM cell.
    public enum Gate: Sendable, CaseIterable { case input, candidate, forget, output }

    /// Whether the update adds or subtracts.
    public enum Sign: Sendable { case plus, minus }

    /// What files call the convention in their metadata, under `convention`.
    public let name: String
    public let kind: NetworkKind
    /// What files call each of the kind's parts.
    ///
    /// An LSTM's matrix may lie in two tensors, for inputs and for hidden units; of a bias in several tensors, the
    /// sum counts.
    public let tensorNames: [NetworkPart: [String]]
    /// The order of the gates along an LSTM's columns.
    public let gateOrder: [Gate]
    /// Whether matrices are stored as [outputs, inputs].
    public let isTransposed: Bool
    /// For each canonical feature, which of the file's it is.
    public let featureOrder: [Int]
    /// Whether the project's update adds or subtracts.
    public let outputSign: Sign
    /// What the project's cell adds to the forget gate: 0 where the bias contains it.
    public let forgetBias: Float
    /// The constants that differ from the kind's defaults; a file's metadata may say otherwise.
    public let constants: [String: Double]

    /// - Precondition: each part of the kind has a name, `gateOrder` and `featureOrder` are permutations, and the kind
    ///   has such constants.
    public init(
        name: String, kind: NetworkKind, tensorNames: [NetworkPart: [String]],
        gateOrder: [Gate] = Gate.allCases, isTransposed: Bool = false, featureOrder: [Int] = [0, 1],
        outputSign: Sign, forgetBias: Float = 1, constants: [String: Double] = [:]
    ) {
        precondition(Set(tensorNames.keys) == Set(kind.parts), "each part of \(kind) needs a name, and no other")
        for (part, names) in tensorNames {
            let isLSTMMatrix = part == .lstm1Weight || part == .lstm2Weight
            let most = part.rawValue.hasSuffix("bias") ? Int.max : isLSTMMatrix ? 2 : 1
            precondition((1...most).contains(names.count), "\(part.rawValue) cannot lie in \(names.count) tensors")
        }
        precondition(gateOrder.count == 4 && Set(gateOrder).count == 4, "the four gates, once each")
        precondition(featureOrder.sorted() == [0, 1], "the two features, once each")
        precondition(
            constants.allSatisfy { kind.defaultConstants[$0.key] != nil }, "\(kind) has no such constant")
        self.name = name
        self.kind = kind
        self.tensorNames = tensorNames
        self.gateOrder = gateOrder
        self.isTransposed = isTransposed
        self.featureOrder = featureOrder
        self.outputSign = outputSign
        self.forgetBias = forgetBias
        self.constants = constants
    }
}

extension WeightConvention {
    /// Every convention that `CanonicalWeights` reads unless told otherwise.
    public static let all: [WeightConvention] = NetworkKind.allCases.map(canonical) + [vitaRNNprop, vitaDM]

    /// Ours: the canonical layout itself.
    public static func canonical(_ kind: NetworkKind) -> WeightConvention {
        WeightConvention(
            name: canonicalName, kind: kind,
            tensorNames: Dictionary(uniqueKeysWithValues: kind.parts.map { ($0, [$0.rawValue]) }),
            outputSign: kind.outputSign)
    }

    static let canonicalName = "swift-l2o"

    /// *Training Stronger Baselines for Learning to Optimize* (Chen et al. 2020), github.com/VITA-Group.
    static let vitaRNNprop = WeightConvention(
        name: "vita", kind: .rnnprop,
        tensorNames: vitaNames.merging(
            [.projectionWeight: ["input_projection.w"], .projectionBias: ["input_projection.b"]]) { $1 },
        featureOrder: [1, 0], outputSign: .plus, constants: ["scale": 0.01])

    /// The offset is float32's epsilon, as in DeepMind's learning-to-learn, which the project builds on.
    static let vitaDM = WeightConvention(
        name: "vita", kind: .dm, tensorNames: vitaNames,
        outputSign: .plus, constants: ["scale": 0.01, "p": 5, "log_offset": 0x1p-23])

    private static let vitaNames: [NetworkPart: [String]] = [
        .lstm1Weight: ["lstm_1.w_gates"], .lstm1Bias: ["lstm_1.b_gates"],
        .lstm2Weight: ["lstm_2.w_gates"], .lstm2Bias: ["lstm_2.b_gates"],
        .readoutWeight: ["linear.w"], .readoutBias: ["linear.b"],
    ]
}
