public import NumericCore

/// Draws the minibatch of any step, uniformly with replacement, as a pure function of key and step.
public struct MinibatchSampler: Sendable {
    /// The number of examples drawn from.
    public let count: Int
    /// The number of examples in a minibatch.
    public let batchSize: Int
    private let key: RandomKey

    /// - Precondition: both counts are positive.
    public init(count: Int, batchSize: Int, key: RandomKey) {
        precondition(count > 0 && batchSize > 0, "minibatches need examples")
        self.count = count
        self.batchSize = batchSize
        self.key = key
    }

    /// Overwrites `indices` with the examples of the minibatch of `step`, each in `0 ..< count`.
    ///
    /// - Precondition: `indices` holds `batchSize` elements.
    public func fill(_ indices: inout [Int32], step: Int) {
        precondition(indices.count == batchSize, "the buffer must hold one minibatch")
        var stream = RandomStream(key.child(step))
        for position in 0..<batchSize {
            indices[position] = Int32(stream.index(below: count))
        }
    }
}
