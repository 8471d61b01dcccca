import KernelTypes
import LearnedOptimizers
import Optimizers

extension Gateprop: ExportableLearnedOptimizer {
    func parameters(after step: StepGraph) -> GraphValue {
        let moments = GateMomentsGraph(step, weights.constants)
        let network = GateNetworkGraph(step.graph, weights)
        let tensors = GateTensorsGraph(step, weights, moments, biases: network.hidden.bias)
        return network.parameters(moments, tensors)
    }
}

/// The moments of all coordinates after a step, and their ratios; rows of one element for each coordinate.
struct GateMomentsGraph {
    /// The parameters and the gradient.
    let theta, gradient: GraphValue
    /// m̂_a of the step before, and after it m_a.
    let before, mean: GraphValue
    /// v̂_a, and √ + ε of it and of v̂_b.
    let square, root, slowRoot: GraphValue
    /// 1 / (1 − βᵗ) of m_a.
    let correction: GraphValue
    /// g/s_a, m̂_a/s_a and m̂_b/s_b.
    let raw, fast, slow: GraphValue
    /// Averages of how much the gradient agrees with the ones before.
    let agreements: [GraphValue]

    init(_ step: StepGraph, _ constants: [String: Double]) {
        let (fastDecay, epsilon) = (constants["fast_decay"]!, constants["epsilon"]!)
        let (meanDecay, squareDecay) = (constants["slow_mean_decay"]!, constants["slow_square_decay"]!)
        let rows = step.state(
            "coordinates", [.fixed(GateLayout.stateRows), step.count],
            "averages of gradients and their squares, fast ones and slow ones, and of agreement, fast and slow"
        ).split([Int](repeating: 1, count: GateLayout.stateRows), axis: 0)
        theta = step.parameters.unsqueezed(0)
        gradient = step.gradient.unsqueezed(0)
        func correction(_ decay: Double) -> GraphValue { (1 / (1 - step.power(decay))).cast(to: .float) }
        self.correction = correction(fastDecay)

        let g2 = gradient * gradient
        mean = average(rows[0], gradient, fastDecay)
        let fastSquare = average(rows[1], g2, fastDecay)
        let slowMean = average(rows[2], gradient, meanDecay)
        let slowSquare = average(rows[3], g2, squareDecay)
        square = fastSquare * self.correction
        root = square.squareRoot() + epsilon
        slowRoot = (slowSquare * correction(squareDecay)).squareRoot() + epsilon
        raw = gradient / root
        fast = mean * self.correction / root
        slow = slowMean * correction(meanDecay) / slowRoot
        before = rows[0]

        let agreement = (raw * (before * self.correction / root)).clipped(-2, 2)
        agreements = [average(rows[4], agreement, 0.9), average(rows[5], agreement, 0.99)]
        step.setState(
            "coordinates",
            step.graph.concatenate([mean, fastSquare, slowMean, slowSquare] + agreements, axis: 0))
    }
}

/// β a + (1 − β) x; 1 − β is taken in single precision, as kernels have it.
private func average(_ a: GraphValue, _ x: GraphValue, _ decay: Double) -> GraphValue {
    a * decay + x * Double(1 - Float(decay))
}

/// The coordinates' network: what it reads, and what its gates make of the basis.
struct GateNetworkGraph {
    private let graph: Graph
    let hidden: LayerWeights
    private let output: LayerWeights

    init(_ graph: Graph, _ weights: LearnedWeights) {
        self.graph = graph
        hidden = LayerWeights(graph, weights, "coordinate.hidden")
        output = LayerWeights(graph, weights, "coordinate.output")
    }

    /// The parameters after the step.
    func parameters(_ m: GateMomentsGraph, _ tensors: GateTensorsGraph) -> GraphValue {
        let (ofTensor, biases) = tensors.spread()
        let basis = [
            m.raw, m.fast, m.slow.clipped(-10, 10),
            (m.mean * (m.correction * ofTensor.inverseSquares)).clipped(-10, 10),
            (m.theta * (0.3 * ofTensor.inverseSize)).clipped(-10, 10),
        ]
        let inputs = [
            squashed(m.raw), squashed(m.fast), squashed(basis[2]),
            (m.root.log2() - ofTensor.logSquares).clipped(-12, 6) * 0.25,
            (m.root.log2() - m.slowRoot.log2()).clipped(-6, 6) * 0.5,
            squashed(m.theta * ofTensor.inverseSize), (m.raw * m.fast).clipped(-3, 3),
            (m.fast * basis[2]).clipped(-3, 3), m.agreements[0] * 3, m.agreements[1] * 3,
        ]
        let units = hidden.weight.product(graph.concatenate(inputs, axis: 0), plus: biases).positivePart()
        let outputs = output.byOutputs(units).split([GateLayout.basis, 1], axis: 0)
        let seeds = graph.tensor("seed_gates", shape: [GateLayout.basis, 1], GateLayout.seedGates)
        let direction = ((outputs[0] + seeds) * graph.concatenate(basis, axis: 0)).sum(0)
        let rate = (4 * (outputs[1] * 0.25).tanh()).exp() * ofTensor.scale
        return (m.theta + rate * direction).squeezed(0)
    }

    /// |x| / (1 + |x|).
    private func squashed(_ x: GraphValue) -> GraphValue { x.magnitude() / (1 + x.magnitude()) }
}
