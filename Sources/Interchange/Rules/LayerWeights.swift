import Files
import LearnedOptimizers

/// The weight matrix and the bias of one layer of a rule's network, as its weight file has them.
struct LayerWeights {
    /// As in the file: rows are inputs with some rules, outputs with others.
    let weight: GraphValue
    /// A column.
    let bias: GraphValue

    /// - Parameters:
    ///   - name: what stands before `.weight` and `.bias`.
    ///   - type: what is computed in; the model holds single precision.
    init(_ graph: Graph, _ weights: LearnedWeights, _ name: String, in type: ElementType = .float) {
        let tensor = weights.tensors.first { $0.name == "\(name).weight" }!
        weight = graph.tensor(tensor.name, shape: tensor.shape, tensor.values).cast(to: type)
        let values = weights["\(name).bias"]
        bias = graph.tensor("\(name).bias", shape: [values.count, 1], values).cast(to: type)
    }

    /// Whether a rule's weights have such a layer.
    static func exists(_ name: String, in weights: LearnedWeights) -> Bool {
        weights.tensors.contains { $0.name == "\(name).weight" }
    }

    /// Wᵀ x + b, where rows of W are inputs.
    func byInputs(_ x: GraphValue) -> GraphValue { weight.transposedProduct(x, plus: bias) }

    /// W x + b, where rows of W are outputs.
    func byOutputs(_ x: GraphValue) -> GraphValue { weight.product(x, plus: bias) }
}
