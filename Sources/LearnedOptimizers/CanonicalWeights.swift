public import Files

/// The weights of a learned optimizer and its constants, independent of who trained it and of how kernels pack it.
///
///     let weights = try CanonicalWeights.load(path: "rnnprop.safetensors")
///     weights[.readoutWeight]       // 20 floats
///     weights.constants["scale"]    // 0.1
public struct CanonicalWeights: Sendable, Equatable {
    public let kind: NetworkKind
    /// Units of each LSTM layer, H.
    public let hidden: Int
    /// One finite tensor for each of the kind's parts, in their order, with the names and shapes of `NetworkPart`.
    public let tensors: [Tensor]
    /// A value for each name in the kind's `defaultConstants`.
    public let constants: [String: Double]

    /// Weights made in this program.
    ///
    /// - Parameters:
    ///   - constants: those that differ from the kind's defaults.
    ///   - values: the floats of each part, in the canonical layout.
    /// - Precondition: each part has as many floats as its shape for `hidden` units.
    public init(
        kind: NetworkKind, hidden: Int, constants: [String: Double] = [:], values: (NetworkPart) -> [Float]
    ) {
        precondition(hidden > 0, "at least one hidden unit")
        self.kind = kind
        self.hidden = hidden
        tensors = kind.parts.map {
            Tensor($0.rawValue, shape: $0.shape(kind, hidden: hidden), values: values($0))
        }
        self.constants = kind.defaultConstants.merging(constants) { $1 }
        precondition(self.constants.count == kind.defaultConstants.count, "\(kind) has no such constant")
    }

    /// The floats of a part.
    /// - Precondition: the kind has the part.
    public subscript(part: NetworkPart) -> [Float] {
        guard let index = kind.parts.firstIndex(of: part) else {
            preconditionFailure("\(kind) has no \(part.rawValue)")
        }
        return tensors[index].values
    }

    /// A file in our own convention, which `load(path:conventions:)` reads back as it was.
    ///
    /// - Parameter metadata: what else the file shall say, such as the command that trained the weights.
    /// - Precondition: `metadata` names neither `kind`, `convention` nor a constant.
    public func safetensors(metadata: [String: String] = [:]) -> SafetensorsFile {
        var all = constants.mapValues(\.description)
        all["kind"] = kind.rawValue
        all["convention"] = WeightConvention.canonicalName
        all.merge(metadata) { _, _ in preconditionFailure("the metadata say themselves what the weights are") }
        return SafetensorsFile(tensors, metadata: all)
    }
}

extension CanonicalWeights {
    /// Reads a weight file, see `init(_:path:conventions:)`.
    ///
    /// - Throws: `InputError` also where the file cannot be read or is no safetensors file.
    public static func load(
        path: String, conventions: [WeightConvention] = WeightConvention.all
    ) throws -> CanonicalWeights {
        try CanonicalWeights(try SafetensorsFile(path: path), path: path, conventions: conventions)
    }

    /// Reads weights in any known convention.
    ///
    /// The metadata `kind` and `convention` narrow the choice and allow further tensors in the file; without them
    /// the tensors must be exactly those of one convention. Constants in the metadata, by the names of the kind's
    /// `defaultConstants`, override the convention's.
    ///
    /// - Parameters:
    ///   - path: where the file lies, for errors.
    ///   - conventions: those to choose from.
    /// - Throws: `InputError` where no convention fits, a shape is wrong, a weight is NaN or infinite, or a constant
    ///   is out of range.
    public init(
        _ file: SafetensorsFile, path: String, conventions: [WeightConvention] = WeightConvention.all
    ) throws {
        let reader = WeightReader(file: file, path: path)
        let convention = try reader.convention(among: conventions)
        hidden = try reader.hidden(convention)
        kind = convention.kind
        tensors = try reader.tensors(convention, hidden: hidden)
        constants = try reader.constants(convention)
    }
}

extension WeightConvention {
    /// The convention in which `CanonicalWeights` reads a file.
    ///
    /// - Parameters:
    ///   - path: where the file lies, for errors.
    ///   - conventions: those to choose from.
    /// - Throws: `InputError` where none fits.
    public static func recognized(
        in file: SafetensorsFile, path: String, among conventions: [WeightConvention] = all
    ) throws -> WeightConvention {
        try WeightReader(file: file, path: path).convention(among: conventions)
    }
}
