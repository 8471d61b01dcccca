import KernelTypes
public import NumericCore
import Optimizers

extension CoordinatewiseOptimizer {
    /// The optimizer of weights from a file or another program.
    /// - Precondition: the weights are of this rule.
    public init(weights: LearnedWeights) { self.init(weights: weights, kernels: .selected) }

    /// The same with another instruction set's kernels, for comparison.
    public init(weights: LearnedWeights, kernels: Kernels) {
        precondition(weights.kind == Features.kind, "weights of \(weights.kind) are not \(Features.kind)")
        let layout = Features.fileLayout(hidden: weights.size)
        var flat = [Float](repeating: 0, count: layout.weightCount)
        for part in NetworkTensor.all(layout) {
            for (offset, value) in zip(part.offsets(layout), weights[part.rawValue]) { flat[offset] = value }
        }
        self.init(metaParameters: flat, hidden: weights.size, constants: weights.constants, kernels: kernels)
    }

    /// φ as named tensors, for files and other programs.
    /// - Precondition: the network has two layers, as weight files have it.
    public var weights: LearnedWeights {
        let layout = network.layout
        precondition(layout.layers == 2, "weight files know networks of two layers")
        let flat = metaParameters
        return LearnedWeights(Features.descriptor, size: layout.hidden, constants: constants) { name in
            NetworkTensor(rawValue: name)!.offsets(layout).map { flat[$0] }
        }
    }

    public var reference: (any ReferenceRule)? {
        ReferenceNetwork(
            Features.self, hidden: network.layout.hidden, layers: network.layout.layers,
            weights: metaParameters.map(Double.init), constants: constants)
    }
}
