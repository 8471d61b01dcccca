/// A tensor in a graph: an input, a constant, or what an operation gives. Operators add operations to the graph.
///
///     let mean = decay * before + gain * gradient
package struct GraphValue {
    let graph: Graph
    let number: Int
    /// What its elements are.
    package let type: ElementType
    /// The number that a scalar constant is.
    private let constant: Double?

    init(graph: Graph, number: Int, type: ElementType, constant: Double? = nil) {
        self.graph = graph
        self.number = number
        self.type = type
        self.constant = constant
    }

    private func scalar(_ number: Double) -> GraphValue { graph.scalar(number, type) }

    // MARK: Arithmetic

    package static func + (a: Self, b: Self) -> Self { a.graph.apply("Add", a, b) }
    package static func - (a: Self, b: Self) -> Self { a.graph.apply("Sub", a, b) }
    package static func * (a: Self, b: Self) -> Self { a.graph.apply("Mul", a, b) }
    package static func / (a: Self, b: Self) -> Self { a.graph.apply("Div", a, b) }

    package static func + (a: Self, b: Double) -> Self { a + a.scalar(b) }
    package static func - (a: Self, b: Double) -> Self { a - a.scalar(b) }
    package static func * (a: Self, b: Double) -> Self { a * a.scalar(b) }
    package static func / (a: Self, b: Double) -> Self { a / a.scalar(b) }

    package static func + (a: Double, b: Self) -> Self { b.scalar(a) + b }
    package static func - (a: Double, b: Self) -> Self { b.scalar(a) - b }
    package static func * (a: Double, b: Self) -> Self { b.scalar(a) * b }
    package static func / (a: Double, b: Self) -> Self { b.scalar(a) / b }

    package static prefix func - (a: Self) -> Self { a.graph.apply("Neg", a) }

    // MARK: Functions

    package func squareRoot() -> Self { graph.apply("Sqrt", self) }
    package func exp() -> Self { graph.apply("Exp", self) }
    package func log() -> Self { graph.apply("Log", self) }
    package func log2() -> Self { log() * 1.4426950408889634 }
    package func tanh() -> Self { graph.apply("Tanh", self) }
    package func sigmoid() -> Self { graph.apply("Sigmoid", self) }
    package func cosine() -> Self { graph.apply("Cos", self) }
    package func magnitude() -> Self { graph.apply("Abs", self) }
    package func positivePart() -> Self { graph.apply("Relu", self) }
    package func elu() -> Self { graph.apply("Elu", self) }
    /// This number to a power, element by element.
    package func power(_ exponent: Self) -> Self { graph.apply("Pow", self, exponent) }
    package func atLeast(_ bound: Double) -> Self { graph.apply("Max", self, scalar(bound)) }
    package func clipped(_ low: Double, _ high: Double) -> Self {
        graph.apply("Clip", self, scalar(low), scalar(high))
    }

    // MARK: Conditions

    package static func < (a: Self, b: Double) -> Self { a.graph.apply("Less", a, a.scalar(b), type: .bool) }
    package static func > (a: Self, b: Double) -> Self { a.graph.apply("Greater", a, a.scalar(b), type: .bool) }
    /// Of a truth value: one value where it holds, else the other.
    package func choose(_ yes: Self, _ no: Self) -> Self { graph.apply("Where", self, yes, no, type: yes.type) }

    // MARK: Shapes and types

    /// The same numbers in another type; a constant's are rounded at once.
    package func cast(to type: ElementType) -> Self {
        if type == self.type { return self }
        if let constant { return graph.scalar(constant, type) }
        return graph.apply("Cast", self, attributes: [("to", .integer(Int(type.rawValue)))], type: type)
    }

    /// With an axis of one more, in that place.
    package func unsqueezed(_ axis: Int) -> Self { graph.apply("Unsqueeze", self, graph.integers([axis])) }
    /// Without an axis that has one element.
    package func squeezed(_ axis: Int) -> Self { graph.apply("Squeeze", self, graph.integers([axis])) }
    /// A matrix with rows for columns.
    package func transposed() -> Self { graph.apply("Transpose", self, attributes: [("perm", .integers([1, 0]))]) }
    /// Repeated along axes of one element, up to a shape.
    package func expanded(to shape: [Int]) -> Self { graph.apply("Expand", self, graph.integers(shape)) }

    /// The same elements in another shape.
    package func reshaped(_ shape: [Int]) -> Self { graph.apply("Reshape", self, graph.integers(shape)) }

    /// Pieces of given lengths along an axis.
    package func split(_ lengths: [Int], axis: Int) -> [Self] {
        if lengths.count == 1 { return [self] }
        return graph.apply(
            "Split", [self, graph.integers(lengths)], [("axis", .integer(axis))], outputs: lengths.count)
    }

    /// The sum over an axis, which stays with one element.
    package func sum(_ axis: Int) -> Self { graph.apply("ReduceSum", self, graph.integers([axis])) }
    /// The mean over an axis, which stays with one element.
    package func mean(_ axis: Int) -> Self { graph.apply("ReduceMean", self, graph.integers([axis])) }
    /// The product of all elements, a scalar.
    package func product() -> Self {
        graph.apply("ReduceProd", self, attributes: [("keepdims", .integer(0))])
    }

    /// The columns, or what lies along another axis, that a list of numbers names.
    package func gathered(_ indices: Self, axis: Int) -> Self {
        graph.apply("Gather", self, indices, attributes: [("axis", .integer(axis))])
    }

    /// Wᵀ x + b, for this W with a row for each input, and columns x.
    package func transposedProduct(_ x: Self, plus bias: Self) -> Self {
        graph.apply("Gemm", self, x, bias, attributes: [("transA", .integer(1))])
    }

    /// W x + b, for this W with a row for each output, and columns x.
    package func product(_ x: Self, plus bias: Self) -> Self { graph.apply("Gemm", self, x, bias) }
}
