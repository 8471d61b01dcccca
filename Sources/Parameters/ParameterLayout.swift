/// The tensors that a flat parameter vector holds, one after the other.
///
/// An optimizer that looks at each parameter alone needs only `count`; one that normalises by tensor, or factors its
/// moments, needs the rest.
public struct ParameterLayout: Sendable, Hashable {
    public let shapes: [ParameterShape]
    /// The number of parameters, n.
    public let count: Int

    public init(_ shapes: [ParameterShape]) {
        self.shapes = shapes
        count = shapes.reduce(0) { $0 + $1.count }
    }

    /// One tensor of `count` parameters, called `x`.
    public init(count: Int) {
        precondition(count >= 0, "a count is not negative")
        self.init([ParameterShape("x", [count])])
    }

    /// Where each tensor lies in the vector.
    public var ranges: [Range<Int>] {
        var start = 0
        return shapes.map { shape in
            defer { start += shape.count }
            return start..<start + shape.count
        }
    }
}

extension ParameterLayout: CustomStringConvertible {
    /// Each tensor's name and dimensions, as `w0[784,20] b0[20]`.
    public var description: String {
        shapes.map { "\($0.name)[\($0.dimensions.map(String.init).joined(separator: ","))]" }.joined(separator: " ")
    }
}
