import Files
import LearnedOptimizers
import NumericCore
import Testing

/// The folder with the weights of other projects.
private let rivals = getenv("L2O_RIVALS_DIR").map { String(cString: $0) }

/// The same weights must make the same updates by their project's definition and, once read, by ours.
@Suite struct WeightConventionTests {
    @Test(
        .enabled(if: rivals != nil, "no weights of other projects: name their folder in L2O_RIVALS_DIR"),
        arguments: ["rnnprop", "rnnprop_cl_il", "dm"])
    func rivalsMeanTheSame(_ name: String) throws {
        let path = "\(try #require(rivals))/\(name).safetensors"
        let weights = try LearnedWeights.load(path: path)
        #expect(weights.kind == (name == "dm" ? DMoptimizer.kind : RNNprop.kind))
        #expect(weights.size == 20)
        #expect(weights.constants["scale"] == 0.01)
        #expect(weights.constants["p"] == (name == "dm" ? 5 : nil))
        let gradients = someGradients(seed: 3)
        let updates = ownUpdates(weights, gradients)
        expectEqual(updates, vitaUpdates(try SafetensorsFile(path: path), gradients), within: 1e-13)
        #expect(updates.contains { abs($0) > 1e-4 })
    }

    @Test(arguments: [RNNprop.kind, DMoptimizer.kind], [1, 5, 20]) func vitaMeansTheSame(_ kind: String, hidden: Int)
        throws
    {
        var shapes = [
            ("lstm_1.w_gates", [(kind == RNNprop.kind ? hidden : 2) + hidden, 4 * hidden]),
            ("lstm_1.b_gates", [4 * hidden]),
            ("lstm_2.w_gates", [2 * hidden, 4 * hidden]), ("lstm_2.b_gates", [4 * hidden]),
            ("linear.w", [hidden, 1]), ("linear.b", [1]),
        ]
        if kind == RNNprop.kind {
            shapes += [("input_projection.w", [2, hidden]), ("input_projection.b", [hidden])]
        }
        let file = randomFile(shapes, seed: 1)
        let weights = try LearnedWeights(file, path: "vita")
        #expect(weights.kind == kind && weights.size == hidden)
        let gradients = someGradients(seed: 2)
        expectEqual(ownUpdates(weights, gradients), vitaUpdates(file, gradients), within: 1e-13)
    }

    /// A layout that differs in everything that a convention can say, in the manner of PyTorch's modules.
    @Test(arguments: [RNNprop.kind, DMoptimizer.kind]) func aFurtherConventionIsDataAlone(_ kind: String) throws {
        var names: [NetworkTensor: [String]] = [
            .lstm1Weight: ["lstm.weight_ih_l0", "lstm.weight_hh_l0"],
            .lstm1Bias: ["lstm.bias_ih_l0", "lstm.bias_hh_l0"],
            .lstm2Weight: ["lstm.weight_ih_l1", "lstm.weight_hh_l1"],
            .lstm2Bias: ["lstm.bias_ih_l1", "lstm.bias_hh_l1"],
            .readoutWeight: ["head.weight"], .readoutBias: ["head.bias"],
        ]
        let hidden = 6
        let inputs = kind == RNNprop.kind ? hidden : 2
        var shapes = [
            ("lstm.weight_ih_l0", [4 * hidden, inputs]), ("lstm.weight_hh_l0", [4 * hidden, hidden]),
            ("lstm.weight_ih_l1", [4 * hidden, hidden]), ("lstm.weight_hh_l1", [4 * hidden, hidden]),
            ("head.weight", [1, hidden]), ("head.bias", [1]),
        ]
        for layer in 0...1 {
            shapes += [("lstm.bias_ih_l\(layer)", [4 * hidden]), ("lstm.bias_hh_l\(layer)", [4 * hidden])]
        }
        if kind == RNNprop.kind {
            names[.projectionWeight] = ["embed.weight"]
            names[.projectionBias] = ["embed.bias"]
            shapes += [("embed.weight", [hidden, 2]), ("embed.bias", [hidden])]
        }
        func reading<Features: FeatureRule>(_: Features.Type) -> RuleDescriptor {
            CoordinatewiseOptimizer<Features>.descriptor.reading(
                .network(
                    Features.self, name: "torch", tensorNames: names,
                    gateOrder: [.input, .forget, .candidate, .output], isTransposed: true, featureOrder: [1, 0],
                    negatesOutput: true, forgetBias: 0, constants: ["scale": 0.5]))
        }
        let rule = kind == RNNprop.kind ? reading(RNNpropFeatures.self) : reading(DMoptimizerFeatures.self)
        let own = RuleRegister.all.map { $0.name == kind ? rule : $0 }
        let file = randomFile(shapes, seed: 4)
        let weights = try LearnedWeights(file, path: "torch", rules: own)
        let gradients = someGradients(seed: 5)
        expectEqual(
            ownUpdates(weights, gradients), torchUpdates(file, kind, hidden: hidden, gradients), within: 1e-6)
    }

    /// Features are [m̂/s, g/s] and [sign, magnitude]; RNNprop adds and DMoptimizer subtracts.
    private func torchUpdates(
        _ file: SafetensorsFile, _ kind: String, hidden: Int, _ gradients: [Double]
    ) -> [Double] {
        func value(_ name: String, _ row: Int, _ column: Int = 0) -> Double {
            let tensor = file[name]!
            return Double(tensor.values[row * (tensor.shape.count == 1 ? 1 : tensor.shape[1]) + column])
        }
        func layer(_ index: Int, inputs: Int) -> ConventionReference.Layer {
            let blocks: [ConventionReference.Gate: Int] = [.input: 0, .forget: 1, .candidate: 2, .output: 3]
            return ConventionReference.Layer(
                weight: { row, gate, unit in
                    let line = blocks[gate]! * hidden + unit
                    return row < inputs
                        ? value("lstm.weight_ih_l\(index)", line, row)
                        : value("lstm.weight_hh_l\(index)", line, row - inputs)
                },
                bias: { gate, unit in
                    let line = blocks[gate]! * hidden + unit
                    return value("lstm.bias_ih_l\(index)", line) + value("lstm.bias_hh_l\(index)", line)
                })
        }
        var network = ConventionReference(
            hidden: hidden,
            layers: [layer(0, inputs: kind == RNNprop.kind ? hidden : 2), layer(1, inputs: hidden)], forgetBias: 0,
            readout: ({ value("head.weight", 0, $0) }, value("head.bias", 0)))
        var state = network.initialState
        if kind == RNNprop.kind {
            network.projection = ({ value("embed.weight", $1, $0) }, { value("embed.bias", $0) })
            return momentsAndGradients(gradients, beta1: 0.95, beta2: 0.95, epsilon: 1e-8)
                .map { m, g in 0.5 * tanh(network.output([m, g], &state)) }
        }
        return gradients.map { g in
            let features = [min(max(g * exp(10), -1), 1), log(max(abs(g), exp(-10))) / 10]
            return -0.5 * network.output(features, &state)
        }
    }
}

func expectEqual(
    _ first: [Double], _ second: [Double], within tolerance: Double,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(first.count == second.count, sourceLocation: sourceLocation)
    for (a, b) in zip(first, second) {
        #expect(abs(a - b) <= tolerance, "\(a) and \(b)", sourceLocation: sourceLocation)
    }
}

/// Tensors of standard normal values.
func randomFile(
    _ shapes: [(name: String, shape: [Int])], seed: UInt64, metadata: [String: String] = [:]
) -> SafetensorsFile {
    var random = RandomStream(RandomKey(seed: seed))
    return SafetensorsFile(
        shapes.map { name, shape in
            Tensor(name, shape: shape, values: (0..<shape.reduce(1, *)).map { _ in random.normal() })
        }, metadata: metadata)
}

/// Gradients from 1e-6 to 10 of both signs.
private func someGradients(seed: UInt64) -> [Double] {
    var random = RandomStream(RandomKey(seed: seed))
    return (0..<12).map { _ in
        Double(random.normal()) * pow(10, Double(random.uniform(in: -6...1)))
    }
}
