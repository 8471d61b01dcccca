import Foundation
import LearnedOptimizers

/// The learned optimizers once more, in double precision and as the paper writes them: one coordinate at a time, no
/// packing, no fused divisions. What the kernels are held against.
struct ReferenceNetwork {
    enum Rule { case rnnprop, dm }

    let rule: Rule
    let hidden: Int
    let layers: Int
    /// φ in the order of `metaParameters`.
    var weights: [Double]

    struct Coordinate {
        var m = 0.0
        var v = 0.0
        var c: [[Double]]
        var h: [[Double]]
    }

    func start() -> Coordinate {
        let zeros = [[Double]](repeating: [Double](repeating: 0, count: hidden), count: layers)
        return Coordinate(c: zeros, h: zeros)
    }

    /// Δθ of one coordinate at step `t` (from 1).
    func update(_ s: inout Coordinate, gradient g: Double, step t: Int) -> Double {
        var next = 0
        func weight() -> Double {
            defer { next += 1 }
            return weights[next]
        }
        var x: [Double]
        switch rule {
        case .rnnprop:
            s.m = 0.95 * s.m + 0.05 * g
            s.v = 0.95 * s.v + 0.05 * g * g
            let scale = (s.v / (1 - pow(0.95, Double(t)))).squareRoot() + 1e-8
            let features = [g / scale, s.m / (1 - pow(0.95, Double(t))) / scale]
            x = (0..<hidden).map { _ in
                let z = weight() + weight() * features[0] + weight() * features[1]
                return z > 0 ? z : exp(z) - 1
            }
        case .dm:
            x = [max(log(max(abs(g), exp(-10))) / 10, -1), min(max(g * exp(10), -1), 1)]
        }
        func sigmoid(_ z: Double) -> Double { 1 / (1 + exp(-z)) }
        for layer in 0..<layers {
            let rows = x + s.h[layer]
            var h = [Double]()
            for unit in 0..<hidden {
                var z = (0..<4).map { _ in weight() }
                for row in rows { for gate in 0..<4 { z[gate] += weight() * row } }
                let c = sigmoid(z[2] + 1) * s.c[layer][unit] + sigmoid(z[0]) * tanh(z[1])
                s.c[layer][unit] = c
                h.append(sigmoid(z[3]) * tanh(c))
            }
            s.h[layer] = h
            x = h
        }
        var out = 0.0
        for unit in 0..<hidden { out += weight() * x[unit] }
        out += weight()
        return rule == .rnnprop ? -0.1 * tanh(out) : 0.1 * out
    }

    /// Δθ_0 … of every coordinate, from `coordinates`, which have taken `taken` steps.
    func updates(_ coordinates: inout [Coordinate], taken: Int = 0, gradients: [[Double]]) -> [[Double]] {
        gradients.enumerated().map { t, row in
            row.indices.map { update(&coordinates[$0], gradient: row[$0], step: taken + t + 1) }
        }
    }

    /// Σ_t w_t f(θ_t) with constant gradients, up to a constant: Σ_t Δθ_t · Σ_{s>t} w_s g_s.
    func surrogate(
        from coordinates: [Coordinate], taken: Int, gradients: [[Double]], lossWeights: [Double]
    ) -> Double {
        var coordinates = coordinates
        let steps = updates(&coordinates, taken: taken, gradients: gradients)
        var total = 0.0
        for t in gradients.indices {
            for s in gradients.indices where s > t {
                for i in gradients[0].indices { total += lossWeights[s] * gradients[s][i] * steps[t][i] }
            }
        }
        return total
    }
}
