import KernelTypes
import LearnedOptimizers
import Optimizers

/// The features of a coordinatewise network as operations, on rows of coordinates.
protocol ExportableFeatures: FeatureRule {
    /// What the features remember, one row each, as summaries of them; no rows where it is nothing.
    static var remembered: [String] { get }

    /// The features, one row each.
    ///
    /// - Parameters:
    ///   - rows: what is remembered, replaced by what is after the step.
    ///   - g: the gradient.
    ///   - constants: those of the weights.
    static func features(
        _ rows: inout [GraphValue], gradient g: GraphValue, step: StepGraph, constants: [String: Double]
    ) -> [GraphValue]
}

extension CoordinatewiseOptimizer: ExportableOptimizer, ExportableLearnedOptimizer
where Features: ExportableFeatures {
    func parameters(after step: StepGraph) -> GraphValue {
        let network = NetworkGraph(step, weights)
        let gradient = step.gradient.unsqueezed(0)
        var rows: [GraphValue] = []
        if !Features.remembered.isEmpty {
            let before = step.state(
                "features", [.fixed(Features.remembered.count), step.count],
                Features.remembered.joined(separator: ", "))
            rows = before.split(Features.remembered.map { _ in 1 }, axis: 0)
        }
        let features = Features.features(&rows, gradient: gradient, step: step, constants: weights.constants)
        if !rows.isEmpty { step.setState("features", step.graph.concatenate(rows, axis: 0)) }
        var output = network.run(step.graph.concatenate(features, axis: 0))
        if Features.layout(hidden: weights.size, layers: 2).tanhOutput { output = output.tanh() }
        return step.parameters + Features(constants: weights.constants).scale * output.squeezed(0)
    }
}

/// Two LSTM layers, their projection and their read-out: columns are coordinates, tensors those of weight files.
private struct NetworkGraph {
    private let step: StepGraph
    private let weights: LearnedWeights
    private let projection: LayerWeights?
    private let layers: [LayerWeights]
    private let readout: LayerWeights

    init(_ step: StepGraph, _ weights: LearnedWeights) {
        (self.step, self.weights) = (step, weights)
        func layer(_ name: String) -> LayerWeights { LayerWeights(step.graph, weights, name) }
        projection = LayerWeights.exists("projection", in: weights) ? layer("projection") : nil
        layers = ["lstm1", "lstm2"].map(layer)
        readout = layer("readout")
    }

    /// The read-out's row, and the layers' state after the step.
    func run(_ features: GraphValue) -> GraphValue {
        var x = features
        if let projection { x = projection.byInputs(x).elu() }
        for (index, layer) in layers.enumerated() {
            let name = "lstm\(index + 1)"
            let shape = [.fixed(weights.size), step.count]
            let (c, h) = cell(
                layer, x, c: step.state("\(name).c", shape, "memory of LSTM layer \(index + 1)"),
                h: step.state("\(name).h", shape, "output of LSTM layer \(index + 1)"))
            step.setState("\(name).c", c)
            step.setState("\(name).h", h)
            x = h
        }
        return readout.byInputs(x)
    }

    /// The gates are i, j, f and o, the cell adds 1 to f.
    private func cell(
        _ layer: LayerWeights, _ x: GraphValue, c: GraphValue, h: GraphValue
    ) -> (c: GraphValue, h: GraphValue) {
        let rows = step.graph.concatenate([x, h], axis: 0)
        let gates = layer.byInputs(rows)
            .split([Int](repeating: weights.size, count: 4), axis: 0)
        let memory = (gates[2] + 1).sigmoid() * c + gates[0].sigmoid() * gates[1].tanh()
        return (memory, gates[3].sigmoid() * memory.tanh())
    }
}
