/// Where in memory a step keeps what it knows of sixteen tensors, one in each lane: rows of sixteen floats, in which the
/// network that looks at tensors finds its inputs.
public struct GateTensorRows: Sendable {
    /// Tensors that go through the network together.
    @inlinable public static var lanes: Int { 16 }
    /// What the network reads of a tensor and of the time.
    @inlinable public static var inputs: Int { 18 }

    // What is written before the network runs, which makes its inputs of them in their places.

    /// Eight functions of the time.
    @inlinable public static var clocks: Int { 0 }
    /// Root mean squares of m̂/√v̂, fast and slow, and P.
    @inlinable public static var fast: Int { 8 }
    @inlinable public static var slow: Int { 9 }
    @inlinable public static var size: Int { 10 }
    /// The average of cosines.
    @inlinable public static var averageCosine: Int { 11 }
    /// 1 for matrices and what has more dimensions, else 0.
    @inlinable public static var isMatrix: Int { 12 }
    /// A tenth of log₂ of the number of elements.
    @inlinable public static var logCount: Int { 13 }
    /// S, in whose place log₂ S is compared with the average of the whole gradient.
    @inlinable public static var squares: Int { 14 }
    /// The log-rate of the step before.
    @inlinable public static var lastLogRate: Int { 15 }
    @inlinable public static var cosine: Int { 16 }
    /// The average of the whole gradient's log₂ RMS, in whose place log₂ S itself is.
    @inlinable public static var level: Int { 17 }
    /// What eʰ is multiplied with: −η. No input.
    @inlinable public static var rate: Int { 18 }

    // What is there afterwards.

    /// The network's hidden units.
    @inlinable public static var hidden: Int { 19 }
    /// The biases of coordinates' hidden units, padded like these.
    public let biases: Int
    /// h, −η eʰ, 1/S, log₂ S and 1/P.
    @inlinable public var logRate: Int { biases + biasCount }
    @inlinable public var scale: Int { logRate + 1 }
    @inlinable public var inverseSquares: Int { logRate + 2 }
    @inlinable public var logSquares: Int { logRate + 3 }
    @inlinable public var inverseSize: Int { logRate + 4 }
    /// How many there are.
    @inlinable public var count: Int { logRate + 5 }

    @usableFromInline let biasCount: Int

    @inlinable
    public init(_ layout: GateLayout) {
        biases = Self.hidden + layout.hidden
        biasCount = layout.paddedHidden
    }
}
