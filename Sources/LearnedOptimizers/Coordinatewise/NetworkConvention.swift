import Files
import KernelTypes

/// A gate of an LSTM cell.
public enum LSTMGate: Sendable, CaseIterable { case input, candidate, forget, output }

extension WeightConvention {
    /// How another project's files hold a coordinatewise network of two LSTM layers, as data.
    ///
    /// Reading applies every difference to the tensors, so that they mean the same to our rules:
    ///
    ///     rnnprop   θ ← θ − scale · tanh(output),  features g/s, m̂/s
    ///     dm        θ ← θ + scale · output,        features max(log(|g| + log_offset)/p, −1), clip(g eᵖ, −1, 1)
    ///
    /// - Parameters:
    ///   - features: the rule.
    ///   - name: what files call the convention in their metadata, under `convention`.
    ///   - tensorNames: what files call each tensor. An LSTM's matrix may lie in two tensors, for inputs and for hidden
    ///     units; of a bias in several tensors, the sum counts.
    ///   - gateOrder: the order of the gates along an LSTM's columns.
    ///   - isTransposed: whether matrices are stored as [outputs, inputs].
    ///   - featureOrder: for each of our features, which of the file's it is.
    ///   - negatesOutput: whether the project adds what our rule subtracts, or the other way round.
    ///   - forgetBias: what the project's cell adds to the forget gate: 0 where the bias contains it.
    ///   - constants: those that differ from the rule's defaults; a file's metadata may say otherwise.
    /// - Precondition: each tensor of the rule has a name, `gateOrder` and `featureOrder` are permutations, and the
    ///   rule has such constants.
    public static func network<Features: FeatureRule>(
        _ features: Features.Type, name: String, tensorNames: [NetworkTensor: [String]],
        gateOrder: [LSTMGate] = LSTMGate.allCases, isTransposed: Bool = false, featureOrder: [Int]? = nil,
        negatesOutput: Bool = false, forgetBias: Float = 1, constants: [String: Double] = [:]
    ) -> WeightConvention {
        let layout = Features.fileLayout(hidden: 1)
        let parts = NetworkTensor.all(layout)
        precondition(
            Set(tensorNames.keys) == Set(parts), "each tensor of \(Features.kind) needs a name, and no other")
        for (part, names) in tensorNames {
            let most = part.rawValue.hasSuffix("bias") ? Int.max : part.isGateMatrix ? 2 : 1
            precondition((1...most).contains(names.count), "\(part.rawValue) cannot lie in \(names.count) tensors")
        }
        precondition(gateOrder.count == 4 && Set(gateOrder).count == 4, "the four gates, once each")
        let featureOrder = featureOrder ?? Array(0..<layout.features)
        precondition(featureOrder.sorted() == Array(0..<layout.features), "the features, once each")
        precondition(!negatesOutput || layout.outputs == 1, "of several outputs, not all are negated")
        let known = Set(Features.constants.map(\.name))
        precondition(known.isSuperset(of: constants.keys), "\(Features.kind) has no such constant")
        return WeightConvention(
            name: name, tensorNames: Dictionary(uniqueKeysWithValues: tensorNames.map { ($0.rawValue, $1) }),
            constants: constants
        ) { source in
            try NetworkReader<Features>(
                source: source, tensorNames: tensorNames, gateOrder: gateOrder, isTransposed: isTransposed,
                featureOrder: featureOrder, negatesOutput: negatesOutput, forgetBias: forgetBias
            ).read()
        }
    }
}

/// Turns a file's tensors into ours.
private struct NetworkReader<Features: FeatureRule> {
    let source: WeightSource
    let tensorNames: [NetworkTensor: [String]]
    let gateOrder: [LSTMGate]
    let isTransposed: Bool
    let featureOrder: [Int]
    let negatesOutput: Bool
    let forgetBias: Float

    func read() throws -> (size: Int, tensors: [Tensor]) {
        let hidden = try hidden()
        let layout = Features.fileLayout(hidden: hidden)
        let tensors = try NetworkTensor.all(layout).map { part in
            var matrix = try matrix(part, layout)
            if part.hasGates { matrix.reorderGates(from: gateOrder) }
            if part.isGateBias { matrix.addToForgetGate(forgetBias - 1) }
            if part == .ofFeatures(layout) { matrix.reorderFirstRows(featureOrder) }
            if part.isReadout && negatesOutput { matrix.negate() }
            return Tensor(part.rawValue, shape: part.shape(layout), values: matrix.values)
        }
        return (hidden, tensors)
    }

    /// The number of hidden units, by the read-out.
    private func hidden() throws -> Int {
        let readout = sources(.readoutWeight)[0]
        let shape = isTransposed ? readout.shape.reversed() : readout.shape
        let outputs = Features.fileLayout(hidden: 1).outputs
        guard shape.count == 2, shape[0] > 0, shape[0] <= 1 << 20, shape[1] == outputs else {
            let wanted = isTransposed ? "[\(outputs), H]" : "[H, \(outputs)]"
            throw source.wrongShape(readout, "\(wanted) for H hidden units")
        }
        return shape[0]
    }

    private func sources(_ part: NetworkTensor) -> [Tensor] { tensorNames[part]!.map { source.file[$0]! } }

    /// A tensor as [inputs, outputs], put together from the file's; a bias is one row.
    private func matrix(_ part: NetworkTensor, _ layout: NetworkLayout) throws -> Matrix {
        let sources = sources(part)
        let (shape, hidden) = (part.shape(layout), layout.hidden)
        if shape.count == 1 {
            for tensor in sources where tensor.shape != shape {
                throw source.wrongShape(tensor, "\(shape) for \(hidden) hidden units")
            }
            let sums = sources.dropFirst().reduce(sources[0].values) { sum, tensor in
                zip(sum, tensor.values).map { $0 + $1 }
            }
            return Matrix(rows: 1, columns: shape[0], values: sums)
        }
        let heights = sources.count == 1 ? [shape[0]] : [shape[0] - hidden, hidden]
        var values: [Float] = []
        for (tensor, height) in zip(sources, heights) {
            let stored = isTransposed ? [shape[1], height] : [height, shape[1]]
            guard tensor.shape == stored else {
                throw source.wrongShape(tensor, "\(stored) for \(hidden) hidden units")
            }
            let matrix = Matrix(rows: stored[0], columns: stored[1], values: tensor.values)
            values += isTransposed ? matrix.transposed.values : matrix.values
        }
        return Matrix(rows: shape[0], columns: shape[1], values: values)
    }
}

/// Rows of floats, for putting them in another order.
private struct Matrix {
    let rows: Int
    let columns: Int
    var values: [Float]

    var transposed: Matrix {
        let flipped = (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } }
        return Matrix(rows: columns, columns: rows, values: flipped)
    }

    mutating func reorderGates(from order: [LSTMGate]) {
        let width = columns / 4
        values = (0..<rows).flatMap { row in
            LSTMGate.allCases.flatMap { gate in
                let start = row * columns + order.firstIndex(of: gate)! * width
                return values[start..<start + width]
            }
        }
    }

    /// Our columns, forget gate third.
    mutating func addToForgetGate(_ difference: Float) {
        guard difference != 0 else { return }
        for index in columns / 2..<columns / 4 * 3 { values[index] += difference }
    }

    mutating func reorderFirstRows(_ order: [Int]) {
        let first = order.flatMap { values[$0 * columns..<($0 + 1) * columns] }
        values.replaceSubrange(0..<first.count, with: first)
    }

    mutating func negate() { values = values.map(-) }
}
