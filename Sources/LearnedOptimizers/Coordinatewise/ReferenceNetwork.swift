package import KernelTypes
import NumericCore
public import Optimizers

/// A coordinatewise network once more, in double precision and as its paper writes it: one coordinate at a time, no
/// packing, no fused divisions. What kernels do not show, such as gates, is read from it.
public struct ReferenceNetwork: ReferenceRule {
    package let layout: NetworkLayout
    /// φ in the order of `metaParameters`.
    public var weights: [Double]
    private let features: any FeatureRule

    /// - Parameter constants: those that differ from the rule's defaults.
    package init<Features: FeatureRule>(
        _: Features.Type, hidden: Int, layers: Int, weights: [Double], constants: [String: Double] = [:]
    ) {
        layout = Features.layout(hidden: hidden, layers: layers)
        self.weights = weights
        features = Features(constants: Features.descriptor.defaultConstants.merging(constants) { $1 })
    }

    /// What one coordinate remembers.
    package struct Coordinate: Sendable {
        var rows: [Double]
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
        /// The outputs of the read-out before tanh.
        package var readout: [Double] = []
        /// Δθ.
        package var update = 0.0
    }

    package func start() -> Coordinate {
        let zeros = [[Double]](repeating: [Double](repeating: 0, count: layout.hidden), count: layout.layers)
        return Coordinate(rows: [Double](repeating: 0, count: layout.featureRows), c: zeros, h: zeros)
    }

    /// One coordinate's step `t` (from 1).
    package func step(_ s: inout Coordinate, gradient g: Double, step t: Int) -> Step {
        var step = Step()
        var next = 0
        func weight() -> Double {
            defer { next += 1 }
            return weights[next]
        }
        let inputs = features.referenceFeatures(&s.rows, gradient: g, step: t)
        var x = inputs
        if layout.projection > 0 {
            x = (0..<layout.projection).map { _ in
                let z = inputs.reduce(weight()) { $0 + weight() * $1 }
                return z > 0 ? z : exp(z) - 1
            }
            step.projection = x
        }
        func sigmoid(_ z: Double) -> Double { 1 / (1 + exp(-z)) }
        for layer in 0..<layout.layers {
            let rows = x + s.h[layer]
            var h: [Double] = []
            var gates: [SIMD4<Double>] = []
            for unit in 0..<layout.hidden {
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
        for _ in 0..<layout.outputs {
            let sum = x.reduce(0) { $0 + weight() * $1 }
            step.readout.append(sum + weight())
        }
        step.update = features.referenceUpdate(
            features: inputs, outputs: layout.tanhOutput ? step.readout.map { tanh($0) } : step.readout)
        return step
    }

    // MARK: Many coordinates

    /// What all coordinates remember.
    public struct State: Sendable {
        var coordinates: [Coordinate]
        var steps = 0
    }

    public func initialState(for layout: ParameterLayout) -> State {
        State(coordinates: Array(repeating: start(), count: layout.count))
    }

    public func update(_ state: inout State, parameters: [Double], gradient: [Double]) -> [Double] {
        state.steps += 1
        return gradient.indices.map {
            step(&state.coordinates[$0], gradient: gradient[$0], step: state.steps).update
        }
    }
}
