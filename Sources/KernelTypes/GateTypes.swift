/// The sizes of gateprop's network for coordinates, and how its weights lie in memory where kernels read them.
///
/// Packed weights stand in the order of use: for each group of four hidden units, for each input a weight for each of them;
/// then the outputs' biases; then for each hidden unit its weight in each output. Hidden units' biases are each tensor's
/// own, and stand elsewhere. The last group is filled up with zeros.
///
/// Constant factors and addends of the rule are in the packed weights already, see `inputScale` and `outputScale`.
public struct GateLayout: Sendable, Hashable {
    /// What the network reads of a coordinate.
    @inlinable public static var inputs: Int { 10 }
    /// Directions that it weighs with gates.
    @inlinable public static var basis: Int { 5 }
    /// Gates and a log-rate.
    @inlinable public static var outputs: Int { basis + 1 }
    /// Numbers that a coordinate remembers: m and v of two decays each, and two averages of signs' agreement.
    @inlinable public static var stateRows: Int { 6 }
    /// Sums over a chunk of coordinates that the first pass makes.
    @inlinable public static var sums: Int { 7 }
    /// Blocks that go through each part of a step together: what one of them waits for, the others fill.
    @inlinable public static var batch: Int { 4 }

    /// Hidden units.
    public let hidden: Int

    public init(hidden: Int) { self.hidden = hidden }

    /// Hidden units, those that fill up the last group included.
    @inlinable public var paddedHidden: Int { (hidden + 3) / 4 * 4 }
    /// Where the outputs' biases begin in packed weights, and behind them the outputs' weights.
    @inlinable public var outputBiasOffset: Int { paddedHidden * Self.inputs }
    @inlinable public var outputOffset: Int { outputBiasOffset + Self.outputs }
    /// Floats of packed weights.
    @inlinable public var packedCount: Int { outputOffset + paddedHidden * Self.outputs }

    /// Where the weight of a hidden unit for an input is.
    @inlinable public func packed(unit: Int, input: Int) -> Int {
        unit / 4 * 4 * Self.inputs + input * 4 + unit % 4
    }

    /// What the network's inputs are multiplied with, which packed weights do.
    public static let inputScale: [Float] = [1, 1, 1, 0.25, 0.5, 1, 1, 1, 3, 3]
    /// What the log-rate is multiplied with, which packed weights do: it becomes the exponent of two in tanh(x/4).
    @inlinable public static var logRateScale: Float { -0.72134752 }
    /// Gates where the network says 0, the seed rule's; part of the packed biases.
    public static let seedGates: [Float] = [0.3, 0.7, 0, 0, 0]

    /// Rows of a block in the scratch memory of a step forward: inputs, hidden units, outputs, and the basis.
    @inlinable public var forwardRows: Int { Self.inputs + paddedHidden + Self.outputs + Self.basis }
    /// Those of a step backward: derivatives of outputs and of hidden units, too.
    @inlinable public var backwardRows: Int { forwardRows + Self.outputs + paddedHidden }
    /// Floats of a chunk's derivatives: of packed weights, of the hidden units' biases, and of the log-rate.
    @inlinable public var derivativeCount: Int { packedCount + paddedHidden + 1 }
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
    /// Of hidden units, the tensor's own share included; as many as `GateLayout.paddedHidden`, each
    /// `GateTensorRows.lanes` floats behind the last.
    public let biases: UnsafePointer<Float>
    /// −η eʰ, which multiplies the update.
    public let scale: Float
    /// 1/S, log₂ S and 1/P of the tensor.
    public let inverseSquares: Float
    public let logSquares: Float
    public let inverseSize: Float

    public init(
        weights: UnsafePointer<Float>, biases: UnsafePointer<Float>, scale: Float, inverseSquares: Float,
        logSquares: Float, inverseSize: Float
    ) {
        self.weights = weights
        self.biases = biases
        self.scale = scale
        self.inverseSquares = inverseSquares
        self.logSquares = logSquares
        self.inverseSize = inverseSize
    }
}

/// The kernels of gateprop: a step has two passes over the coordinates, for it looks at tensors as a whole in between.
public struct GateKernels: Sendable {
    /// Writes a chunk's sums: of v̂, θ², (m̂/√v̂)² of both decays, g², g m and m², where m is that of the step before. The
    /// state stays what it was.
    public let sum: @Sendable (GateConstants, GateChunk, _ sums: UnsafeMutablePointer<Float>) -> Void
    /// Runs the network that looks at tensors on as many of them as there are lanes.
    public let look:
        @Sendable (
            GateLayout, _ weights: UnsafePointer<Float>, _ biases: UnsafePointer<Float>,
            _ rows: UnsafeMutableRawPointer
        ) -> Void
    /// Brings a chunk's state up to date and changes its parameters. Scratch has `GateLayout.forwardRows` rows for each
    /// block of a batch.
    public let apply:
        @Sendable (GateLayout, GateConstants, GateTensor, GateChunk, _ scratch: UnsafeMutableRawPointer) -> Void
    /// Adds ∂L/∂(packed weights), ∂L/∂(biases) and ∂L/∂h of a chunk, given ∂L/∂Δθ; state and parameters stay. Scratch has
    /// `GateLayout.backwardRows` rows for each block of a batch; the sums are `GateLayout.derivativeCount` floats.
    public let differentiate:
        @Sendable (
            GateLayout, GateConstants, GateTensor, GateChunk, _ later: UnsafePointer<Float>,
            _ scratch: UnsafeMutableRawPointer, _ sums: UnsafeMutablePointer<Float>
        ) -> Void

    public init(
        sum: @escaping @Sendable (GateConstants, GateChunk, UnsafeMutablePointer<Float>) -> Void,
        look:
            @escaping @Sendable (
                GateLayout, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutableRawPointer
            ) -> Void,
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
        self.sum = sum
        self.look = look
        self.apply = apply
        self.differentiate = differentiate
    }
}
