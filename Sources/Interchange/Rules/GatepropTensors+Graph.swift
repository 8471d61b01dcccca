import KernelTypes
import LearnedOptimizers
import Optimizers
import Platform

/// What a step of gateprop knows of each tensor as a whole, a column for each of them; all in double precision, so that sums
/// over many coordinates keep their digits.
struct GateTensorsGraph {
    /// What a coordinate is told of its tensor: the factor of its step, 1/S, log₂ S and 1/P.
    struct Numbers {
        let scale, inverseSquares, logSquares, inverseSize: GraphValue
    }

    private let step: StepGraph
    private let weights: LearnedWeights
    private let counts: [Int]
    /// Those four, then the hidden units' biases; a row each, a column for each tensor.
    private let table: GraphValue

    init(
        _ step: StepGraph, _ weights: LearnedWeights, _ moments: GateMomentsGraph, biases ofAllTensors: GraphValue
    ) {
        (self.step, self.weights) = (step, weights)
        let shapes = step.layout!.shapes
        counts = shapes.map(\.count)
        let sums = GateSums(step, moments, counts: counts)
        let memory = step.state(
            "tensors", [.fixed(counts.count), .fixed(2)],
            "of each tensor the average of cosines and the last log-rate"
        ).transposed().cast(to: .double).split([1, 1], axis: 0)
        let level = Self.level(step, sums)
        let cosines = 0.9 * memory[0] + 0.1 * sums.cosine

        let network = TensorNetwork(step, weights)
        let outputs = network.run(
            ofAllTensors: ofAllTensors, sums, shapes: shapes, cosines: cosines, logRates: memory[1], level: level)
        step.setState(
            "tensors", step.graph.concatenate([cosines, outputs.logRate], axis: 0).cast(to: .float).transposed())
        let constants = weights.constants
        let rate = constants["rate"]! / (1 + step.time / constants["rate_steps"]!).squareRoot()
        let numbers = [-rate * outputs.logRate.exp(), 1 / sums.squares, sums.squares.log2(), 1 / sums.size]
        table = step.graph.concatenate(numbers + [outputs.biases], axis: 0).cast(to: .float)
    }

    /// The average of log₂ of the whole gradient's root mean square; one that is not finite leaves it as it was.
    private static func level(_ step: StepGraph, _ sums: GateSums) -> GraphValue {
        let before = step.state("level", [.fixed(1)], "average of log₂ of the gradient's root mean square")
            .cast(to: .double)
        let now = sums.wholeGradient.log2()
        let after = (step.taken < 1).choose(now, 0.9 * before + 0.1 * now)
        let level = (now < 1e6).choose(after, before)
        step.setState("level", level.cast(to: .float))
        return level
    }

    /// The same for each coordinate: the numbers, and the hidden units' biases.
    func spread() -> (Numbers, biases: GraphValue) {
        let graph = step.graph
        let owners = counts.enumerated().map { graph.scalar(Double($0), .int64).expanded(to: [$1]) }
        let rows = table.gathered(graph.concatenate(owners, axis: 0), axis: 1)
            .split([1, 1, 1, 1, weights.size], axis: 0)
        return (
            Numbers(scale: rows[0], inverseSquares: rows[1], logSquares: rows[2], inverseSize: rows[3]), rows[4]
        )
    }
}

/// Root mean squares over each tensor, never so small that they have no logarithm.
private struct GateSums {
    /// S of √v̂_a and P of the parameters.
    let squares, size: GraphValue
    /// Those of m̂/√v̂, fast and slow.
    let fast, slow: GraphValue
    /// The cosine between the gradient and the mean before it; 0 where there is none.
    let cosine: GraphValue
    /// That of the gradient of all tensors, one element.
    let wholeGradient: GraphValue

    private static let least = 1e-20

    init(_ step: StepGraph, _ m: GateMomentsGraph, counts: [Int]) {
        let graph = step.graph
        func square(_ x: GraphValue) -> GraphValue { x * x }
        let rows = [
            m.square, square(m.theta), square(m.fast), square(m.slow), square(m.gradient), m.gradient * m.before,
            square(m.before),
        ]
        let ofCoordinates = graph.concatenate(rows, axis: 0).cast(to: .double).split(counts, axis: 1)
        let sums = graph.concatenate(ofCoordinates.map { $0.sum(1) }, axis: 1)
            .split(rows.map { _ in 1 }, axis: 0)
        let elements = graph.tensor("tensors.counts", shape: [1, counts.count], counts.map(Double.init))
        func root(_ sum: GraphValue) -> GraphValue { (sum / elements).squareRoot() }
        squares = root(sums[0]).atLeast(Self.least)
        size = root(sums[1]).atLeast(Self.least)
        (fast, slow) = (root(sums[2]), root(sums[3]))
        let lengths = (sums[4] * sums[6]).squareRoot()
        let isKnown = lengths > 0
        let zero = graph.scalar(0, .double)
        cosine = isKnown.choose(sums[5] / isKnown.choose(lengths, graph.scalar(1, .double)), zero)
        let total = sums[4].sum(1).squeezed(0)
        wholeGradient = (total / Double(counts.reduce(0, +))).squareRoot().atLeast(Self.least)
    }
}

/// The network that looks at a tensor: tanh units, then for each of the coordinates' hidden units a bias and, last, the
/// log-rate.
private struct TensorNetwork {
    private static let clocks: [Double] = [3, 10, 30, 100, 300, 1_000, 3_000, 10_000]

    private let step: StepGraph
    private let weights: LearnedWeights

    init(_ step: StepGraph, _ weights: LearnedWeights) { (self.step, self.weights) = (step, weights) }

    /// The biases of the coordinates' hidden units and h_T.
    ///
    /// - Parameter ofAllTensors: biases that all tensors share.
    func run(
        ofAllTensors: GraphValue, _ sums: GateSums, shapes: [ParameterShape], cosines: GraphValue,
        logRates: GraphValue, level: GraphValue
    ) -> (biases: GraphValue, logRate: GraphValue) {
        let (graph, count) = (step.graph, shapes.count)
        let clocks = graph.tensor("clocks", shape: [Self.clocks.count, 1], Self.clocks)
        let times = (step.time / clocks - 1).tanh().expanded(to: [Self.clocks.count, count])
        func row(_ name: String, _ value: (ParameterShape) -> Double) -> GraphValue {
            graph.tensor("tensors.\(name)", shape: [1, count], shapes.map(value))
        }
        let inputs = [
            times, sums.fast.atLeast(1e-6).log2() / 3, sums.slow.atLeast(1e-6).log2() / 3,
            (sums.size + 1e-4).log2() / 5, 2 * cosines, row("are_matrices") { $0.dimensions.count > 1 ? 1 : 0 },
            row("sizes") { log2(Double($0.count)) / 10 },
            ((sums.squares.log2() - level) / 4).clipped(-3, 3), logRates / 3, sums.cosine,
            ((sums.squares.log2() + 8) / 8).clipped(-3, 3),
        ]
        func layer(_ name: String) -> LayerWeights { LayerWeights(graph, weights, name, in: .double) }
        let hidden = layer("tensor.hidden").byOutputs(graph.concatenate(inputs, axis: 0)).tanh()
        let outputs = layer("tensor.output").byOutputs(hidden).split([weights.size, 1], axis: 0)
        return (outputs[0] + ofAllTensors.cast(to: .double), 5 * (outputs[1] / 5).tanh())
    }
}
