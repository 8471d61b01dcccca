/// Everything that is compiled once for each instruction set: what a module of kernels offers.
public struct KernelTable: Sendable {
    /// Coordinates in one block.
    public let lanesPerBlock: Int
    /// Rows whose weights share a word in packed weights: 1, or 2 where they are rounded to bfloat16.
    public let rowsPerFactor: Int
    /// RNNprop's features.
    public let normalizedMoments: NetworkKernels<NormalizedMoments>
    /// DMoptimizer's features.
    public let logMagnitude: NetworkKernels<LogMagnitude>
    /// Gateprop's steps.
    public let gates: GateKernels
    /// Replaces each float of whole blocks by the function's value: so tests hold every function to its stated error.
    public let evaluate: @Sendable (ElementaryFunction, _ blocks: Int, _ values: UnsafeMutableRawPointer) -> Void

    public init(
        lanesPerBlock: Int, rowsPerFactor: Int, normalizedMoments: NetworkKernels<NormalizedMoments>,
        logMagnitude: NetworkKernels<LogMagnitude>, gates: GateKernels,
        evaluate: @escaping @Sendable (ElementaryFunction, Int, UnsafeMutableRawPointer) -> Void
    ) {
        self.lanesPerBlock = lanesPerBlock
        self.rowsPerFactor = rowsPerFactor
        self.normalizedMoments = normalizedMoments
        self.logMagnitude = logMagnitude
        self.gates = gates
        self.evaluate = evaluate
    }

    /// Floats of scratch for forward steps.
    public func forwardScratch(_ layout: NetworkLayout) -> Int {
        (layout.forwardScratchRows + layout.factorRows(steps: 1, rowsPerFactor: rowsPerFactor)) * lanesPerBlock
    }

    /// Floats of scratch for the reverse sweep of a period.
    public func backwardScratch(_ layout: NetworkLayout, steps: Int) -> Int {
        let recorded = max(steps - 1, 0)
        let rows =
            recorded * layout.tapeRowsPerStep + layout.reverseRows
            + layout.factorRows(steps: recorded, rowsPerFactor: rowsPerFactor)
        return rows * lanesPerBlock
    }
}

/// A coordinatewise network on the features of one map.
public struct NetworkKernels<Map: FeatureConstants>: Sendable {
    /// One forward step, in place.
    public let step: @Sendable (NetworkLayout, Map, StepArguments) -> Void
    /// The meta-gradient of one period, added to `weightGradient`.
    public let backward: @Sendable (NetworkLayout, PeriodArguments<Map>) -> Void

    public init(
        step: @escaping @Sendable (NetworkLayout, Map, StepArguments) -> Void,
        backward: @escaping @Sendable (NetworkLayout, PeriodArguments<Map>) -> Void
    ) {
        self.step = step
        self.backward = backward
    }
}

/// What one call of a forward step works on. State and scratch are aligned to a block.
public struct StepArguments {
    /// In packed form, see `NetworkLayout`.
    public let weights: UnsafePointer<Float>
    /// What multiplies the network's output.
    public let scale: Float
    /// The blocks that this call takes, out of those of `count` coordinates.
    public let blocks: Range<Int>
    public let count: Int
    public let parameters: UnsafeMutablePointer<Float>
    public let gradient: UnsafePointer<Float>
    public let state: UnsafeMutableRawPointer
    public let precision: StatePrecision
    /// As many floats as `KernelTable.forwardScratch`.
    public let scratch: UnsafeMutableRawPointer

    public init(
        weights: UnsafePointer<Float>, scale: Float, blocks: Range<Int>, count: Int,
        parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, state: UnsafeMutableRawPointer,
        precision: StatePrecision, scratch: UnsafeMutableRawPointer
    ) {
        self.weights = weights
        self.scale = scale
        self.blocks = blocks
        self.count = count
        self.parameters = parameters
        self.gradient = gradient
        self.state = state
        self.precision = precision
        self.scratch = scratch
    }
}

/// What one call of the reverse sweep works on. State and scratch are aligned to a block.
public struct PeriodArguments<Map: FeatureConstants> {
    /// One feature map a step, for their constants may depend on the step.
    public let maps: UnsafePointer<Map>
    /// Steps of the period.
    public let steps: Int
    /// The optimizee's gradients, step after step, `count` floats each.
    public let gradients: UnsafePointer<Float>
    /// The weight of each step's loss in the meta-loss.
    public let lossWeights: UnsafePointer<Float>
    /// In packed form, see `NetworkLayout`.
    public let weights: UnsafePointer<Float>
    /// In transposed form.
    public let transposed: UnsafePointer<Float>
    /// What multiplies the network's output.
    public let scale: Float
    /// The blocks that this call takes, out of those of `count` coordinates.
    public let blocks: Range<Int>
    public let count: Int
    /// The state before the period, in single precision.
    public let startState: UnsafeRawPointer
    /// As many floats as `KernelTable.backwardScratch`.
    public let scratch: UnsafeMutableRawPointer
    /// What the blocks contribute to the meta-gradient is added here.
    public let weightGradient: UnsafeMutablePointer<Float>

    public init(
        maps: UnsafePointer<Map>, steps: Int, gradients: UnsafePointer<Float>, lossWeights: UnsafePointer<Float>,
        weights: UnsafePointer<Float>, transposed: UnsafePointer<Float>, scale: Float, blocks: Range<Int>,
        count: Int, startState: UnsafeRawPointer, scratch: UnsafeMutableRawPointer,
        weightGradient: UnsafeMutablePointer<Float>
    ) {
        self.maps = maps
        self.steps = steps
        self.gradients = gradients
        self.lossWeights = lossWeights
        self.weights = weights
        self.transposed = transposed
        self.scale = scale
        self.blocks = blocks
        self.count = count
        self.startState = startState
        self.scratch = scratch
        self.weightGradient = weightGradient
    }
}
