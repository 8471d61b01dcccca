import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

@Suite("Specifications of optimizers")
struct OptimizerSpecificationTests {
    private func refusal(
        _ text: String, rules: [RuleDescriptor] = RuleRegister.all, sourceLocation: SourceLocation = #_sourceLocation
    ) -> String {
        let error = #expect(throws: InputError.self, sourceLocation: sourceLocation) {
            _ = try OptimizerSpecification(text).optimizer(rules: rules)
        }
        return error?.description ?? ""
    }

    @Test("Names, files and options give the optimizers that code gives")
    func forms() throws {
        try withTemporaryFolder { folder in
            let mine = RNNprop(key: RandomKey(seed: 1))
            let file = "\(folder)/mine.safetensors"
            try mine.weights.safetensors().write(to: file)
            let shipped = try ShippedWeights.named("rnnprop-paper").optimizer()
            let half = try #require(shipped as? any CompactStateOffering).withSmallState
            let expected: [(String, any Optimizer)] = [
                ("adam", Adam()), ("adam:lr=2^-5,beta1=0.5", Adam(learningRate: 0x1p-5, beta1: 0.5)),
                ("rnnprop-paper", shipped), ("rnnprop-paper:state=half", half), (file, mine),
                ("\(file):state=half", mine.withSmallState),
            ]
            for (text, optimizer) in expected {
                let parsed = try OptimizerSpecification(text).optimizer()
                #expect(parsed.name == optimizer.name, "\(text)")
                #expect(parsed.stateBytesPerParameter == optimizer.stateBytesPerParameter, "\(text)")
            }
            for name in OptimizerSpecification.names { _ = try OptimizerSpecification(name).optimizer() }
        }
    }

    @Test("A path may have colons and commas of its own, and end as it likes")
    func paths() throws {
        try withTemporaryFolder { folder in
            let optimizer = RNNprop(key: RandomKey(seed: 1))
            for name in ["a:b,state=half", "rate=3:lr=2", "x:state=half", "plain"] {
                try optimizer.weights.safetensors().write(to: "\(folder)/\(name)")
                #expect(try OptimizerSpecification("\(folder)/\(name)").optimizer().name == optimizer.name)
                #expect(
                    try OptimizerSpecification("\(folder)/\(name):state=half").optimizer().name
                        == optimizer.withSmallState.name)
            }
        }
    }

    @Test("What a rule does not offer is refused by name, and what it offers accepted")
    func options() throws {
        let plain = RuleRegister.all + [PlainRule.descriptor]
        #expect(
            LearnedOption.all(of: RNNprop.descriptor).map(\.text) == ["factors=bfloat16", "state=half", "guard=on"])
        #expect(LearnedOption.all(of: PlainRule.descriptor).map(\.text) == ["guard=on"])
        try withTemporaryFolder { folder in
            let file = "\(folder)/plain.safetensors"
            try PlainRule(key: RandomKey(seed: 1)).weights.safetensors().write(to: file)
            #expect(try OptimizerSpecification(file).optimizer(rules: plain) is PlainRule)
            #expect(
                refusal("\(file):state=half", rules: plain)
                    .hasSuffix("plain does not offer state=half; it offers guard=on")
            )
        }
    }

    @Test(.enabled(if: Kernels.bfloat16 != nil, "this processor has no AVX512_BF16"))
    func bothOptionsAreAppliedInEitherOrder() throws {
        let names = try ["factors=bfloat16,state=half", "state=half,factors=bfloat16"].map {
            try OptimizerSpecification("rnnprop:\($0)").optimizer().name
        }
        #expect(names == Array(repeating: "rnnprop(weights=ff2590f1dbbbcb2a)+bfloat16+halfstate", count: 2))
    }

    @Test(
        "What cannot be used is refused in a line that says what to do",
        arguments: [
            ("adm", "adm: is neither an optimizer's name nor a weight file; did you mean adam?"),
            ("adm:lr=0.1", "did you mean adam?"), ("rnprop", "did you mean rnnprop?"),
            ("rnprop:state=half", "did you mean rnnprop?"), ("rnnprop:", "did you mean rnnprop?"),
            ("rnnprop-papr", "did you mean rnnprop-paper?"), ("", "choose one of sgd, "),
            ("qqqq", "choose one of sgd, "), ("adam:lr=fast", "lr cannot be \"fast\""),
            ("adam:rate=1", "has no option \"rate\""), ("rnnprop:state=hlf", "did you mean state=half?"),
            ("rnnprop:lr=0.1", "no option \"lr=0.1\"; choose one of factors=bfloat16, state=half, guard=on"),
            ("rnnprop:state=half,", "no option \"\""), ("rnnprop:state=half,state=half", "is given twice"),
            ("adam:lr=sweep", "still to be searched for; give one"), ("/dev/null", "is not a regular file"),
            ("no/such/file:state=half", "no/such/file: cannot be opened"),
        ])
    func refusals(_ text: String, says: String) {
        let said = refusal(text)
        #expect(said.contains(says), "\(said)")
        #expect(!said.contains { $0.isNewline })
    }

    @Test("In a list each has a label of its own, files their path where names do not tell them apart")
    func labels() throws {
        try withTemporaryFolder { folder in
            for (index, name) in ["a/best", "b/best", "other", "rnnprop"].enumerated() {
                try makeFolder("\(folder)/a")
                try makeFolder("\(folder)/b")
                try RNNprop(key: RandomKey(seed: UInt64(index))).weights.safetensors()
                    .write(to: "\(folder)/\(name).safetensors")
            }
            let files = ["a/best", "b/best", "other", "rnnprop"].map { "\(folder)/\($0).safetensors" }
            let names = ["adam", "adam:lr=sweep", "adam:lr=sweep,cosine=20", "rnnprop", "rnnprop:state=half"]
            let all = try OptimizerSpecification.optimizers(names + files + ["\(files[2]):state=half"])
            #expect(
                all.map(\.label) == [
                    "adam lr=0.001", "adam", "adam cosine=20", "rnnprop", "rnnprop, half state",
                    "rnnprop (\(files[0]))", "rnnprop (\(files[1]))", "rnnprop (other)", "rnnprop (\(files[3]))",
                    "rnnprop (other), half state",
                ])
            #expect(
                all.map { !$0.optimizersToTune.isEmpty } == names.map { $0.contains("sweep") }
                    + Array(repeating: false, count: 5))
            #expect(try OptimizerSpecification.optimizers([files[3]]).map(\.label) == ["rnnprop"])
        }
    }

    @Test("Two that would do the same are refused, however they are written")
    func twice() throws {
        try withTemporaryFolder { folder in
            let copy = "\(folder)/copy.safetensors"
            try writeFileAtomically(copy, try ShippedWeights.named("rnnprop").bytes)
            for (texts, says) in [
                (["adam", "adam"], "adam: is given twice"),
                (["adam:lr=0.03125", "adam:lr=2^-5"], "as adam:lr=0.03125"),
                (["adam:lr=sweep", "adam:lr=sweep"], "given twice"),
                (["adam:lr=sweep", "adam:lr=sweep,epsilon=1e-8|1e-12"], "is the same optimizer as adam:lr=sweep;"),
                (["rnnprop", copy], "\(copy): is the same optimizer as rnnprop; give each optimizer once"),
            ] {
                let error = #expect(throws: InputError.self) { _ = try OptimizerSpecification.optimizers(texts) }
                #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
            }
            #expect(try OptimizerSpecification.optimizers(["adam", "adam:lr=sweep"]).count == 2)
            let choice = try OptimizerSpecification.optimizers(["nadam:lr=sweep,epsilon=1e-8|1e-12"])
            #expect(choice[0].label == "nadam | nadam epsilon=1e-12" && choice[0].optimizersToTune.count == 2)
        }
    }

    @Test("No text crashes the parser")
    func anyText() throws {
        let pieces = [
            "adam", "rnnprop", ":", "=", ",", "lr", "sweep", "state", "half", "2^-5", "-", "\n", "é", "/", ".",
        ]
        var random = RandomStream(RandomKey(seed: 5))
        var refused = 0
        for _ in 0..<1_000 {
            let text = (0...random.index(below: 6)).map { _ in pieces[random.index(below: pieces.count)] }.joined()
            do {
                _ = try OptimizerSpecification(text).optimizer()
            } catch let error as InputError {
                #expect(!error.description.contains { $0.isNewline })
                refused += 1
            }
        }
        #expect(refused > 300 && refused < 1_000)
    }
}
