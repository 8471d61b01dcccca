public import Files

/// What an optimizer's state holds: whole numbers and tensors, by name.
public struct StateRecord: Sendable, Equatable {
    /// Whole numbers, such as steps taken.
    public var counts: [String: Int]
    /// Everything that is kept for parameters. Values may be infinite or NaN, where a run has diverged.
    public var tensors: [Tensor]

    /// - Precondition: no two tensors share a name.
    public init(counts: [String: Int], tensors: [Tensor]) {
        precondition(Set(tensors.map(\.name)).count == tensors.count, "two tensors share a name")
        self.counts = counts
        self.tensors = tensors
    }

    /// A whole number that is not negative, and so small that nobody counts beyond what an integer can hold.
    ///
    /// - Throws: `InputError` where there is none of that name.
    public func count(_ name: String) throws -> Int {
        guard let value = counts[name], (0...1 << 53).contains(value) else {
            throw InputError("the state", "lacks the number \(quoted(name))", advice: advice)
        }
        return value
    }

    /// A tensor's values.
    ///
    /// - Throws: `InputError` where there is none of that name and shape.
    public func tensor(_ name: String, shape: [Int]) throws -> [Float] {
        guard let tensor = tensors.first(where: { $0.name == name }) else {
            throw InputError("the state", "lacks the tensor \(quoted(name))", advice: advice)
        }
        guard tensor.shape == shape else {
            throw InputError(
                "the state", "its tensor \(quoted(name)) has another shape than \(shape)", advice: advice)
        }
        return tensor.values
    }

    private var advice: String { "give the state of the same optimizer on the same parameters" }
}
