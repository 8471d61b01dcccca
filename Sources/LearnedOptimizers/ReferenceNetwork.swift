import NumericCore

/// The learned optimizers once more, in double precision and as their papers write them: one coordinate at a time, no
/// packing, no fused divisions. Kernels are held against it, and what they do not show, such as gates, is read from it.
package struct ReferenceNetwork: Sendable {
    package typealias Rule = NetworkKind

    package let rule: Rule
    package let hidden: Int
    package let layers: Int
    /// φ in the order of `metaParameters`.
    package var weights: [Double]
    private let constants: [String: Double]

    /// - Parameter constants: those that differ from the rule's defaults.
    package init(rule: Rule, hidden: Int, layers: Int, weights: [Double], constants: [String: Double] = [:]) {
        self.rule = rule
        self.hidden = hidden
        self.layers = layers
        self.weights = weights
        self.constants = rule.defaultConstants.merging(constants) { $1 }
    }

    /// What one coordinate remembers.
    package struct Coordinate: Sendable {
        var m = 0.0
        var v = 0.0
        var c: [[Double]]
        var h: [[Double]]
    }

    /// What happens in the network at one step of one coordinate.
    package struct Step {
        /// The outputs of the ELU projection; empty where there is none.
        package var projection: [Double] = []
        /// The activations of every layer's units: input gate, candidate, forget gate, output gate.
        package var gates: [[SIMD4<Double>]] = []
        /// The outputs of every layer's units.
        package var outputs: [[Double]] = []
        /// The read-out before tanh.
        package var readout = 0.0
        /// Δθ.
        package var update = 0.0
    }

    package func start() -> Coordinate {
        let zeros = [[Double]](repeating: [Double](repeating: 0, count: hidden), count: layers)
        return Coordinate(c: zeros, h: zeros)
    }

    /// Δθ of one coordinate at step `t` (from 1).
    package func update(_ s: inout Coordinate, gradient g: Double, step t: Int) -> Double {
        step(&s, gradient: g, step: t).update
    }

    /// One coordinate's step `t` (from 1).
    package func step(_ s: inout Coordinate, gradient g: Double, step t: Int) -> Step {
        var step = Step()
        var next = 0
        func weight() -> Double {
            defer { next += 1 }
            return weights[next]
        }
        var x = features(&s, g, t)
        if rule == .rnnprop {
            x = (0..<hidden).map { _ in
                let z = weight() + weight() * x[0] + weight() * x[1]
                return z > 0 ? z : exp(z) - 1
            }
            step.projection = x
        }
        func sigmoid(_ z: Double) -> Double { 1 / (1 + exp(-z)) }
        for layer in 0..<layers {
            let rows = x + s.h[layer]
            var h: [Double] = []
            var gates: [SIMD4<Double>] = []
            for unit in 0..<hidden {
                var z = SIMD4(weight(), weight(), weight(), weight())
                for row in rows { z += row * SIMD4(weight(), weight(), weight(), weight()) }
                let gate = SIMD4(sigmoid(z[0]), tanh(z[1]), sigmoid(z[2] + 1), sigmoid(z[3]))
                let c = gate[2] * s.c[layer][unit] + gate[0] * gate[1]
                s.c[layer][unit] = c
                h.append(gate[3] * tanh(c))
                gates.append(gate)
            }
            s.h[layer] = h
            x = h
            step.gates.append(gates)
            step.outputs.append(h)
        }
        for unit in 0..<hidden { step.readout += weight() * x[unit] }
        step.readout += weight()
        let scale = constants["scale"]!
        step.update = rule == .rnnprop ? -scale * tanh(step.readout) : scale * step.readout
        return step
    }

    private func features(_ s: inout Coordinate, _ g: Double, _ t: Int) -> [Double] {
        switch rule {
        case .rnnprop:
            let (beta1, beta2) = (constants["beta1"]!, constants["beta2"]!)
            s.m = beta1 * s.m + (1 - beta1) * g
            s.v = beta2 * s.v + (1 - beta2) * g * g
            let scale = (s.v / (1 - pow(beta2, Double(t)))).squareRoot() + constants["epsilon"]!
            return [g / scale, s.m / (1 - pow(beta1, Double(t))) / scale]
        case .dm:
            let p = constants["p"]!
            return [max(log(abs(g) + constants["log_offset"]!) / p, -1), min(max(g * exp(p), -1), 1)]
        }
    }

    /// Δθ_0 … of every coordinate, from `coordinates`, which have taken `taken` steps.
    package func updates(
        _ coordinates: inout [Coordinate], taken: Int = 0, gradients: [[Double]]
    ) -> [[Double]] {
        gradients.enumerated().map { t, row in
            row.indices.map { update(&coordinates[$0], gradient: row[$0], step: taken + t + 1) }
        }
    }

    /// Σ_t w_t f(θ_t) with constant gradients, up to a constant: Σ_t Δθ_t · Σ_{s>t} w_s g_s.
    package func surrogate(
        from coordinates: [Coordinate], taken: Int, gradients: [[Double]], lossWeights: [Double]
    ) -> Double {
        var coordinates = coordinates
        let steps = updates(&coordinates, taken: taken, gradients: gradients)
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
