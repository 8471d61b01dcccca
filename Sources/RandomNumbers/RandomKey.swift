import Platform

/// Names one source of random numbers. Keys form a tree: `seed → task 7 → step 3 → minibatch`.
///
/// Every draw is a pure function of its key and position, so results never depend on threads or on the order
/// of evaluation. The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, *Parallel random numbers: as
/// easy as 1, 2, 3*).
///
///     let task = RandomKey(seed: 1).child(7)
///     var stream = RandomStream(task.child(0))
///     let x = stream.uniform(in: -3...3)
public struct RandomKey: Sendable, Hashable {
    let word: SIMD2<UInt32>

    /// The root of the tree for a user's seed.
    public init(seed: UInt64) {
        word = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    }

    private init(word: SIMD2<UInt32>) { self.word = word }

    /// The key of the `index`-th branch below this one.
    public func child(_ index: Int) -> RandomKey {
        let label = UInt64(bitPattern: Int64(index))
        // The third word keeps a child's key apart from the numbers that a stream of this key draws.
        let block = philox(
            counter: SIMD4(
                UInt32(truncatingIfNeeded: label), UInt32(truncatingIfNeeded: label >> 32), 0x6B65_7973, 0),
            key: word)
        return RandomKey(word: block.lowHalf)
    }
}

/// The numbers of one `RandomKey`, in order.
public struct RandomStream: Sendable, RandomNumberGenerator {
    private let key: SIMD2<UInt32>
    private var position: UInt64 = 0
    private var block = SIMD4<UInt32>(repeating: 0)
    private var unread = 0

    public init(_ key: RandomKey) { self.key = key.word }

    /// The next 32 random bits.
    public mutating func nextWord() -> UInt32 {
        if unread == 0 {
            block = philox(
                counter: SIMD4(
                    UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position >> 32), 0, 0),
                key: key)
            position &+= 1
            unread = 4
        }
        unread -= 1
        return block[3 - unread]
    }

    public mutating func next() -> UInt64 {
        let low = UInt64(nextWord())
        return low | UInt64(nextWord()) << 32
    }

    /// Uniform in `[0, 1)`, a multiple of 2⁻²⁴.
    public mutating func uniform() -> Float { Float(nextWord() >> 8) * 0x1p-24 }

    /// Uniform between the bounds.
    public mutating func uniform(in range: ClosedRange<Float>) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }

    /// Uniform in `0 ..< bound`; the bias is below `bound / 2³²`.
    public mutating func index(below bound: Int) -> Int {
        precondition(bound > 0 && bound <= Int(UInt32.max), "bound must be positive and fit 32 bits")
        return Int((UInt64(nextWord()) * UInt64(bound)) >> 32)
    }

    /// Standard normal, by Box and Muller's transformation in double precision.
    public mutating func normal() -> Float {
        let radius = (-2 * log(Double(nextWord()) * 0x1p-32 + 0x1p-33)).squareRoot()
        return Float(radius * cos(2 * Double.pi * Double(nextWord()) * 0x1p-32))
    }

    /// Standard normal, redrawn until within two standard deviations.
    public mutating func truncatedNormal() -> Float {
        while true {
            let x = normal()
            if abs(x) <= 2 { return x }
        }
    }
}

/// One Philox4x32-10 block.
package func philox(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var counter = counter
    var key = key
    for _ in 0..<10 {
        let first = UInt64(counter[0]) * 0xD251_1F53
        let second = UInt64(counter[2]) * 0xCD9E_8D57
        counter = SIMD4(
            UInt32(truncatingIfNeeded: second >> 32) ^ counter[1] ^ key[0],
            UInt32(truncatingIfNeeded: second),
            UInt32(truncatingIfNeeded: first >> 32) ^ counter[3] ^ key[1],
            UInt32(truncatingIfNeeded: first))
        key = SIMD2(key[0] &+ 0x9E37_79B9, key[1] &+ 0xBB67_AE85)
    }
    return counter
}
