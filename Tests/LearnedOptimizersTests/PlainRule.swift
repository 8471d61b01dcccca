import Files
import LearnedOptimizers
import NumericCore
import Optimizers

/// The least that a learned optimizer can be: θ ← θ − φ g, without refinements.
struct PlainRule: LearnedOptimizer {
    static let descriptor = RuleDescriptor(
        name: "plain", summary: "a learned learning rate", constants: [],
        size: RuleSize("rates", of: "rate", axis: 0, text: { "\($0) rates" }),
        tensors: { [ParameterShape("rate", [$0])] }, type: PlainRule.self)

    let metaParameters: [Float]

    init(metaParameters: [Float]) { self.metaParameters = metaParameters }
    init(key: RandomKey) { self.init(metaParameters: [0.1]) }
    init(weights: LearnedWeights) { self.init(metaParameters: weights["rate"]) }

    var weights: LearnedWeights {
        LearnedWeights(Self.descriptor, size: metaParameters.count) { _ in metaParameters }
    }
    var name: String { "plain(\(metaParameters))" }
    var stateBytesPerParameter: Int { 0 }

    func optimizer(_ metaParameters: [Float]) -> PlainRule { PlainRule(metaParameters: metaParameters) }
    func initialState(for layout: ParameterLayout) -> Int { 0 }
    func update(parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Int) {
        for index in 0..<parameters.count { parameters[index] -= metaParameters[0] * gradient[index] }
        state += 1
    }
    func record(_ state: Int) -> StateRecord { StateRecord(counts: ["step": state], tensors: []) }
    func state(from record: StateRecord, for layout: ParameterLayout) throws -> Int { try record.count("step") }
}
