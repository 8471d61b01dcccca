import Files
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

private let rnnprop = RNNprop.descriptor
private let dm = DMoptimizer.descriptor

@Suite struct LearnedWeightsTests {
    /// Random weights.
    private func weights(
        _ rule: RuleDescriptor, size: Int = 4, constants: [String: Double] = [:]
    ) -> LearnedWeights {
        var random = RandomStream(RandomKey(seed: 9))
        let counts = Dictionary(uniqueKeysWithValues: rule.tensors(size).map { ($0.name, $0.count) })
        return LearnedWeights(rule, size: size, constants: constants) { name in
            (0..<counts[name]!).map { _ in random.normal() }
        }
    }

    /// A file's tensors and metadata, changed.
    private func changed(
        _ rule: RuleDescriptor = rnnprop, tensors: (inout [Tensor]) -> Void = { _ in },
        metadata: (inout [String: String]) -> Void = { _ in }
    ) -> SafetensorsFile {
        let file = weights(rule).safetensors()
        var changedTensors = file.tensors
        var changedMetadata = file.metadata
        tensors(&changedTensors)
        metadata(&changedMetadata)
        return SafetensorsFile(changedTensors, metadata: changedMetadata)
    }

    private func expectRefusal(
        _ file: SafetensorsFile, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let error = try #require(throws: InputError.self, sourceLocation: sourceLocation) {
            try LearnedWeights(file, path: "some/file")
        }
        #expect(error.description.contains(words), sourceLocation: sourceLocation)
        #expect(error.description.hasPrefix("some/file: "), sourceLocation: sourceLocation)
        #expect(!error.description.contains { $0.isNewline }, sourceLocation: sourceLocation)
    }

    @Test(arguments: RuleRegister.all.map(\.name), [1, 20]) func readsBackWhatItWrote(_ kind: String, size: Int)
        throws
    {
        let rule = try RuleRegister.named(kind)
        let constant = try #require(rule.constants.first)
        let original = weights(rule, size: size, constants: [constant.name: 1.0 / 3])
        let file = original.safetensors(metadata: ["command": "l2o train"])
        let bytes = file.encoded()
        let back = try LearnedWeights(try SafetensorsFile(bytes: bytes, path: "x"), path: "x")
        #expect(back == original)
        #expect(file.metadata["command"] == "l2o train")
        #expect(file.metadata["kind"] == kind && file.metadata[constant.name] == "0.3333333333333333")
        #expect(file.tensors.map(\.name) == rule.tensors(size).map(\.name))
        let name = try #require(file.tensors.last?.name)
        #expect(back[name] == file[name]?.values)
        // φ goes to the rule and comes back.
        #expect(rule.type.init(weights: back).weights == original)
    }

    @Test func thePapersRulesHaveTheirSizes() {
        let counts = [rnnprop, dm].map { $0.tensors(20).reduce(0) { $0 + $1.count } }
        #expect(counts == [6_641, 5_141])
    }

    @Test func ourOwnTensorsNeedNoMetadata() throws {
        for rule in RuleRegister.all {
            let bare = SafetensorsFile(weights(rule).tensors)
            if RuleRegister.all.contains(where: { $0.name != rule.name && $0.tensors(4) == rule.tensors(4) }) {
                try expectRefusal(bare, "its tensors are those of")
            } else {
                #expect(try LearnedWeights(bare, path: "x") == weights(rule))
            }
        }
    }

    @Test("Of rules whose tensors have the same names, shapes decide; where they do not, the metadata must")
    func rulesWithTheSameNames() throws {
        func rule(_ name: String, features: Int) -> RuleDescriptor {
            RuleDescriptor(
                name: name, summary: "", constants: [], size: dm.size,
                tensors: { size in
                    [ParameterShape("lstm1.weight", [features + size, 4 * size])] + dm.tensors(size).dropFirst()
                }, type: dm.type)
        }
        let (wide, twin) = (rule("wide", features: 3), rule("twin", features: 2))
        #expect(twin.tensors(4) == dm.tensors(4))
        for rules in [[dm, wide], [wide, dm], [dm, twin, wide]] {
            let bare = SafetensorsFile(weights(wide).tensors)
            #expect(try LearnedWeights(bare, path: "x", rules: rules).kind == "wide")
        }
        let bare = SafetensorsFile(weights(dm).tensors)
        #expect(try LearnedWeights(bare, path: "x", rules: [wide, dm]).kind == "dm")
        let error = #expect(throws: InputError.self) {
            try LearnedWeights(bare, path: "x", rules: [dm, twin])
        }
        #expect(error?.description.contains("those of dm and those of twin") == true)
        #expect(try LearnedWeights(weights(dm).safetensors(), path: "x", rules: [twin, dm]).kind == "dm")
    }

    @Test func metadataAllowFurtherTensors() throws {
        let extra = Tensor("moments", shape: [1], values: [.nan])
        let file = changed(tensors: { $0.append(extra) })
        #expect(try LearnedWeights(file, path: "x") == weights(rnnprop))
        try expectRefusal(SafetensorsFile(file.tensors), "unexpected tensor \"moments\"")
        // RNNprop's tensors of another shape; the metadata decide.
        try expectRefusal(
            changed(metadata: { $0["kind"] = "dm" }), "\"lstm1.weight\" has the shape [8, 16], not [6, 16]")
    }

    @Test func constantsInTheMetadataCount() throws {
        let file = changed(
            dm,
            metadata: {
                $0["p"] = "5"
                $0["beta1"] = "of no concern"
            })
        #expect(try LearnedWeights(file, path: "x").constants == ["scale": 0.1, "p": 5, "log_offset": 0])
    }

    @Test(arguments: [
        ("scale", "0"), ("scale", "-0.1"), ("scale", "nan"), ("scale", "inf"), ("scale", "1e300"), ("scale", ""),
        ("beta1", "1"), ("beta2", "-0.1"), ("beta2", "0.99999999999"), ("epsilon", "0"), ("epsilon", "1e-60"),
    ])
    func refusesConstantsOutOfRange(_ name: String, _ value: String) throws {
        try expectRefusal(changed(metadata: { $0[name] = value }), "the constant \(name) as \"\(value)\"")
    }

    @Test(arguments: [("p", "0"), ("p", "1000"), ("log_offset", "-1e-7"), ("log_offset", "1e-7 ")])
    func refusesConstantsOfDMOutOfRange(_ name: String, _ value: String) throws {
        try expectRefusal(changed(dm, metadata: { $0[name] = value }), "the constant \(name) as \"\(value)\"")
    }

    @Test func refusesUnknownKindsAndConventions() throws {
        try expectRefusal(changed(metadata: { $0["kind"] = "rnnpropp" }), "did you mean rnnprop?")
        try expectRefusal(
            changed(metadata: { $0["kind"] = "lion\n" }),
            "choose one of \(RuleRegister.all.map(\.name).sorted().joined(separator: ", "))")
        try expectRefusal(changed(metadata: { $0["convention"] = "swift-l20" }), "did you mean swift-l2o?")
        try expectRefusal(changed(metadata: { $0["convention"] = "other" }), "choose one of swift-l2o, vita")
        try expectRefusal(changed(metadata: { $0["convention"] = "vita" }), "lacks the tensor \"input_projection.b\"")
    }

    @Test func refusesOtherTensors() throws {
        try expectRefusal(SafetensorsFile([]), "lacks the tensor")
        try expectRefusal(
            SafetensorsFile([Tensor("classifier", shape: [1], values: [0])]), "unexpected tensor \"classifier\"")
        for index in weights(rnnprop).tensors.indices {
            let name = weights(rnnprop).tensors[index].name
            let file = changed(tensors: { $0.remove(at: index) })
            try expectRefusal(file, "lacks the tensor \"\(name)\" for weights of rnnprop")
            try expectRefusal(SafetensorsFile(file.tensors), "tensor \"")
        }
    }

    @Test func refusesWrongShapes() throws {
        for rule in RuleRegister.all {
            for (index, tensor) in weights(rule).tensors.enumerated() {
                let turned = Array(tensor.shape.reversed())
                let wrong = [
                    tensor.shape + [1], [1] + tensor.shape, [tensor.values.count + 1], [],
                    turned == tensor.shape ? [0] : turned, [0], [Int](repeating: 1, count: 1_000),
                ]
                for shape in wrong where shape != tensor.shape {
                    let values = [Float](repeating: 0, count: shape.reduce(1, *))
                    let file = changed(
                        rule, tensors: { $0[index] = Tensor(tensor.name, shape: shape, values: values) })
                    try expectRefusal(file, "\"\(tensor.name)\" has ")
                }
            }
        }
    }

    @Test func refusesWeightsThatAreNoNumbers() throws {
        for bad in [Float.nan, .infinity, -.infinity] {
            for (index, tensor) in weights(dm).tensors.enumerated() {
                var values = tensor.values
                values[values.count / 2] = bad
                let file = changed(
                    dm, tensors: { $0[index] = Tensor(tensor.name, shape: tensor.shape, values: values) })
                try expectRefusal(file, "\"\(tensor.name)\" holds ")
            }
        }
    }

    @Test func readsPaths() throws {
        let path = "/proc/self/nothing"
        let error = try #require(throws: InputError.self) { try LearnedWeights.load(path: path) }
        #expect(error.description.hasPrefix(path))
    }
}
