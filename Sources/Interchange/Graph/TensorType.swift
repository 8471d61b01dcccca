/// What the elements of a tensor are; the numbers are those of ONNX.
package enum ElementType: Int64, Sendable {
    case float = 1
    case int64 = 7
    case bool = 9
    case double = 11

    /// As NumPy calls it.
    package var text: String {
        switch self {
        case .float: "float32"
        case .int64: "int64"
        case .bool: "bool"
        case .double: "float64"
        }
    }
}

/// One axis of a tensor that goes into a graph or comes out of it.
package enum Dimension: Sendable, Equatable {
    /// Always of that length.
    case fixed(Int)
    /// Of any length, the same wherever the name stands.
    case symbol(String)

    /// As documentation writes it.
    package var text: String {
        switch self {
        case .fixed(let count): "\(count)"
        case .symbol(let name): name
        }
    }
}

/// A tensor that goes into a graph or comes out of it.
package struct Port: Sendable, Equatable {
    /// What runtimes call it.
    package let name: String
    /// What its elements are.
    package let type: ElementType
    /// Its axes; none for a scalar.
    package let shape: [Dimension]
    /// One line on what it holds.
    package let summary: String

    /// Makes a port from its parts.
    package init(_ name: String, _ type: ElementType, _ shape: [Dimension], _ summary: String) {
        self.name = name
        self.type = type
        self.shape = shape
        self.summary = summary
    }
}
