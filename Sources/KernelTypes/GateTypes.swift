/// The sizes of gateprop's network for coordinates, and how its weights lie in memory where kernels read them.
///
/// Packed weights are those of one tensor of parameters, whose biases are its own: for each four hidden units, four
/// biases, then four weights for each input; behind them for each four outputs the same. Numbers of units and outputs are
/// filled up to multiples of four with zeros.
public struct GateLayout: Sendable, Hashable {
    /// What the network reads of a coordinate.
    @inlinable public static var inputs: Int { 10 }
    /// Directions that it weighs with gates.
    @inlinable public static var basis: Int { 5 }
    /// Gates and a log-rate.
    @inlinable public static var outputs: Int { basis + 1 }
    /// Numbers that a coordinate remembers: m and v of two decays each, and two averages of signs' agreement.
    @inlinable public static var stateRows: Int { 6 }
    /// Sums over a chunk of coordinates that the first pass makes, see `GateSums`.
    @inlinable public static var sums: Int { 7 }

    /// Hidden units.
    public let hidden: Int

    public init(hidden: Int) { self.hidden = hidden }

    /// Groups of four hidden units.
    @inlinable public var hiddenGroups: Int { (hidden + 3) / 4 }
    /// Groups of four outputs.
    @inlinable public static var outputGroups: Int { (outputs + 3) / 4 }
    /// Where the packed weights of outputs begin.
    @inlinable public var outputOffset: Int { hiddenGroups * 4 * (1 + Self.inputs) }
    /// Floats of packed weights.
    @inlinable public var packedCount: Int { outputOffset + Self.outputGroups * 4 * (1 + 4 * hiddenGroups) }

    /// Where the bias of an output or hidden unit is, within its layer of so many inputs; its weights follow in steps of 4.
    @inlinable public static func packed(_ unit: Int, inputs: Int) -> Int {
        unit / 4 * 4 * (1 + inputs) + unit % 4
    }

    /// Rows of scratch memory of a step forward: inputs, hidden units, outputs, the basis and what else is computed once.
    @inlinable public var forwardRows: Int { Self.inputs + 4 * hiddenGroups + 4 * Self.outputGroups + Self.basis + 2 }
    /// Those of a step backward.
    @inlinable public var backwardRows: Int { forwardRows + 4 * hiddenGroups + 4 * Self.outputGroups }
}

/// Gateprop's constants at one step.
public struct GateConstants: Sendable {
    /// Decays of the moments: m and v of the fast pair, m and v of the slow one.
    public var fastDecay: Float
    public var slowMeanDecay: Float
    public var slowSquareDecay: Float
    /// Decays of the agreement's averages.
    public var agreementDecay1: Float
    public var agreementDecay2: Float
    public var epsilon: Float
    /// 1 / (1 − βᵗ) of each decay.
    public var fastCorrection: Float
    public var slowMeanCorrection: Float
    public var slowSquareCorrection: Float

    public init(
        fastDecay: Float, slowMeanDecay: Float, slowSquareDecay: Float, agreementDecay1: Float,
        agreementDecay2: Float, epsilon: Float, fastCorrection: Float, slowMeanCorrection: Float,
        slowSquareCorrection: Float
    ) {
        self.fastDecay = fastDecay
        self.slowMeanDecay = slowMeanDecay
        self.slowSquareDecay = slowSquareDecay
        self.agreementDecay1 = agreementDecay1
        self.agreementDecay2 = agreementDecay2
        self.epsilon = epsilon
        self.fastCorrection = fastCorrection
        self.slowMeanCorrection = slowMeanCorrection
        self.slowSquareCorrection = slowSquareCorrection
    }
}

/// A chunk of one tensor's coordinates: `count` of them from here on. The state has whole blocks of `stateRows` rows.
public struct GateChunk {
    public let count: Int
    public let parameters: UnsafeMutablePointer<Float>
    public let gradient: UnsafePointer<Float>
    public let state: UnsafeMutableRawPointer

    public init(
        count: Int, parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        state: UnsafeMutableRawPointer
    ) {
        self.count = count
        self.parameters = parameters
        self.gradient = gradient
        self.state = state
    }
}

/// What a step does with all coordinates of one tensor.
public struct GateTensor {
    /// In packed form, see `GateLayout`.
    public let weights: UnsafePointer<Float>
    /// −η eʰ, which multiplies the update.
    public let scale: Float
    /// 1/S, log₂ S and 1/P of the tensor.
    public let inverseSquares: Float
    public let logSquares: Float
    public let inverseSize: Float

    public init(
        weights: UnsafePointer<Float>, scale: Float, inverseSquares: Float, logSquares: Float, inverseSize: Float
    ) {
        self.weights = weights
        self.scale = scale
        self.inverseSquares = inverseSquares
        self.logSquares = logSquares
        self.inverseSize = inverseSize
    }
}

/// The kernels of gateprop: a step has two passes over the coordinates, for it looks at tensors as a whole in between.
public struct GateKernels: Sendable {
    /// Brings a chunk's state up to date, and writes its sums: for each of v̂, θ², (m̂/√v̂)² of both decays, g², g m and
    /// m², where m is that of the step before, one float for each lane.
    public let accumulate: @Sendable (GateConstants, GateChunk, _ sums: UnsafeMutableRawPointer) -> Void
    /// Changes a chunk's parameters. Scratch has `GateLayout.forwardRows` rows.
    public let apply:
        @Sendable (GateLayout, GateConstants, GateTensor, GateChunk, _ scratch: UnsafeMutableRawPointer) -> Void
    /// Adds ∂L/∂(packed weights) and ∂L/∂h of a chunk, given ∂L/∂Δθ; parameters stay. Scratch has
    /// `GateLayout.backwardRows` rows; the sums have `packedCount` floats, then one.
    public let differentiate:
        @Sendable (
            GateLayout, GateConstants, GateTensor, GateChunk, _ later: UnsafePointer<Float>,
            _ scratch: UnsafeMutableRawPointer, _ sums: UnsafeMutablePointer<Float>
        ) -> Void

    public init(
        accumulate: @escaping @Sendable (GateConstants, GateChunk, UnsafeMutableRawPointer) -> Void,
        apply:
            @escaping @Sendable (
                GateLayout, GateConstants, GateTensor, GateChunk, UnsafeMutableRawPointer
            ) -> Void,
        differentiate:
            @escaping @Sendable (
                GateLayout, GateConstants, GateTensor, GateChunk, UnsafePointer<Float>, UnsafeMutableRawPointer,
                UnsafeMutablePointer<Float>
            ) -> Void
    ) {
        self.accumulate = accumulate
        self.apply = apply
        self.differentiate = differentiate
    }
}
