/// A named tensor within the flat parameter vector.
public struct ParameterShape: Sendable, Hashable {
    public let name: String
    public let dimensions: [Int]

    public init(_ name: String, _ dimensions: [Int]) {
        self.name = name
        self.dimensions = dimensions
    }

    /// The number of elements.
    public var count: Int { dimensions.reduce(1, *) }
}
