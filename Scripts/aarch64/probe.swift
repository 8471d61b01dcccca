import KernelTypes
import SIMDKernels

// Runs every kernel on made-up numbers. Compiled for two processors, it must give the same results but for rounding.

/// Where numbers come from: multiples of 2⁻²³, the same on every processor.
private struct Numbers {
    var state: UInt32

    mutating func next(_ scale: Float) -> Float {
        state = state &* 1_664_525 &+ 1_013_904_223
        return (Float(state >> 8) * 0x1p-23 - 1) * scale
    }

    mutating func fill(_ count: Int, _ scale: Float) -> UnsafeMutablePointer<Float> {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 128)
        let result = raw.bindMemory(to: Float.self, capacity: count)
        for index in 0..<count { (result + index).initialize(to: next(scale)) }
        return result
    }
}

private func moments(_ step: Int) -> NormalizedMoments {
    var power: Float = 1
    for _ in 0..<step { power *= 0.95 }
    let correction = 1 / (1 - power)
    return NormalizedMoments(
        beta1: 0.95, beta2: 0.95, epsilon: 1e-8, correction1: correction, correction2: correction)
}

/// Writes parameters after some steps and then the meta-gradient to `output`; returns how many numbers that is.
@_cdecl("probe_kernels")
public func probeKernels(_ usesMoments: Bool, _ count: Int, _ output: UnsafeMutablePointer<Float>) -> Int {
    let steps = 10
    let layout = NetworkLayout(
        hidden: 20, layers: 2, projection: usesMoments ? 20 : 0, featureRows: usesMoments ? 2 : 0,
        tanhOutput: usesMoments)
    var numbers = Numbers(state: 7)
    let weights = numbers.fill(layout.weightCount, 0.4)
    let transposed = numbers.fill(layout.transposedOffset(layout.layers, rowsPerFactor: packedRowsPerFactor), 0.4)
    let gradients = numbers.fill(steps * count, 0.1)
    let parameters = numbers.fill(count, 1)
    let lossWeights = numbers.fill(steps, 1)
    let blocks = (count + lanesPerBlock - 1) / lanesPerBlock
    let stateSize = blocks * lanesPerBlock * layout.stateRows
    let state = numbers.fill(stateSize, 0)
    let start = numbers.fill(stateSize, 0)
    for index in 0..<stateSize {
        state[index] = 0
        start[index] = 0
    }
    let scratch = numbers.fill(max(forwardScratch(layout), backwardScratch(layout, steps: steps)), 0)
    let maps = UnsafeMutablePointer<NormalizedMoments>.allocate(capacity: steps)
    for step in 0..<steps { (maps + step).initialize(to: moments(step + 1)) }
    let magnitude = LogMagnitude(inverseP: 0.1, expP: 22026.465, logOffset: 0)
    let magnitudes = UnsafeMutablePointer<LogMagnitude>.allocate(capacity: steps)
    for step in 0..<steps { (magnitudes + step).initialize(to: magnitude) }

    for step in 0..<steps {
        if usesMoments {
            stepNormalizedMoments(
                layout, maps[step], weights: weights, scale: -0.1, blocks: 0..<blocks, count: count,
                parameters: parameters, gradient: gradients + step * count, state: state,
                precision: .single, scratch: scratch)
        } else {
            stepLogMagnitude(
                layout, magnitude, weights: weights, scale: 0.1, blocks: 0..<blocks, count: count,
                parameters: parameters, gradient: gradients + step * count, state: state,
                precision: .single, scratch: scratch)
        }
    }
    for index in 0..<count { output[index] = parameters[index] }
    let gradient = output + count
    for index in 0..<layout.weightCount { gradient[index] = 0 }
    if usesMoments {
        backwardNormalizedMoments(
            layout, maps: maps, steps: steps, gradients: gradients, stride: count, lossWeights: lossWeights,
            weights: weights, transposed: transposed, scale: -0.1, blocks: 0..<blocks, count: count,
            startState: start, scratch: scratch, weightGradient: gradient)
    } else {
        backwardLogMagnitude(
            layout, maps: magnitudes, steps: steps, gradients: gradients, stride: count, lossWeights: lossWeights,
            weights: weights, transposed: transposed, scale: 0.1, blocks: 0..<blocks, count: count,
            startState: start, scratch: scratch, weightGradient: gradient)
    }
    return count + layout.weightCount
}
