import Files

/// Turns a file's tensors into canonical ones, as a convention says.
struct WeightReader {
    let file: SafetensorsFile
    let path: String

    // MARK: Which convention

    func convention(among all: [WeightConvention]) throws -> WeightConvention {
        precondition(!all.isEmpty, "at least one convention")
        let candidates = try narrowed(
            try narrowed(all, by: "kind") { $0.kind.rawValue }, by: "convention"
        ) { $0.name }
        let isNamed = file.metadata["kind"] != nil || file.metadata["convention"] != nil
        let present = Set(file.tensors.map(\.name))
        func misfit(_ convention: WeightConvention) -> Set<String> {
            let wanted = Set(convention.tensorNames.values.joined())
            return isNamed ? wanted.subtracting(present) : wanted.symmetricDifference(present)
        }
        // Of two that fit, the one that explains more: DMoptimizer's tensors are among RNNprop's.
        let nearest = candidates.min {
            (misfit($0).count, -$0.tensorNames.count) < (misfit($1).count, -$1.tensorNames.count)
        }!
        guard let wrong = misfit(nearest).min() else { return nearest }
        throw InputError(
            path,
            "\(present.contains(wrong) ? "has an unexpected" : "lacks the") tensor \(quoted(wrong)) for weights of"
                + " \(nearest.kind) in the convention \(nearest.name), the nearest",
            advice: "name a file with the weights of a learned optimizer")
    }

    private func narrowed(
        _ conventions: [WeightConvention], by key: String, _ property: (WeightConvention) -> String
    ) throws -> [WeightConvention] {
        guard let wanted = file.metadata[key] else { return conventions }
        let fitting = conventions.filter { property($0) == wanted }
        if !fitting.isEmpty { return fitting }
        throw InputError(
            path, "its metadata names the \(key) \(quoted(wanted)), which is unknown",
            advice: advice(wanted, among: conventions.map(property)))
    }

    private func advice(_ wanted: String, among names: [String]) -> String {
        if let name = nearestName(to: wanted, among: names) { return "did you mean \(name)?" }
        return "known are \(Set(names).sorted().joined(separator: ", "))"
    }

    // MARK: Tensors

    /// The number of hidden units, by the read-out.
    func hidden(_ convention: WeightConvention) throws -> Int {
        let readout = sources(.readoutWeight, convention)[0]
        let shape = convention.isTransposed ? readout.shape.reversed() : readout.shape
        guard shape.count == 2, shape[0] > 0, shape[1] == 1 else {
            let wanted = convention.isTransposed ? "[1, H]" : "[H, 1]"
            throw wrongShape(readout, "\(wanted) for H hidden units", convention)
        }
        return shape[0]
    }

    func tensors(_ convention: WeightConvention, hidden: Int) throws -> [Tensor] {
        try convention.kind.parts.map { part in
            var matrix = try matrix(part, convention, hidden: hidden)
            if part.hasGates { matrix.reorderGates(from: convention.gateOrder) }
            if part == .lstm1Bias || part == .lstm2Bias {
                matrix.addToForgetGate(convention.forgetBias - 1)
            }
            if part == convention.kind.featurePart { matrix.reorderFirstRows(convention.featureOrder) }
            if part.isReadout, convention.outputSign != convention.kind.outputSign { matrix.negate() }
            if let bad = matrix.values.first(where: { !$0.isFinite }) {
                let names = convention.tensorNames[part]!.map(quoted).joined(separator: " and ")
                throw InputError(
                    path, "tensor \(names) holds \(bad), which is no weight",
                    advice: "name an earlier checkpoint, its training has diverged since")
            }
            return Tensor(part.rawValue, shape: part.shape(convention.kind, hidden: hidden), values: matrix.values)
        }
    }

    private func sources(_ part: NetworkPart, _ convention: WeightConvention) -> [Tensor] {
        convention.tensorNames[part]!.map { file[$0]! }
    }

    /// A part as [inputs, outputs], put together from the file's tensors; a bias is one row.
    private func matrix(_ part: NetworkPart, _ convention: WeightConvention, hidden: Int) throws -> Matrix {
        let sources = sources(part, convention)
        let shape = part.shape(convention.kind, hidden: hidden)
        if shape.count == 1 {
            for source in sources where source.shape != shape {
                throw wrongShape(source, "\(shape) for \(hidden) hidden units", convention)
            }
            let sums = sources.dropFirst().reduce(sources[0].values) { sum, source in
                zip(sum, source.values).map { $0 + $1 }
            }
            return Matrix(rows: 1, columns: shape[0], values: sums)
        }
        let heights = sources.count == 1 ? [shape[0]] : [shape[0] - hidden, hidden]
        var values: [Float] = []
        for (source, height) in zip(sources, heights) {
            let stored = convention.isTransposed ? [shape[1], height] : [height, shape[1]]
            guard source.shape == stored else {
                throw wrongShape(source, "\(stored) for \(hidden) hidden units", convention)
            }
            let matrix = Matrix(rows: stored[0], columns: stored[1], values: source.values)
            values += convention.isTransposed ? matrix.transposed.values : matrix.values
        }
        return Matrix(rows: shape[0], columns: shape[1], values: values)
    }

    private func wrongShape(_ tensor: Tensor, _ wanted: String, _ convention: WeightConvention) -> InputError {
        let shape = tensor.shape.count > 4 ? "\(tensor.shape.count) dimensions" : "the shape \(tensor.shape)"
        return InputError(
            path, "tensor \(quoted(tensor.name)) has \(shape), not \(wanted)",
            advice: "name a file with weights of \(convention.kind) in the convention \(convention.name)")
    }

    // MARK: Constants

    func constants(_ convention: WeightConvention) throws -> [String: Double] {
        var constants = convention.kind.defaultConstants.merging(convention.constants) { $1 }
        for (name, text) in file.metadata.sorted(by: { $0.key < $1.key }) where constants[name] != nil {
            let range = constantRange(name)
            guard let value = Double(text), range.contains(Float(value)) else {
                throw InputError(
                    path, "its metadata gives the constant \(name) as \(quoted(text))",
                    advice: "give a number from \(range.lowerBound) to \(range.upperBound)")
            }
            constants[name] = value
        }
        return constants
    }

    /// Where a constant keeps the rule finite in float32.
    private func constantRange(_ name: String) -> ClosedRange<Float> {
        switch name {
        case "beta1", "beta2": 0...Float(1).nextDown
        case "p": 1e-3...80
        case "log_offset": 0...1
        default: 1e-30...1e6
        }
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

    mutating func reorderGates(from order: [WeightConvention.Gate]) {
        let width = columns / 4
        values = (0..<rows).flatMap { row in
            WeightConvention.Gate.allCases.flatMap { gate in
                let start = row * columns + order.firstIndex(of: gate)! * width
                return values[start..<start + width]
            }
        }
    }

    /// Canonical columns, forget gate third.
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
