import Files
public import NumericCore
public import Optimizers

/// Celo (Moudgil, Knyazev, Lajoie, Belilovsky 2025, *Celo: Training Versatile Learned Optimizers on a Compute Diet*;
/// amoudgl/celo), to race against.
///
///     θ ← θ − η_t 0.001 √(mean θ²) o₀ exp(0.001 o₁),   (o₀, o₁, –) = MLP(30 features)
///     η_t = 0.1 exp(LSTM(9 functions of t/T, 9 features of the losses so far))
///
/// The features are those of `SmallFC` with g, clipped to ±0.1 and over √v, in place of its functions of time, and all are
/// divided by their root mean square over the tensor. The LSTM gives the same η_t to every tensor: all have the same inputs
/// and the same beginning, and its authors' weights have one MLP to choose from. Gradients are clipped to ±1000.
///
/// The rule is told the loss and T, the number of steps of the run (`BudgetedOptimizer`), the constant `budget` where nobody
/// says it. A loss that is not told counts as 1. It needs to know the tensors: give `initialState(for:)` the layout.
public struct Celo: LearnedOptimizer, BudgetedOptimizer {
    public static let descriptor = RuleDescriptor(
        name: "celo",
        summary: "a small MLP under a rate that an LSTM makes of losses and of the steps left (Celo 2025)",
        constants: [
            RuleConstant("scale", 0.001), RuleConstant("exponent_scale", 0.001), RuleConstant("rate", 0.1),
            RuleConstant("budget", 1000, in: 1...1e9),
        ],
        size: RuleSize("LSTM units", of: "rate.readout.weight", axis: 0) {
            "two hidden layers of 4, and an LSTM layer of \($0)"
        },
        tensors: { units in
            let (inputs, hidden) = (CeloNetwork.inputs, CeloNetwork.hidden)
            return [
                ParameterShape("hidden1.weight", [inputs, hidden]), ParameterShape("hidden1.bias", [hidden]),
                ParameterShape("hidden2.weight", [hidden, hidden]), ParameterShape("hidden2.bias", [hidden]),
                ParameterShape("readout.weight", [hidden, CeloNetwork.outputs]),
                ParameterShape("readout.bias", [CeloNetwork.outputs]),
                ParameterShape("rate.input.weight", [CeloRate.inputs, units]),
                ParameterShape("rate.input.bias", [units]),
                ParameterShape("rate.mix.weight", [CeloRate.inputs, units]), ParameterShape("rate.mix.bias", [units]),
                ParameterShape("rate.gates.weight", [2 * units, 4 * units]),
                ParameterShape("rate.gates.bias", [4 * units]), ParameterShape("rate.initial.hidden", [units]),
                ParameterShape("rate.initial.cell", [units]), ParameterShape("rate.readout.weight", [units, 1]),
                ParameterShape("rate.readout.bias", [1]),
            ]
        }, conventions: [authors], type: Celo.self)

    /// What the authors' program calls them, in a dump of its weights. The first layer lies in a tensor for each group of
    /// features, every tensor of the MLP has a leading axis of 1, and the layers `linear` and `rnn_to_controls` decide
    /// nothing: they are named where they can be, so that a file is known by its tensors.
    private static let authors: WeightConvention = {
        func mlp(_ name: String) -> String { "ff_mod_stack/~/\(name)" }
        func rnn(_ name: String) -> String { "rnn_params/\(name)" }
        let names = [
            "hidden1.weight": (0..<14).map { mlp("w0__\($0)") }, "hidden1.bias": [mlp("b0")],
            "hidden2.weight": [mlp("w1")], "hidden2.bias": [mlp("b1")], "readout.weight": [mlp("w2")],
            "readout.bias": [mlp("b2")], "rate.input.weight": [rnn("linear_2/w"), rnn("linear/w")],
            "rate.input.bias": [rnn("linear_2/b"), rnn("linear/b")], "rate.mix.weight": [rnn("linear_1/w")],
            "rate.mix.bias": [rnn("linear_1/b")], "rate.gates.weight": [rnn("rnn/linear/w")],
            "rate.gates.bias": [rnn("rnn/linear/b")], "rate.initial.hidden": ["lstm_init_state/hidden"],
            "rate.initial.cell": ["lstm_init_state/cell"],
            "rate.readout.weight": [rnn("step_size/w"), rnn("rnn_to_controls/w")],
            "rate.readout.bias": [rnn("step_size/b"), rnn("rnn_to_controls/b")],
        ]
        return WeightConvention(name: "celo", tensorNames: names) { source in
            let units = try Self.units(source)
            let tensors = try source.rule.tensors(units).map { shape in
                let wanted = shape.name == "hidden1.weight" ? 14 : 1
                let parts = names[shape.name]!.prefix(wanted).map { source.file[$0]! }
                let values = parts.flatMap(\.values)
                guard values.count == shape.count else {
                    throw source.wrongShape(parts[0], "\(shape.count) numbers for \(units) \(source.rule.size.noun)")
                }
                return Tensor(shape.name, shape: shape.dimensions, values: values)
            }
            return (units, tensors)
        }
    }()

    private static func units(_ source: WeightSource) throws -> Int {
        let tensor = source.file["lstm_init_state/hidden"]!
        guard tensor.shape.count == 2, tensor.shape[0] == 1, (1...1 << 12).contains(tensor.shape[1]) else {
            throw source.wrongShape(tensor, "[1, H] for H \(source.rule.size.noun)")
        }
        return tensor.shape[1]
    }

    /// The rule's constants by name, as weight files keep them.
    public let constants: [String: Double]
    /// φ, the tensors of weight files one after the other.
    public let metaParameters: [Float]
    let units: Int
    let scale: Float
    let exponentScale: Float
    let network: CeloNetwork
    let rate: CeloRate

    /// - Parameters:
    ///   - metaParameters: φ, the tensors of weight files one after the other.
    ///   - units: units of the LSTM.
    ///   - constants: those that differ from the authors'.
    public init(metaParameters: [Float], units: Int = 64, constants: [String: Double] = [:]) {
        self.constants = Self.descriptor.defaultConstants.merging(constants) { $1 }
        precondition(self.constants.count == 4, "\(Self.descriptor.name) has no such constant")
        let layout = ParameterLayout(Self.descriptor.tensors(max(units, 1)))
        precondition(units > 0 && metaParameters.count == layout.count, "weights of another number of LSTM units")
        self.metaParameters = metaParameters
        self.units = units
        scale = Float(self.constants["scale"]!)
        exponentScale = Float(self.constants["exponent_scale"]!)
        let tensors = layout.ranges.map { Array(metaParameters[$0]) }
        network = CeloNetwork(tensors)
        rate = CeloRate(
            tensors.dropFirst(CeloNetwork.tensors).map { $0.map(Double.init) }, units: units,
            budget: self.constants["budget"]!, scale: self.constants["rate"]!)
    }

    /// Untrained: weights truncated normal with a variance of one over the number of inputs, all else 0.
    public init(key: RandomKey, units: Int, constants: [String: Double] = [:]) {
        let values = Self.descriptor.untrained(key, size: units, inputs: 0) { $0.name.hasSuffix("weight") }
        self.init(metaParameters: values, units: units, constants: constants)
    }

    /// An LSTM of 64 units, untrained.
    public init(key: RandomKey) { self.init(key: key, units: 64) }

    public init(weights: LearnedWeights) {
        precondition(weights.kind == Self.kind, "weights of \(weights.kind) are not \(Self.kind)")
        self.init(
            metaParameters: weights.tensors.flatMap(\.values), units: weights.size, constants: weights.constants)
    }

    public var weights: LearnedWeights {
        LearnedWeights(Self.descriptor, size: units, constants: constants, flat: metaParameters)
    }

    public func optimizer(_ metaParameters: [Float]) -> Self {
        Self(metaParameters: metaParameters, units: units, constants: constants)
    }

    public func withBudget(_ steps: Int) -> Self {
        Self(
            metaParameters: metaParameters, units: units,
            constants: constants.merging(["budget": Double(max(steps, 1))]) { $1 })
    }

    public var name: String { name(withConstants: constants) }
}
