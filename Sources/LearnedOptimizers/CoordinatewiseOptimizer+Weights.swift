import Files
import KernelTypes
public import NumericCore

extension CoordinatewiseOptimizer {
    /// The optimizer of weights from a file or another program.
    /// - Precondition: the weights are of this kind.
    public init(weights: CanonicalWeights) { self.init(weights: weights, kernels: .selected) }

    /// The same with another instruction set's kernels, for comparison.
    public init(weights: CanonicalWeights, kernels: Kernels) {
        precondition(weights.kind.rawValue == Features.kind, "weights of \(weights.kind) are not \(Features.kind)")
        let hidden = weights.hidden
        let places = Self.places(hidden: hidden)
        var packed = [Float](repeating: 0, count: places.reduce(0) { $0 + $1.offsets.count })
        for place in places {
            for (offset, value) in zip(place.offsets, weights[place.part]) { packed[offset] = value }
        }
        self.init(metaParameters: packed, hidden: hidden, constants: weights.constants, kernels: kernels)
    }

    /// φ as named tensors, for files and other programs.
    /// - Precondition: the network has two layers, as the canonical layout has.
    public var canonicalWeights: CanonicalWeights {
        precondition(network.layout.layers == 2, "the canonical layout has two layers")
        let weights = metaParameters
        let places = Dictionary(
            uniqueKeysWithValues: Self.places(hidden: network.layout.hidden).map { ($0.part, $0.offsets) })
        return CanonicalWeights(
            kind: NetworkKind(rawValue: Features.kind)!, hidden: network.layout.hidden, constants: constants
        ) { part in places[part]!.map { weights[$0] } }
    }

    /// Where φ holds the elements of each canonical tensor, in the tensor's order.
    private static func places(hidden: Int) -> [(part: NetworkPart, offsets: [Int])] {
        let layout = Features.layout(hidden: hidden, layers: 2)
        /// The element of `row` (0 for the bias) and column `gate · hidden + unit` of a layer.
        func gates(layer: Int, rows: Range<Int>) -> [Int] {
            rows.flatMap { row in
                (0..<4 * hidden).map { column in
                    let (gate, unit) = column.quotientAndRemainder(dividingBy: hidden)
                    return layout.layerOffset(layer) + (unit * (1 + layout.rows(layer: layer)) + row) * 4 + gate
                }
            }
        }
        let projection = 0..<layout.projection
        return NetworkKind(rawValue: Features.kind)!.parts.map { part in
            let offsets =
                switch part {
                case .projectionWeight:
                    (1...NetworkLayout.features).flatMap { row in projection.map { 3 * $0 + row } }
                case .projectionBias: projection.map { 3 * $0 }
                case .lstm1Weight: gates(layer: 0, rows: 1..<1 + layout.rows(layer: 0))
                case .lstm1Bias: gates(layer: 0, rows: 0..<1)
                case .lstm2Weight: gates(layer: 1, rows: 1..<1 + layout.rows(layer: 1))
                case .lstm2Bias: gates(layer: 1, rows: 0..<1)
                case .readoutWeight: (0..<hidden).map { layout.readoutOffset + $0 }
                case .readoutBias: [layout.readoutOffset + hidden]
                }
            return (part, offsets)
        }
    }
}

extension NetworkKind {
    /// The type that runs networks of this kind.
    public var optimizerType: any LearnedOptimizer.Type {
        switch self {
        case .rnnprop: RNNprop.self
        case .dm: DMoptimizer.self
        }
    }
}

/// The learned optimizer whose weights a file holds, in any known convention.
///
///     let optimizer = try loadLearnedOptimizer(path: "rnnprop.safetensors")
///
/// - Throws: `InputError` where the file cannot be read, fits no convention or holds a NaN or infinite weight.
public func loadLearnedOptimizer(path: String) throws -> any LearnedOptimizer {
    let weights = try CanonicalWeights.load(path: path)
    return weights.kind.optimizerType.init(weights: weights)
}

extension LearnedOptimizer {
    /// One with weights that were read from `path`.
    ///
    /// - Throws: `InputError` where they are of another kind.
    public init(_ weights: CanonicalWeights, path: String) throws {
        guard weights.kind.rawValue == Self.kind else {
            throw InputError(
                path, "holds weights of \(weights.kind), not \(Self.kind)",
                advice: "give --optimizer \(weights.kind)")
        }
        self.init(weights: weights)
    }
}
