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

/// Runs a feature map's kernels: writes parameters after some steps and then the meta-gradient to `output`; returns how
/// many numbers that is.
private func run<Map>(
    _ kernels: NetworkKernels<Map>, _ layout: NetworkLayout, scale: Float, count: Int,
    output: UnsafeMutablePointer<Float>, map: (_ step: Int) -> Map
) -> Int {
    let steps = 10
    var numbers = Numbers(state: 7)
    let weights = numbers.fill(layout.weightCount, 0.4)
    let transposed = numbers.fill(layout.transposedOffset(layout.layers, rowsPerFactor: table.rowsPerFactor), 0.4)
    let gradients = numbers.fill(steps * count, 0.1)
    let parameters = numbers.fill(count, 1)
    let lossWeights = numbers.fill(steps, 1)
    let blocks = (count + table.lanesPerBlock - 1) / table.lanesPerBlock
    let stateSize = blocks * table.lanesPerBlock * layout.stateRows
    let state = numbers.fill(stateSize, 0)
    let start = numbers.fill(stateSize, 0)
    for index in 0..<stateSize {
        state[index] = 0
        start[index] = 0
    }
    let scratch = numbers.fill(max(table.forwardScratch(layout), table.backwardScratch(layout, steps: steps)), 0)
    let maps = UnsafeMutablePointer<Map>.allocate(capacity: steps)
    for step in 0..<steps { (maps + step).initialize(to: map(step + 1)) }

    for step in 0..<steps {
        kernels.step(
            layout, maps[step],
            StepArguments(
                weights: weights, scale: scale, blocks: 0..<blocks, count: count, parameters: parameters,
                gradient: gradients + step * count, state: state, precision: .single, scratch: scratch))
    }
    for index in 0..<count { output[index] = parameters[index] }
    let gradient = output + count
    for index in 0..<layout.weightCount { gradient[index] = 0 }
    kernels.backward(
        layout,
        PeriodArguments(
            maps: maps, steps: steps, gradients: gradients, lossWeights: lossWeights, weights: weights,
            transposed: transposed, scale: scale, blocks: 0..<blocks, count: count, startState: start,
            scratch: scratch, weightGradient: gradient))
    return count + layout.weightCount
}

/// The kernels of one of the two feature maps.
@_cdecl("probe_kernels")
public func probeKernels(_ usesMoments: Bool, _ count: Int, _ output: UnsafeMutablePointer<Float>) -> Int {
    if usesMoments {
        let layout = NetworkLayout(
            NormalizedMoments.self, hidden: 20, layers: 2, projection: 20, tanhOutput: true)
        return run(table.normalizedMoments, layout, scale: -0.1, count: count, output: output, map: moments)
    }
    let layout = NetworkLayout(LogMagnitude.self, hidden: 20, layers: 2, projection: 0, tanhOutput: false)
    return run(table.logMagnitude, layout, scale: 0.1, count: count, output: output) { _ in
        LogMagnitude(inverseP: 0.1, expP: 22026.465, logOffset: 0)
    }
}
