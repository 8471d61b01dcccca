import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizers

/// A rule of three weights: how large steps are, how they shrink with time, and how much of the raw gradient they keep.
///
///     Δθ = −exp(φ₀) (1 + t/100)^(−φ₁) ((1 − σ(φ₂)) m̂ + σ(φ₂) g) / (√v̂ + 1e-12)
struct Blend: LearnedOptimizer {
    static let descriptor = RuleDescriptor(
        name: "blend", summary: "momentum and gradient, blended by three learned numbers",
        constants: [.decay("beta", 0.95)], size: RuleSize("numbers", of: "blend", axis: 0) { "\($0) numbers" },
        tensors: { [ParameterShape("blend", [$0])] }, type: Blend.self)

    let metaParameters: [Float]
    private let beta: Float

    /// Untrained: steps of 0.001, for ever.
    init(key: RandomKey) { self.init([-7, 0, 0], beta: 0.95) }
    init(weights: LearnedWeights) { self.init(weights["blend"], beta: Float(weights.constants["beta"]!)) }

    private init(_ metaParameters: [Float], beta: Float) {
        precondition(metaParameters.count == 3, "the rule has three weights")
        self.metaParameters = metaParameters
        self.beta = beta
    }

    var weights: LearnedWeights {
        LearnedWeights(Self.descriptor, size: 3, constants: ["beta": Double(beta)]) { _ in metaParameters }
    }

    func optimizer(_ metaParameters: [Float]) -> Blend { Blend(metaParameters, beta: beta) }

    // MARK: Steps

    struct State: Sendable {
        var steps = 0
        var m: [Float]
        var v: [Float]
    }

    var name: String { "blend(\(metaParameters.map(\.description).joined(separator: ",")),beta=\(beta))" }
    var stateBytesPerParameter: Int { 8 }

    func initialState(for layout: ParameterLayout) -> State {
        let zeros = [Float](repeating: 0, count: layout.count)
        return State(m: zeros, v: zeros)
    }

    func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout State
    ) {
        state.steps += 1
        let correction = 1 / (1 - pow(beta, Float(state.steps)))
        let rate = exp(metaParameters[0]) * pow(1 + Float(state.steps) / 100, -metaParameters[1])
        let share = 1 / (1 + exp(-metaParameters[2]))
        for index in 0..<gradient.count {
            let g = gradient[index]
            state.m[index] = beta * state.m[index] + (1 - beta) * g
            state.v[index] = beta * state.v[index] + (1 - beta) * g * g
            let direction = (1 - share) * correction * state.m[index] + share * g
            parameters[index] -= rate * direction / ((correction * state.v[index]).squareRoot() + 1e-12)
        }
    }

    // MARK: Files

    func record(_ state: State) -> StateRecord {
        StateRecord(
            counts: ["step": state.steps],
            tensors: [("m", state.m), ("v", state.v)].map { Tensor($0, shape: [$1.count], values: $1) })
    }

    func state(from record: StateRecord, for layout: ParameterLayout) throws -> State {
        State(
            steps: try record.count("step"), m: try record.tensor("m", shape: [layout.count]),
            v: try record.tensor("v", shape: [layout.count]))
    }
}
