import Files
import Interchange
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

@Suite("ONNX models") struct ModelTests {
    private static let layout = ParameterLayout([
        ParameterShape("w", [3, 5]), ParameterShape("b", [7]), ParameterShape("s", [1]),
    ])

    @Test("A graph's bytes are those of onnx.proto: operations, constants, shapes and names")
    func roundTrip() throws {
        let graph = Graph()
        let x = graph.input(Port("x", .float, [.symbol("n"), .fixed(2)], "what goes in"))
        let w = graph.tensor("w", shape: [2, 1], [Float(1.5), -2])
        let parts = (2 * x + 2).split([1, 1], axis: 1)
        let sum = graph.concatenate([parts[1], parts[0] * w.transposed()], axis: 1)
        graph.output(sum, Port("y", .float, [.symbol("n"), .fixed(2)], "what comes out"))
        let model = try ReadModel(ONNXModel.message(graph, name: "test", version: "7", metadata: ["a": "ü"]))

        #expect(model.message.numbers(1) == [8] && model.message.texts(2) == ["swift-l2o"])
        #expect(model.message.texts(3) == ["7"])
        let operators = try model.message.messages(8)
        #expect(operators.count == 1 && operators[0].texts(1) == [""] && operators[0].numbers(2) == [18])
        #expect(model.metadata == ["a": "ü"])
        #expect(model.inputs == [ReadModel.Port(name: "x", type: 1, shape: ["n", "2"])])
        #expect(model.outputs == [ReadModel.Port(name: "y", type: 1, shape: ["n", "2"])])

        #expect(model.nodes.map(\.operation) == ["Mul", "Add", "Split", "Transpose", "Mul", "Concat"])
        #expect(model.nodes[2].attributes == ["axis": [1]] && model.nodes[2].outputs.count == 2)
        #expect(model.nodes[3].attributes == ["perm": [1, 0]] && model.nodes[3].inputs == ["w"])
        #expect(model.nodes[5].inputs == [model.nodes[2].outputs[1], model.nodes[4].outputs[0]])
        #expect(model.nodes[5].outputs == ["y"])
        // The two is one constant.
        let two = model.nodes[0].inputs[0]
        #expect(model.nodes[1].inputs == [model.nodes[0].outputs[0], two])
        #expect(model.constants[two].map { $0.bytes == [0, 0, 0, 0x40] && $0.shape == [] && $0.type == 1 } == true)
        #expect(model.constants["w"].map { $0.bytes == [0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0] } == true)
        #expect(model.constants["w"]?.shape == [2, 1])
        let sizes = try #require(model.constants[model.nodes[2].inputs[1]])
        #expect(
            sizes.type == 7 && sizes.shape == [2]
                && sizes.bytes == [1] + [UInt8](repeating: 0, count: 7) + [1, 0, 0, 0, 0, 0, 0, 0])
        #expect(model.constants.count == 3)
    }

    @Test("Every value is given before it is used, by one operation, and constants are used")
    func isOrdered() throws {
        for (_, optimizer) in try Self.exportable() {
            let model = try ReadModel(ONNXModel(of: optimizer, layout: Self.layout).bytes)
            var known = Set(model.inputs.map(\.name)).union(model.constants.keys)
            for node in model.nodes {
                #expect(known.isSuperset(of: node.inputs), "\(optimizer.name): \(node)")
                #expect(known.isDisjoint(with: node.outputs), "\(optimizer.name): \(node)")
                known.formUnion(node.outputs)
            }
            #expect(known.isSuperset(of: model.outputs.map(\.name)))
            #expect(Set(model.nodes.flatMap(\.inputs)).isSuperset(of: model.constants.keys), "\(optimizer.name)")
        }
    }

    @Test("What is remembered has the names and shapes of a state's record")
    func statesAreRecords() throws {
        func check(_ optimizer: some Optimizer) throws {
            let record = optimizer.record(optimizer.initialState(for: Self.layout))
            let model = try ReadModel(ONNXModel(of: optimizer, layout: Self.layout).bytes)
            func port(_ name: String, _ shape: [Int], type: Int = 1) -> ReadModel.Port {
                ReadModel.Port(name: name, type: type, shape: shape.map(String.init))
            }
            let count = [Self.layout.count]
            let states = record.tensors.map { port($0.name, $0.shape) }
            #expect(
                model.inputs == [port("parameters", count), port("gradient", count), port("step", [], type: 7)]
                    + states, "\(optimizer.name)")
            let after =
                [port("new_parameters", count), port("new_step", [], type: 7)]
                + record.tensors.map { port("new_\($0.name)", $0.shape) }
            #expect(model.outputs == after)
        }
        for (_, optimizer) in try Self.exportable() { try check(optimizer) }
    }

    @Test("A model says what it is and where its weights come from")
    func metadata() throws {
        let adam = Adam(learningRate: 0.25, schedule: .warmUp(steps: 3))
        let model = try ReadModel(ONNXModel(of: adam, metadata: ["weights": "none"]).bytes)
        #expect(
            model.metadata == [
                "optimizer": adam.name, "rule": "adam", "lr": "0.25", "beta1": "0.9", "beta2": "0.999",
                "epsilon": "1e-08", "schedule": "warmup=3", "weights": "none",
            ])
        #expect(model.message.texts(6)[0].contains(adam.name))
        #expect(model.inputs[0].shape == ["n"])
        let gateprop = try ShippedWeights.named("gateprop").optimizer()
        let metadata = try ReadModel(ONNXModel(of: gateprop, layout: Self.layout).bytes).metadata
        #expect(metadata["rule"] == "gateprop" && metadata["parameters"] == "w[3,5] b[7] s[1]")
        #expect(metadata["rate_steps"] == "400.0" && metadata["optimizer"] == gateprop.name)
    }

    @Test("What cannot be exported is refused in a line that says what can")
    func refusals() throws {
        func refusal(_ optimizer: any Optimizer, _ layout: ParameterLayout? = nil) -> String {
            let error = #expect(throws: InputError.self) { try ONNXModel(of: optimizer, layout: layout) }
            return error?.description ?? ""
        }
        let rnnprop = RNNprop(key: RandomKey(seed: 1))
        for optimizer in [rnnprop.withSmallState, GuardedOptimizer(rnnprop), Celo(key: RandomKey(seed: 1))]
            as [any Optimizer]
        {
            let error = refusal(optimizer)
            #expect(error.contains("cannot be written as a graph") && error.contains("sgd, momentum"), "\(error)")
            #expect(error.contains("rnnprop, dm") && !error.contains("celo,"), "\(error)")
        }
        if let bfloat16 = Kernels.bfloat16 {
            #expect(refusal(rnnprop.with(kernels: bfloat16)).contains("bfloat16"))
        }
        #expect(refusal(try ShippedWeights.named("gateprop").optimizer()).contains("--shapes 784x20,20"))
        #expect(refusal(Adam(), ParameterLayout(count: 0)).contains("at least one element"))
        #expect(refusal(Adam(), ParameterLayout([])).contains("at least one element"))
    }

    /// Every rule that can be exported, by name.
    static func exportable() throws -> [(name: String, optimizer: any Optimizer)] {
        try ONNXModel.exportable.map { name in
            if OptimizerCatalogue.keywords.contains(name) {
                return (name, try OptimizerCatalogue.parse(name).optimizer)
            }
            return (name, try RuleRegister.named(name).type.init(key: RandomKey(seed: 3)))
        }
    }
}
