import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizers
import TestSupport
import Testing

/// State files that were damaged at random, always the same ones: reading ends in a state that can be used, or in a
/// refusal of one line, never in a crash.
@Suite("Damaged states")
struct StateFuzzTests {
    private let layout = ParameterLayout([ParameterShape("w", [20, 10]), ParameterShape("b", [7])])

    @Test(
        "Are refused or used", arguments: ["adam", "momentum", "rnnprop", "rnnprop:state=half", "gateprop:guard=on"])
    func damaged(_ specification: String) throws {
        try check(try OptimizerSpecification(specification).optimizer())
    }

    @Test("Are refused or used, whatever the rule", arguments: RuleRegister.all.map(\.name))
    func everyRule(_ rule: String) throws {
        try check(try RuleRegister.named(rule).type.init(key: RandomKey(seed: 1)))
    }

    private func check<O: Optimizer>(_ optimizer: O) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/state.safetensors"
            var random = RandomStream(RandomKey(seed: 1))
            let gradient = (0..<layout.count).map { _ in random.normal() }
            var parameters = gradient
            var state = optimizer.initialState(for: layout)
            for _ in 0..<3 { optimizer.update(&parameters, gradient: gradient, loss: 1, state: &state) }
            try optimizer.save(state, for: layout, to: path)
            let whole = try readFile(path)
            var (used, refused) = (0, 0)
            for _ in 0..<400 {
                var bytes = whole
                for _ in 0...random.index(below: 2) { damage(&bytes, &random) }
                // Not atomically, which would wait for the disk each time.
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                do {
                    var state = try optimizer.loadState(path: path, for: layout)
                    optimizer.update(&parameters, gradient: gradient, loss: 1, state: &state)
                    used += 1
                } catch let error as InputError {
                    #expect(!error.description.contains { $0.isNewline })
                    refused += 1
                }
            }
            // The damage is neither always fatal nor always harmless.
            #expect(used > 5 && refused > 100, "\(used) used, \(refused) refused")
        }
    }

    /// A step more must not overflow.
    @Test("A number of steps that nobody takes is refused", arguments: ["adam", "rnnprop"], [Int.max, 1 << 60])
    func steps(_ specification: String, count: Int) throws {
        func check<O: Optimizer>(_ optimizer: O) throws {
            var record = optimizer.record(optimizer.initialState(for: layout))
            record.counts["step"] = count
            let error = #expect(throws: InputError.self) { try optimizer.state(from: record, for: layout) }
            #expect(error?.description.contains("\"step\"") == true)
        }
        try check(try OptimizerSpecification(specification).optimizer())
    }
}
