public import NumericCore

/// Draws minibatches uniformly with replacement: which images a step meets depends on the key and the step alone.
///
/// There is no state to advance, so steps may be asked for in any order and from any thread.
///
///     let sampler = MinibatchSampler(count: 55_000, batchSize: 128, key: RandomKey(seed: 1))
///     let first = sampler.indices(at: 0)
public struct MinibatchSampler: Sendable {
    /// The number of examples to draw from.
    public let count: Int
    /// The number of examples in a minibatch.
    public let batchSize: Int
    private let key: RandomKey

    /// Draws `batchSize` of `count` examples a step, by the numbers of `key`.
    ///
    /// - Precondition: `count` is positive and fits 32 bits; `batchSize` is positive.
    public init(count: Int, batchSize: Int, key: RandomKey) {
        precondition(count > 0 && count <= Int(UInt32.max), "the number of examples must be positive and fit 32 bits")
        precondition(batchSize > 0, "a minibatch has at least one example")
        self.count = count
        self.batchSize = batchSize
        self.key = key
    }

    /// The examples that `step` meets, each in `0 ..< count`.
    public func indices(at step: Int) -> [Int] {
        var indices = [Int](repeating: 0, count: batchSize)
        var span = indices.mutableSpan
        fill(&span, at: step)
        return indices
    }

    /// Writes the examples that `step` meets over `indices`; allocates nothing.
    ///
    /// - Precondition: `indices` has `batchSize` elements.
    public func fill(_ indices: inout MutableSpan<Int>, at step: Int) {
        precondition(indices.count == batchSize, "the buffer must hold one minibatch")
        var stream = RandomStream(key.child(step))
        for position in 0..<batchSize { indices[position] = stream.index(below: count) }
    }
}
