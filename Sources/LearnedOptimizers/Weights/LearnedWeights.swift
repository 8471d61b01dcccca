public import Files
import Optimizers

/// The weights of a learned optimizer and its constants, independent of who trained it and of how kernels pack it.
///
///     let weights = try LearnedWeights.load(path: "rnnprop.safetensors")
///     weights["readout.weight"]     // 20 floats
///     weights.constants["scale"]    // 0.1
public struct LearnedWeights: Sendable, Equatable {
    /// The rule's name.
    public let kind: String
    /// The number on which the shapes depend, such as hidden units.
    public let size: Int
    /// The finite tensors of φ, with the names, shapes and order of the rule's descriptor.
    public let tensors: [Tensor]
    /// A value for each constant of the rule.
    public let constants: [String: Double]

    /// Weights made in this program.
    ///
    /// - Parameters:
    ///   - rule: what they are weights of.
    ///   - size: the number on which the shapes depend.
    ///   - constants: those that differ from the rule's defaults.
    ///   - values: the floats of the tensor of each name.
    /// - Precondition: each tensor has as many floats as its shape, and the rule has such constants.
    public init(
        _ rule: RuleDescriptor, size: Int, constants: [String: Double] = [:], values: (String) -> [Float]
    ) {
        precondition(size > 0, "at least one of the \(rule.size.noun)")
        kind = rule.name
        self.size = size
        tensors = rule.tensors(size).map { Tensor($0.name, shape: $0.dimensions, values: values($0.name)) }
        self.constants = rule.defaultConstants.merging(constants) { $1 }
        precondition(self.constants.count == rule.constants.count, "\(rule.name) has no such constant")
    }

    /// Weights made in this program, the tensors one after the other.
    /// - Precondition: as many floats as the rule's tensors have, and the rule has such constants.
    public init(_ rule: RuleDescriptor, size: Int, constants: [String: Double] = [:], flat values: [Float]) {
        let shapes = rule.tensors(size)
        let places = Dictionary(uniqueKeysWithValues: zip(shapes.map(\.name), ParameterLayout(shapes).ranges))
        self.init(rule, size: size, constants: constants) { Array(values[places[$0]!]) }
    }

    /// The floats of a tensor.
    /// - Precondition: the rule has a tensor of that name.
    public subscript(name: String) -> [Float] {
        guard let tensor = tensors.first(where: { $0.name == name }) else {
            preconditionFailure("\(kind) has no tensor \(name)")
        }
        return tensor.values
    }

    /// A file in our own convention, which `load(path:)` reads back as it was.
    ///
    /// - Parameter metadata: what else the file shall say, such as the command that trained the weights.
    /// - Precondition: `metadata` names neither `kind`, `convention` nor a constant.
    public func safetensors(metadata: [String: String] = [:]) -> SafetensorsFile {
        var all = constants.mapValues(\.description)
        all["kind"] = kind
        all["convention"] = WeightConvention.ownName
        all.merge(metadata) { _, _ in preconditionFailure("the metadata say themselves what the weights are") }
        return SafetensorsFile(tensors, metadata: all)
    }
}

extension LearnedWeights {
    /// Reads a weight file, see `init(_:path:rules:)`.
    ///
    /// - Throws: `InputError` also where the file cannot be read or is no safetensors file.
    public static func load(
        path: String, rules: [RuleDescriptor] = RuleRegister.all
    ) throws -> LearnedWeights {
        try LearnedWeights(try SafetensorsFile(path: path), path: path, rules: rules)
    }

    /// Reads weights of any known rule, in our own convention or in one that the rule knows.
    ///
    /// The metadata `kind` and `convention` narrow the choice and allow further tensors in the file; without them the
    /// tensors must be exactly those of one convention, and of one rule. Constants in the metadata override the convention's.
    ///
    /// - Parameters:
    ///   - file: the file's content.
    ///   - path: where the file lies, for errors.
    ///   - rules: those to choose from.
    /// - Throws: `InputError` where no rule fits, a shape is wrong, a weight is NaN or infinite, or a constant is out
    ///   of range.
    public init(_ file: SafetensorsFile, path: String, rules: [RuleDescriptor] = RuleRegister.all) throws {
        let reader = try WeightReader(file: file, path: path, rules: rules)
        kind = reader.rule.name
        (size, tensors) = try reader.tensors()
        constants = try reader.constants()
    }

    func check(isOf rule: RuleDescriptor, path: String) throws {
        guard kind == rule.name else {
            throw InputError(
                path, "holds weights of \(kind), not \(rule.name)", advice: "give --optimizer \(kind)")
        }
    }
}

/// The learned optimizer whose weights a file holds, in any known convention.
///
///     let optimizer = try loadLearnedOptimizer(path: "rnnprop.safetensors")
///
/// - Parameters:
///   - path: the weight file.
///   - rules: those to choose from.
/// - Throws: `InputError` where the file cannot be read, fits no convention or holds a NaN or infinite weight.
public func loadLearnedOptimizer(
    path: String, rules: [RuleDescriptor] = RuleRegister.all
) throws -> any LearnedOptimizer {
    try WeightsOrigin.file(path).optimizer(rules: rules)
}
