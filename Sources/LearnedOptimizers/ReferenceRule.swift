public import Optimizers

/// A learned rule once more, in double precision and as its paper writes it: no packing, no fused divisions, no threads.
///
/// Kernels are held against it, and `l2o doctor` against finite differences of it.
public protocol ReferenceRule: Sendable {
    associatedtype State: Sendable

    /// φ in the order of `LearnedOptimizer.metaParameters`.
    var weights: [Double] { get set }

    /// The state before the first step.
    func initialState(for layout: ParameterLayout) -> State

    /// Δθ of one step, for the parameters before it.
    func update(_ state: inout State, parameters: [Double], gradient: [Double]) -> [Double]
}

extension ReferenceRule {
    /// Takes a step for each row of gradients; returns the Δθ of each, and leaves θ and the state behind the last.
    public func updates(
        _ state: inout State, parameters: inout [Double], gradients: [[Double]]
    ) -> [[Double]] {
        gradients.map { gradient in
            let change = update(&state, parameters: parameters, gradient: gradient)
            for index in change.indices { parameters[index] += change[index] }
            return change
        }
    }

    /// Σ_t w_t f(θ_t) as φ changes it to first order, up to a constant: Σ_t Δθ_t · Σ_{s>t} w_s g_s.
    ///
    /// - Parameters:
    ///   - state: the state before the period.
    ///   - parameters: θ_0, θ_1, …, which φ does not change, as `FirstOrderLearnedOptimizer` has it.
    ///   - gradients: ∇f(θ_0), ∇f(θ_1), …
    ///   - lossWeights: w_0, w_1, …
    public func surrogate(
        from state: State, parameters: [[Double]], gradients: [[Double]], lossWeights: [Double]
    ) -> Double {
        var state = state
        let steps = zip(parameters, gradients).map { update(&state, parameters: $0, gradient: $1) }
        var total = 0.0
        var later = [Double](repeating: 0, count: gradients.first?.count ?? 0)
        for t in gradients.indices.reversed() {
            for i in later.indices {
                total += later[i] * steps[t][i]
                later[i] += lossWeights[t] * gradients[t][i]
            }
        }
        return total
    }
}
