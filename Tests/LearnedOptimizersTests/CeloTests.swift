import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

private let rivals = ProcessInfo.processInfo.environment["L2O_RIVALS_DIR"]
private let golden = ProcessInfo.processInfo.environment["L2O_GOLDEN_DIR"]

/// What the authors' program computed with their trained weights, told a number of steps.
private struct Golden {
    let tensors: [String: [Double]]
    static let steps = 25

    init(budget: Int, precision: String) throws {
        tensors = try doubles("\(try #require(golden))/celo_trained_budget\(budget).\(precision).safetensors")
    }

    func all(_ key: (String) -> String) -> [Double]? {
        let parts = SmallFCGolden.layout.shapes.map { tensors[key($0.name)] }
        return parts.contains { $0 == nil } ? nil : parts.flatMap { $0! }
    }

    func at(_ step: Int, _ key: String) -> [Double]? { tensors["step_\(Self.number(step))/\(key)"] }
    func parameters(_ step: Int) throws -> [Double] {
        try #require(all { "step_\(Self.number(step))/param/\($0)" })
    }
    func gradient(_ step: Int) throws -> [Float] {
        try #require(all { "grad/\(Self.number(step))/\($0)" }).map { Float($0) }
    }
    static func number(_ step: Int) -> String { step < 10 ? "0\(step)" : "\(step)" }
}

private func trained() throws -> Celo {
    let weights = try LearnedWeights.load(path: "\(try #require(rivals))/celo.safetensors")
    return try Celo(weights, path: "celo")
}

@Suite("Celo") struct CeloTests {
    @Test(
        "Parameters, features and rates are those of the authors' program, at every step",
        .enabled(if: rivals != nil && golden != nil, "name L2O_RIVALS_DIR and L2O_GOLDEN_DIR"),
        arguments: [25, 1000], ["f32", "f64"])
    func authors(budget: Int, precision: String) throws {
        let golden = try Golden(budget: budget, precision: precision)
        let optimizer = try trained().withBudget(budget)
        let losses = try #require(golden.tensors["loss"]).map { Float($0) }
        let rates = optimizer.rates(losses: losses)
        var parameters = try golden.parameters(0).map { Float($0) }
        var state = optimizer.initialState(for: SmallFCGolden.layout)
        // Five times what their single precision is from their double precision.
        let (tolerance, rateTolerance) = budget == 25 ? (5e-7, 3e-5) : (6e-6, 2e-3)
        var compared = 0
        for step in 1...Golden.steps {
            let gradient = try golden.gradient(step)
            if let expected = golden.all({ "step_\(Golden.number(step))/feature/\($0)" }) {
                let features = optimizer.features(parameters: parameters, gradient: gradient, state: state)
                #expect(expected.count == 30 * features.count)
                #expect(largest(features.flatMap { $0.map(Double.init) }, expected) < 1e-4, "step \(step)")
                compared += 1
            }
            if let rate = golden.at(step, "lstm/lr_mult")?.first {
                #expect(abs(rates[step - 1] / rate - 1) < rateTolerance, "step \(step)")
                compared += 1
            }
            optimizer.update(&parameters, gradient: gradient, loss: losses[step - 1], state: &state)
            #expect(largest(parameters.map(Double.init), try golden.parameters(step)) < tolerance, "step \(step)")
        }
        #expect(compared >= 7)
    }

    @Test(
        "The authors' file is known by its tensors, and written back as ours",
        .enabled(if: rivals != nil, "name L2O_RIVALS_DIR"))
    func convention() throws {
        let file = try SafetensorsFile(path: "\(try #require(rivals))/celo.safetensors")
        let (rule, name) = try LearnedWeights.convention(of: file, path: "x")
        #expect(rule.name == "celo" && name == "celo")
        let optimizer = try trained()
        // 37,089 but for two layers that decide nothing.
        #expect(optimizer.metaParameters.count == 37_089 - 19 * 64 - 65)
        #expect(optimizer.weights["hidden1.weight"].suffix(12) == file["ff_mod_stack/~/w0__13"]?.values[...])
        let own = try LearnedWeights(optimizer.weights.safetensors(), path: "x")
        #expect(own == optimizer.weights && Celo(weights: own).name == optimizer.name)
    }

    @Test("A damaged file of the authors' layout is refused in one line", .enabled(if: rivals != nil))
    func damaged() throws {
        let file = try SafetensorsFile(path: "\(try #require(rivals))/celo.safetensors")
        for name in ["lstm_init_state/hidden", "ff_mod_stack/~/w0__3", "rnn_params/rnn/linear/w"] {
            let tensors = file.tensors.map { tensor in
                tensor.name == name ? Tensor(name, shape: [1, 2], values: [0, 0]) : tensor
            }
            let error = #expect(throws: InputError.self) {
                try LearnedWeights(SafetensorsFile(tensors), path: "some/file")
            }
            #expect(error?.description.contains { $0.isNewline } == false)
        }
    }

    @Test("The number of steps decides the rate; so do losses, and one that is not told counts as 1")
    func budget() {
        let rule = Celo(key: RandomKey(seed: 4), units: 5)
        let losses = (0..<20).map { Float(2 / Double($0 + 1)) }
        #expect(rule.withBudget(20).rates(losses: losses) != rule.withBudget(200).rates(losses: losses))
        #expect(rule.rates(losses: losses) != rule.rates(losses: losses.reversed()))
        #expect(rule.name != rule.withBudget(20).name && rule.name == rule.withBudget(1000).name)
        #expect((withBudget(20, rule) as? Celo)?.name == rule.withBudget(20).name)
        #expect(withBudget(20, Adam()).name == Adam().name)
        var steps: [[Float]] = []
        for loss in [nil, 1] as [Float?] {
            var (parameters, state) = ([Float](repeating: 0.5, count: 7), rule.initialState(parameterCount: 7))
            for step in 0..<6 {
                let gradient = (0..<7).map { Float($0 + step) - 4 }
                rule.update(&parameters, gradient: gradient, loss: loss, state: &state)
            }
            steps.append(parameters)
        }
        #expect(steps[0] == steps[1] && steps[0] != [Float](repeating: 0.5, count: 7))
    }

    @Test("The same bits on any number of threads, for tensors of many shapes")
    func threads() {
        let layout = ParameterLayout([
            ParameterShape("a", [70, 41]), ParameterShape("none", [0, 3]), ParameterShape("k", [3, 1, 2, 65]),
            ParameterShape("b", [1037]), ParameterShape("s", []),
        ])
        let rule = Celo(key: RandomKey(seed: 4), units: 5)
        let runs = [1, 2, 7].map { threads in
            Threads(threads).run {
                var stream = RandomStream(RandomKey(seed: 1))
                var parameters = (0..<layout.count).map { _ in stream.normal() }
                var state = rule.initialState(for: layout)
                for _ in 0..<4 {
                    let gradient = (0..<layout.count).map { _ in stream.normal() }
                    rule.update(&parameters, gradient: gradient, loss: stream.uniform(), state: &state)
                }
                return parameters
            }
        }
        #expect(runs[0] == runs[1] && runs[0] == runs[2])
        #expect(runs[0].allSatisfy { $0.isFinite })
    }
}
