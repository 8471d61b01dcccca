import LearnedOptimizers
import Optimizers
import Platform

extension SmallFC: ExportableLearnedOptimizer {
    func parameters(after step: StepGraph) -> GraphValue {
        let (graph, weights) = (step.graph, weights)
        let parts = FactoredPart.all(step.layout!)
        let decays = SmallFCDecayTensors(graph, weights)
        let network = SmallFCNetworkGraph(step, weights)
        let counts = parts.map(\.count)

        func pieces(_ x: GraphValue, _ lengths: [Int], axis: Int) -> [GraphValue] { x.split(lengths, axis: axis) }
        let parameters = pieces(step.parameters, counts, axis: 0)
        let gradients = pieces(step.gradient, counts, axis: 0)
        let momentum = decays.momentum.advance(
            step.state("momentum", [.fixed(3), step.count], "averages of gradients, from fast to slow"),
            by: step.gradient)
        let rms = decays.rms.advance(
            step.state("rms", [step.count], "average of squared gradients"), by: step.gradient * step.gradient)
        step.setState("momentum", momentum)
        step.setState("rms", rms)
        // In states, matrices stand first.
        let order = parts.indices.filter { parts[$0].isMatrix } + parts.indices.filter { !parts[$0].isMatrix }
        let entries = order.map { parts[$0].entries }
        let before = step.state(
            "factored", [.fixed(3), .fixed(entries.reduce(0, +))],
            "averages of squared gradients over the two longest axes of each matrix, then those of vectors"
        ).split(entries, axis: 1)
        var (after, changed) = ([GraphValue](), [GraphValue](repeating: parameters[0], count: parts.count))
        let (momenta, squares) = (pieces(momentum, counts, axis: 1), pieces(rms, counts, axis: 0))
        for (place, index) in order.enumerated() {
            var features = SmallFCFeatures(
                part: parts[index], parameters: parameters[index], gradient: gradients[index],
                momentum: momenta[index], rms: squares[index])
            after.append(features.factor(before[place], decays.factored))
            changed[index] = parameters[index] - network.change(features.rows)
        }
        step.setState("factored", graph.concatenate(after, axis: 1))
        return graph.concatenate(changed, axis: 0)
    }
}

/// How a tensor's squared gradients are averaged: a matrix's over its longest and its second longest axis.
private struct FactoredPart {
    let shape: [Int]
    let longest, second: Int

    var count: Int { shape.reduce(1, *) }
    var isMatrix: Bool { shape.count > 1 }
    /// Numbers of each decay that are remembered.
    var entries: Int { isMatrix ? count / shape[longest] + count / shape[second] : count }

    static func all(_ layout: ParameterLayout) -> [FactoredPart] {
        layout.shapes.map(\.dimensions).map { shape in
            // Of two axes that are equally long, the later one counts as longer.
            let order = shape.indices.sorted { (shape[$0], $0) < (shape[$1], $1) }
            return FactoredPart(shape: shape, longest: order.last ?? 0, second: order.dropLast().last ?? 0)
        }
    }

    /// The shape with one element in place of an axis, behind that of three decays.
    func averaged(over axis: Int) -> [Int] { [3] + shape.indices.map { $0 == axis ? 1 : shape[$0] } }
}

/// How fast averages forget: three decays for momenta and factored squares, one for squares.
private struct SmallFCDecayTensors {
    struct Decay {
        let keep, take: GraphValue

        func advance(_ x: GraphValue, by input: GraphValue) -> GraphValue { keep * x + take * input }

        /// With as many further axes.
        func ofRank(_ rank: Int) -> Decay {
            guard rank > 1 else { return self }
            let shape = [3] + [Int](repeating: 1, count: rank)
            return Decay(keep: keep.reshaped(shape), take: take.reshaped(shape))
        }
    }

    let momentum, rms, factored: Decay

    init(_ graph: Graph, _ weights: LearnedWeights) {
        func decay(_ name: String, _ initial: [Float], isClipped: Bool) -> Decay {
            let keep = zip(initial, weights["decays.\(name)"]).map { initial, shift in
                let free = 1 - exp(10 * (log(1 - initial) / 10 + shift))
                return isClipped ? min(max(free, 0), 1) : free
            }
            let shape = initial.count == 1 ? [] : [initial.count, 1]
            return Decay(
                keep: graph.tensor("keep.\(name)", shape: shape, keep),
                take: graph.tensor("take.\(name)", shape: shape, keep.map { 1 - $0 }))
        }
        momentum = decay("momentum", [0.9, 0.99, 0.999], isClipped: false)
        rms = decay("rms", [0.999], isClipped: true)
        factored = decay("factored", [0.9, 0.99, 0.999], isClipped: true)
    }
}

/// What the network reads of a tensor's parameters, a row for each feature.
private struct SmallFCFeatures {
    let part: FactoredPart
    let parameters, gradient, momentum, rms: GraphValue
    /// Of each of three decays: R and C, the roots of both, and the factors of gradients and momenta.
    private var averages: [GraphValue] = []
    private var roots: [GraphValue] = []
    private var factors: [GraphValue] = []

    init(
        part: FactoredPart, parameters: GraphValue, gradient: GraphValue, momentum: GraphValue, rms: GraphValue
    ) {
        (self.part, self.parameters, self.gradient) = (part, parameters, gradient)
        (self.momentum, self.rms) = (momentum, rms)
    }

    /// Brings the factored averages up to date; returns them as they are remembered.
    mutating func factor(_ before: GraphValue, _ decay: SmallFCDecayTensors.Decay) -> GraphValue {
        func root(_ x: GraphValue, _ epsilon: Double) -> GraphValue { 1 / (x + epsilon).squareRoot() }
        let squares = gradient * gradient + 1e-30
        guard part.isMatrix else {
            let x = decay.advance(before, by: squares)
            averages = [x, x]
            roots = [root(x, 1e-8), root(x, 1e-8)]
            factors = [root(x, 1e-9), root(x, 1e-6)]
            return x
        }
        let (rowShape, columnShape) = (part.averaged(over: part.longest), part.averaged(over: part.second))
        let sizes = [rowShape, columnShape].map { $0.dropFirst().reduce(1, *) }
        let old = before.split(sizes, axis: 1)
        let means = squares.reshaped(part.shape).cast(to: .double)
        let decay = decay.ofRank(part.shape.count)
        let rows = decay.advance(old[0].reshaped(rowShape), by: means.mean(part.longest).cast(to: .float))
        let columns = decay.advance(old[1].reshaped(columnShape), by: means.mean(part.second).cast(to: .float))
        let mean = rows.cast(to: .double).mean(part.second + 1).cast(to: .float)
        let whole = [3] + part.shape
        func flat(_ x: GraphValue) -> GraphValue { x.expanded(to: whole).reshaped([3, part.count]) }
        averages = [flat(rows), flat(columns)]
        roots = [flat(root(rows, 1e-8)), flat(root(columns, 1e-8))]
        let rowFactor = 1 / (rows / (mean + 1e-9)).atLeast(1e-9).squareRoot()
        let factor = (rowFactor * (1 / columns.atLeast(1e-9).squareRoot())).reshaped([3, part.count])
        factors = [factor, factor]
        return before.graph.concatenate(
            [rows.reshaped([3, sizes[0]]), columns.reshaped([3, sizes[1]])], axis: 1)
    }

    /// All features, each divided by its root mean square over the tensor.
    var rows: GraphValue {
        let (graph, r) = (gradient.graph, 1 / (rms + 1e-6).squareRoot())
        let single = [gradient, parameters, rms, r].map { $0.unsqueezed(0) }
        let features =
            [single[0], single[1], momentum, single[2], momentum * r, single[3], gradient * factors[0]] + averages
            + roots + [momentum * factors[1]]
        let x = graph.concatenate(features, axis: 0)
        let wide = x.cast(to: .double)
        return x * (1 / (1e-5 + (wide * wide).mean(1).cast(to: .float)).squareRoot())
    }
}

/// The MLP: 28 features of parameters, 11 of time, two hidden layers, a direction and a magnitude.
private struct SmallFCNetworkGraph {
    private static let timescales: [Double] = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]

    private let first: (weight: GraphValue, bias: GraphValue)
    private let second, readout: LayerWeights
    private let constants: [String: Double]

    init(_ step: StepGraph, _ weights: LearnedWeights) {
        let graph = step.graph
        constants = weights.constants
        func layer(_ name: String) -> LayerWeights { LayerWeights(graph, weights, name) }
        let first = layer("hidden1")
        let timescales = graph.tensor("timescales", shape: [Self.timescales.count, 1], Self.timescales)
        let times = (step.taken / timescales - 1).tanh().cast(to: .float)
        let rows = first.weight.split([28, Self.timescales.count], axis: 0)
        // At one step the features of time are the same for all: they join the bias.
        self.first = (rows[0], rows[1].transposedProduct(times, plus: first.bias))
        (second, readout) = (layer("hidden2"), layer("readout"))
    }

    /// What is subtracted from the parameters.
    func change(_ features: GraphValue) -> GraphValue {
        let hidden = first.weight.transposedProduct(features, plus: first.bias).positivePart()
        let outputs = readout.byInputs(second.byInputs(hidden).positivePart()).split([1, 1], axis: 0)
        let size = (outputs[1] * constants["exponent_scale"]!).exp() * constants["scale"]!
        return (outputs[0] * size).squeezed(0)
    }
}
