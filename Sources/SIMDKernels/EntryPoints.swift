public import KernelTypes

// What NumericCore calls, once for each instruction set. Pointers to state and scratch are aligned to a block.

/// Coordinates in one block.
public let lanesPerBlock = Vector.scalarCount

/// Rows that go together in packed weights: 1, or 2 where they are rounded to bfloat16.
public let packedRowsPerFactor = rowsPerFactor

/// Floats of scratch for forward steps.
public func forwardScratch(_ layout: NetworkLayout) -> Int {
    (layout.forwardScratchRows + layout.factorRows(steps: 1, rowsPerFactor: rowsPerFactor)) * Vector.scalarCount
}

/// Floats of scratch for the reverse sweep of a period.
public func backwardScratch(_ layout: NetworkLayout, steps: Int) -> Int {
    let recorded = max(steps - 1, 0)
    let rows =
        recorded * layout.tapeRowsPerStep + layout.reverseRows
        + layout.factorRows(steps: recorded, rowsPerFactor: rowsPerFactor)
    return rows * Vector.scalarCount
}

public func stepNormalizedMoments(
    _ layout: NetworkLayout, _ map: NormalizedMoments, weights: UnsafePointer<Float>, scale: Float,
    blocks: Range<Int>, count: Int, parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    state: UnsafeMutableRawPointer, precision: StatePrecision, scratch: UnsafeMutableRawPointer
) {
    forwardBlocks(
        layout, map, weights: weights, scale: scale, blocks: blocks, count: count, parameters: parameters,
        gradient: gradient, state: state, precision: precision, scratch: scratch)
}

public func stepLogMagnitude(
    _ layout: NetworkLayout, _ map: LogMagnitude, weights: UnsafePointer<Float>, scale: Float,
    blocks: Range<Int>, count: Int, parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    state: UnsafeMutableRawPointer, precision: StatePrecision, scratch: UnsafeMutableRawPointer
) {
    forwardBlocks(
        layout, map, weights: weights, scale: scale, blocks: blocks, count: count, parameters: parameters,
        gradient: gradient, state: state, precision: precision, scratch: scratch)
}

public func backwardNormalizedMoments(
    _ layout: NetworkLayout, maps: UnsafePointer<NormalizedMoments>, steps: Int, gradients: UnsafePointer<Float>,
    stride: Int, lossWeights: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    transposed: UnsafePointer<Float>, scale: Float, blocks: Range<Int>, count: Int, startState: UnsafeRawPointer,
    scratch: UnsafeMutableRawPointer, weightGradient: UnsafeMutablePointer<Float>
) {
    backwardBlocks(
        layout,
        PeriodHistory(maps: maps, steps: steps, gradients: gradients, stride: stride, lossWeights: lossWeights),
        weights: weights, transposed: transposed, scale: scale, blocks: blocks, count: count,
        startState: startState, scratch: scratch, weightGradient: weightGradient)
}

public func backwardLogMagnitude(
    _ layout: NetworkLayout, maps: UnsafePointer<LogMagnitude>, steps: Int, gradients: UnsafePointer<Float>,
    stride: Int, lossWeights: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    transposed: UnsafePointer<Float>, scale: Float, blocks: Range<Int>, count: Int, startState: UnsafeRawPointer,
    scratch: UnsafeMutableRawPointer, weightGradient: UnsafeMutablePointer<Float>
) {
    backwardBlocks(
        layout,
        PeriodHistory(maps: maps, steps: steps, gradients: gradients, stride: stride, lossWeights: lossWeights),
        weights: weights, transposed: transposed, scale: scale, blocks: blocks, count: count,
        startState: startState, scratch: scratch, weightGradient: weightGradient)
}

/// Replaces each float of whole blocks by the function's value: so tests hold every function to its stated error.
public func evaluate(_ function: ElementaryFunction, blocks: Int, values: UnsafeMutableRawPointer) {
    let vectors = values.assumingMemoryBound(to: Vector.self)
    for block in 0..<blocks {
        let x = vectors[block]
        vectors[block] =
            switch function {
            case .exp2: exp2(x)
            case .tanh: tanh(x)
            case .elu: elu(x)
            case .log: log(x)
            }
    }
}
