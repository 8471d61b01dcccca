/// Averages the meta-gradients of a meta-batch: the one place where several processes could take part.
public protocol MetaGradientReducer: Sendable {
    /// The mean over tasks, the same bits whatever computed the parts.
    func mean(_ gradients: [[Float]]) -> [Float]
}

/// All tasks of the meta-batch ran in this process.
public struct LocalReducer: MetaGradientReducer {
    public init() {}

    public func mean(_ gradients: [[Float]]) -> [Float] {
        guard gradients.count > 1 else { return gradients[0] }
        return gradients[0].indices.map { index in
            Float(gradients.reduce(0.0) { $0 + Double($1[index]) } / Double(gradients.count))
        }
    }
}
