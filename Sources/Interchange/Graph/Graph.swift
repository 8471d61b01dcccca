import Files

/// A graph of ONNX operations that is being built.
///
/// Rules write formulas of `GraphValue`s, whose operators add nodes here. Nodes stand in the order in which they were
/// added, which is one that they can be computed in.
package final class Graph {
    /// An operation on values, which are known by their numbers.
    struct Node {
        let operation: String
        let inputs: [Int]
        let outputs: [Int]
        let attributes: [(name: String, value: Attribute)]
    }

    /// What an operation is told besides its inputs.
    package enum Attribute {
        case integer(Int)
        case integers([Int])
    }

    /// A tensor that the model holds.
    struct Constant {
        let value: Int
        let type: ElementType
        let shape: [Int]
        /// As ONNX has it: elements one after the other, the lowest byte first.
        let bytes: [UInt8]
    }

    private struct Scalar: Hashable {
        let type: ElementType
        let bits: UInt64
    }

    private(set) var nodes: [Node] = []
    private(set) var constants: [Constant] = []
    private(set) var inputPorts: [(port: Port, value: Int)] = []
    private(set) var outputPorts: [(port: Port, value: Int)] = []
    private var names: [String] = []
    private var taken: Set<String> = []
    private var scalars: [Scalar: Int] = [:]
    private var integerLists: [[Int]: Int] = [:]

    package init() {}

    /// What goes in.
    package var inputs: [Port] { inputPorts.map(\.port) }
    /// What comes out.
    package var outputs: [Port] { outputPorts.map(\.port) }
    /// The number of operations.
    package var nodeCount: Int { nodes.count }

    func name(_ value: Int) -> String { names[value] }

    private func newValue(_ name: String, isOwn: Bool = false) -> Int {
        let number = names.count
        let name = isOwn ? name : "\(name)_\(number)"
        precondition(taken.insert(name).inserted, "two values are called \(name)")
        names.append(name)
        return number
    }

    // MARK: Ports

    /// A new input.
    /// - Precondition: nothing else has its name.
    package func input(_ port: Port) -> GraphValue {
        let value = newValue(port.name, isOwn: true)
        inputPorts.append((port, value))
        return GraphValue(graph: self, number: value, type: port.type)
    }

    /// Makes a value an output.
    /// - Precondition: it is no output yet, an operation gave it, and nothing else has the name.
    package func output(_ value: GraphValue, _ port: Port) {
        precondition(value.type == port.type, "\(port.name) holds \(port.type.text)")
        precondition(
            !outputPorts.contains { $0.value == value.number }
                && nodes.contains { $0.outputs.contains(value.number) }, "\(port.name) is another value's copy")
        taken.remove(names[value.number])
        precondition(taken.insert(port.name).inserted, "two values are called \(port.name)")
        names[value.number] = port.name
        outputPorts.append((port, value.number))
    }

    // MARK: Constants

    private func constant(_ name: String, isOwn: Bool, _ type: ElementType, _ shape: [Int], _ bytes: [UInt8]) -> Int {
        let value = newValue(name, isOwn: isOwn)
        constants.append(Constant(value: value, type: type, shape: shape, bytes: bytes))
        return value
    }

    /// A number, the same value wherever it is asked for.
    ///
    /// - Precondition: whole where the type is.
    package func scalar(_ number: Double, _ type: ElementType) -> GraphValue {
        let bytes: [UInt8] =
            switch type {
            case .float: littleEndianBytes(Float(number).bitPattern)
            case .double: littleEndianBytes(number.bitPattern)
            case .int64: littleEndianBytes(Int64(exactly: number)!)
            case .bool: preconditionFailure("a truth value is no number")
            }
        let key = Scalar(type: type, bits: number.bitPattern)
        let value = scalars[key] ?? constant("constant", isOwn: false, type, [], bytes)
        scalars[key] = value
        return GraphValue(graph: self, number: value, type: type, constant: number)
    }

    /// A tensor of floats under a name of its own, such as weights.
    /// - Precondition: as many values as the shape has elements.
    package func tensor(_ name: String, shape: [Int], _ values: [Float]) -> GraphValue {
        precondition(values.count == shape.reduce(1, *), "\(name): values and shape differ")
        let value = constant(name, isOwn: true, .float, shape, littleEndianBytes(values.map(\.bitPattern)))
        return GraphValue(graph: self, number: value, type: .float)
    }

    /// The same in double precision.
    package func tensor(_ name: String, shape: [Int], _ values: [Double]) -> GraphValue {
        precondition(values.count == shape.reduce(1, *), "\(name): values and shape differ")
        let value = constant(name, isOwn: true, .double, shape, littleEndianBytes(values.map(\.bitPattern)))
        return GraphValue(graph: self, number: value, type: .double)
    }

    /// A list of whole numbers, as operations take axes and sizes.
    package func integers(_ values: [Int]) -> GraphValue {
        let value =
            integerLists[values]
            ?? constant("sizes", isOwn: false, .int64, [values.count], littleEndianBytes(values.map { Int64($0) }))
        integerLists[values] = value
        return GraphValue(graph: self, number: value, type: .int64)
    }

    // MARK: Operations

    /// Adds an operation.
    ///
    /// - Parameters:
    ///   - operation: as ONNX calls it.
    ///   - inputs: what it works on.
    ///   - attributes: what else it is told.
    ///   - type: what the elements of its outputs are; else those of its first input.
    ///   - outputs: how many it gives.
    package func apply(
        _ operation: String, _ inputs: [GraphValue], _ attributes: [(String, Attribute)] = [],
        type: ElementType? = nil, outputs: Int
    ) -> [GraphValue] {
        precondition(inputs.allSatisfy { $0.graph === self }, "\(operation): a value is another graph's")
        let type = type ?? inputs[0].type
        let values = (0..<outputs).map { _ in newValue(operation.lowercased()) }
        nodes.append(
            Node(
                operation: operation, inputs: inputs.map(\.number), outputs: values,
                attributes: attributes.map { (name: $0.0, value: $0.1) }))
        return values.map { GraphValue(graph: self, number: $0, type: type) }
    }

    /// Adds an operation with one output.
    package func apply(
        _ operation: String, _ inputs: GraphValue..., attributes: [(String, Attribute)] = [], type: ElementType? = nil
    ) -> GraphValue {
        apply(operation, inputs, attributes, type: type, outputs: 1)[0]
    }

    /// Tensors one after the other along an axis.
    package func concatenate(_ values: [GraphValue], axis: Int) -> GraphValue {
        values.count == 1 ? values[0] : apply("Concat", values, [("axis", .integer(axis))], outputs: 1)[0]
    }
}
