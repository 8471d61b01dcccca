public import Files
import Optimizers

/// How a project's weight files say what our own say: what they call the tensors, and how to read them.
///
/// Reading gives tensors that mean the same to the rule as it is written here.
public struct WeightConvention: Sendable {
    /// What files call the convention in their metadata, under `convention`.
    public let name: String
    /// What files call each of the rule's tensors; several names where one tensor of ours lies in several of theirs.
    public let tensorNames: [String: [String]]
    /// The constants that differ from the rule's defaults; a file's metadata may say otherwise.
    public let constants: [String: Double]
    let read: @Sendable (WeightSource) throws -> (size: Int, tensors: [Tensor])

    /// Makes a convention from its parts.
    ///
    /// - Parameters:
    ///   - name: what files call the convention.
    ///   - tensorNames: what files call each of the rule's tensors.
    ///   - constants: those that differ from the rule's defaults.
    ///   - read: gives the rule's size and tensors, from a file that has all of the names.
    public init(
        name: String, tensorNames: [String: [String]], constants: [String: Double] = [:],
        read: @escaping @Sendable (WeightSource) throws -> (size: Int, tensors: [Tensor])
    ) {
        self.name = name
        self.tensorNames = tensorNames
        self.constants = constants
        self.read = read
    }

    static let ownName = "swift-l2o"

    /// Ours: the rule's own names and shapes.
    static func own(_ rule: RuleDescriptor) -> WeightConvention {
        let names = rule.tensors(1).map { ($0.name, [$0.name]) }
        return WeightConvention(name: ownName, tensorNames: Dictionary(uniqueKeysWithValues: names)) { source in
            let size = try source.size(of: source.file[rule.size.tensor]!, axis: rule.size.axis, like: rule.tensors)
            return (
                size,
                try rule.tensors(size).map { shape in
                    try source.check(source.file[shape.name]!, shape.dimensions, size: size)
                }
            )
        }
    }
}

/// A file that is read in a convention, and what to say where it does not fit.
public struct WeightSource: Sendable {
    /// The file.
    public let file: SafetensorsFile
    /// Where it lies, for errors.
    public let path: String
    /// The rule whose weights are wanted.
    public let rule: RuleDescriptor
    let convention: String

    /// The size that a tensor shows.
    ///
    /// - Parameter like: the rule's tensors for a size: what the other dimensions are compared with.
    func size(of tensor: Tensor, axis: Int, like shapes: (Int) -> [ParameterShape]) throws -> Int {
        let size = tensor.shape.indices.contains(axis) ? tensor.shape[axis] : 0
        let wanted = shapes(max(size, 1)).first { $0.name == rule.size.tensor }!.dimensions
        guard size > 0, size <= 1 << 20, tensor.shape == wanted else {
            let text = wanted.indices.map { $0 == axis ? "H" : "\(wanted[$0])" }.joined(separator: ", ")
            throw wrongShape(tensor, "[\(text)] for H \(rule.size.noun)")
        }
        return size
    }

    /// The tensor, if it has a shape.
    func check(_ tensor: Tensor, _ shape: [Int], size: Int) throws -> Tensor {
        guard tensor.shape == shape else { throw wrongShape(tensor, "\(shape) for \(size) \(rule.size.noun)") }
        return tensor
    }

    /// The error for a tensor of another shape than wanted.
    public func wrongShape(_ tensor: Tensor, _ wanted: String) -> InputError {
        let shape = tensor.shape.count > 4 ? "\(tensor.shape.count) dimensions" : "the shape \(tensor.shape)"
        return InputError(
            path, "tensor \(quoted(tensor.name)) has \(shape), not \(wanted)",
            advice: "name a file with weights of \(rule.name) in the convention \(convention)")
    }
}
