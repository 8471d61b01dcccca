import Files
import NumericCore
public import Optimizers

/// What files, commands and tests have to know of a learned rule: its name, its constants, its weights' names and shapes.
///
/// A rule is registered by its descriptor, in `RuleRegister.all`; a rule of another package hands its own to whoever
/// reads its files.
public struct RuleDescriptor: Sendable {
    /// The name that weight files and commands use, as `rnnprop`.
    public let name: String
    /// One line for lists of rules.
    public let summary: String
    /// The constants that weight files keep.
    public let constants: [RuleConstant]
    /// What the shapes of the weights depend on.
    public let size: RuleSize
    /// The tensors of φ for a size, in the order in which files have them.
    public let tensors: @Sendable (Int) -> [ParameterShape]
    /// How other projects' files say the same; our own convention needs no entry.
    public let conventions: [WeightConvention]
    /// The type that runs the rule.
    public let type: any LearnedOptimizer.Type

    /// Makes a descriptor from its parts.
    public init(
        name: String, summary: String, constants: [RuleConstant], size: RuleSize,
        tensors: @escaping @Sendable (Int) -> [ParameterShape], conventions: [WeightConvention] = [],
        type: any LearnedOptimizer.Type
    ) {
        self.name = name
        self.summary = summary
        self.constants = constants
        self.size = size
        self.tensors = tensors
        self.conventions = conventions
        self.type = type
    }

    /// The constants by name, with the values of the rule's paper.
    public var defaultConstants: [String: Double] {
        Dictionary(uniqueKeysWithValues: constants.map { ($0.name, $0.value) })
    }

    /// φ before training: what is drawn is truncated normal with a variance of one over the number of inputs, all else 0.
    ///
    /// - Parameters:
    ///   - size: see `tensors`.
    ///   - inputs: the axis of a weight's inputs.
    ///   - isDrawn: which tensors are drawn.
    func untrained(_ key: RandomKey, size: Int, inputs: Int, isDrawn: (ParameterShape) -> Bool) -> [Float] {
        var stream = RandomStream(key)
        return tensors(size).flatMap { shape -> [Float] in
            guard isDrawn(shape) else { return [Float](repeating: 0, count: shape.count) }
            let deviation = 1 / Float(shape.dimensions[inputs]).squareRoot()
            return (0..<shape.count).map { _ in deviation * stream.truncatedNormal() }
        }
    }

    /// The same, for files in one more convention.
    public func reading(_ convention: WeightConvention) -> RuleDescriptor {
        RuleDescriptor(
            name: name, summary: summary, constants: constants, size: size, tensors: tensors,
            conventions: conventions + [convention], type: type)
    }
}

extension RuleDescriptor {
    /// The type, for training by first-order meta-gradients.
    ///
    /// - Throws: `InputError` where the rule has none.
    public func firstOrderType() throws -> any FirstOrderLearnedOptimizer.Type {
        guard let type = type as? any FirstOrderLearnedOptimizer.Type else {
            throw InputError(
                name, "has no first-order meta-gradient", advice: "train it with evolution strategies")
        }
        return type
    }
}

/// A constant of a rule, as weight files keep it.
public struct RuleConstant: Sendable {
    /// The name in files, as `beta1`.
    public let name: String
    /// The value of the rule's paper.
    public let value: Double
    /// Where it keeps the rule finite in float32.
    public let range: ClosedRange<Float>

    /// Makes a constant from its parts; where no range is given, it may be any positive number of usual size.
    public init(_ name: String, _ value: Double, in range: ClosedRange<Float> = 1e-30...1e6) {
        self.name = name
        self.value = value
        self.range = range
    }

    /// A decay rate: from 0 to just below 1.
    public static func decay(_ name: String, _ value: Double) -> RuleConstant {
        RuleConstant(name, value, in: 0...Float(1).nextDown)
    }
}

/// The one number on which the shapes of a rule's weights depend, and where a file shows it.
public struct RuleSize: Sendable {
    /// What is counted, as `hidden units`.
    public let noun: String
    /// The tensor that shows it.
    public let tensor: String
    /// The dimension of that tensor.
    public let axis: Int
    /// What a network of this size is, in words, as `two LSTM layers of 20`.
    public let text: @Sendable (Int) -> String

    /// Makes a size from its parts.
    public init(_ noun: String, of tensor: String, axis: Int, text: @escaping @Sendable (Int) -> String) {
        self.noun = noun
        self.tensor = tensor
        self.axis = axis
        self.text = text
    }
}
