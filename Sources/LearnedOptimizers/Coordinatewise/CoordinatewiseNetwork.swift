import KernelTypes
import NumericCore

/// The small recurrent network that every coordinate runs for itself, as its layout, weights and packed forms.
///
/// The meta-parameters φ are one flat vector in the order of `NetworkLayout`'s packed weights, unscaled.
struct CoordinatewiseNetwork: Sendable {
    let layout: NetworkLayout
    /// φ.
    let metaParameters: [Float]
    /// What multiplies the network's output to give the update: −α where the rule subtracts, +α where it adds.
    let scale: Float
    private let packed: AlignedFloats
    private let transposed: AlignedFloats

    init(layout: NetworkLayout, metaParameters: [Float], scale: Float, kernels: Kernels) {
        precondition(metaParameters.count == layout.weightCount, "the network has \(layout.weightCount) weights")
        self.layout = layout
        self.metaParameters = metaParameters
        self.scale = scale
        packed = Self.pack(metaParameters, layout, kernels.factors)
        transposed = Self.transpose(metaParameters, layout, kernels.factors)
    }

    // MARK: Steps

    /// Coordinates that one thread takes at a time.
    private static let chunk = 512

    /// The state of `count` coordinates before their first step.
    func initialState(count: Int, kernels: Kernels, precision: StatePrecision) -> NetworkState {
        let lanes = kernels.table.lanesPerBlock
        let blocks = Chunks(count: count, lanes: lanes, chunk: Self.chunk).blocks
        let bytes = blocks * lanes * layout.stateBytes(precision)
        return NetworkState(
            count: count, precision: precision, memory: AlignedFloats(count: bytes / MemoryLayout<Float>.size))
    }

    /// One step of every coordinate, in place.
    func step<Map: FeatureConstants>(
        _ network: NetworkKernels<Map>, _ map: Map, kernels: Kernels, parameters: inout MutableSpan<Float>,
        gradient: Span<Float>, state: inout NetworkState
    ) {
        let count = gradient.count
        precondition(parameters.count == count, "as many parameters as gradients")
        precondition(state.count == count, "the state was made for another number of parameters")
        let chunks = Chunks(count: count, lanes: kernels.table.lanesPerBlock, chunk: Self.chunk)
        let precision = state.precision
        guard count > 0 else { return }
        let scratchSize = kernels.table.forwardScratch(layout)
        parameters.withUnsafeMutableBufferPointer { parameters in
            gradient.withUnsafeBufferPointer { gradient in
                packed.withPointer { weights in
                    state.memory.withMutablePointer { state in
                        // Chunks touch disjoint memory.
                        nonisolated(unsafe) let (parameters, gradient) =
                            (parameters.baseAddress!, gradient.baseAddress!)
                        nonisolated(unsafe) let (weights, state) = (weights, UnsafeMutableRawPointer(state))
                        parallelLoop(chunks.count) { chunk in
                            ScratchPool.shared.withScratch(floats: scratchSize) { scratch in
                                network.step(
                                    layout, map,
                                    StepArguments(
                                        weights: weights, scale: scale, blocks: chunks.range(chunk), count: count,
                                        parameters: parameters, gradient: gradient, state: state,
                                        precision: precision, scratch: scratch))
                            }
                        }
                    }
                }
            }
        }
    }

    /// The meta-gradient of one recorded period, ∂(Σ w_t f(θ_t))/∂φ, in φ's order.
    func metaGradient<Map: FeatureConstants>(
        _ network: NetworkKernels<Map>, maps: [Map], kernels: Kernels, count: Int, gradients: AlignedFloats,
        lossWeights: [Float], startState: NetworkState, sample: CoordinateSample
    ) -> [Float] {
        precondition(startState.precision == .single, "periods are replayed from a state in single precision")
        let steps = maps.count
        precondition(lossWeights.count == steps && gradients.count >= steps * count, "one gradient a step")
        let chunks = Chunks(count: count, lanes: kernels.table.lanesPerBlock, chunk: Self.chunk)
        let weightCount = layout.weightCount
        let scratchSize = kernels.table.backwardScratch(layout, steps: steps)
        guard steps > 0 else { return [Float](repeating: 0, count: weightCount) }
        var partial = AlignedFloats(count: chunks.count * weightCount)
        partial.withMutablePointer { partial in
            withPointers(maps, gradients, lossWeights, startState) { maps, gradients, lossWeights, startState in
                withPointers { weights, transposed in
                    nonisolated(unsafe) let (partial, maps, gradients, lossWeights, startState, weights, transposed) =
                        (partial, maps, gradients, lossWeights, startState, weights, transposed)
                    parallelLoop(chunks.count) { chunk in
                        ScratchPool.shared.withScratch(floats: scratchSize) { scratch in
                            for blocks in chunks.ranges(chunk, sample) {
                                network.backward(
                                    layout,
                                    PeriodArguments(
                                        maps: maps, steps: steps, gradients: gradients, lossWeights: lossWeights,
                                        weights: weights, transposed: transposed, scale: scale, blocks: blocks,
                                        count: count, startState: startState, scratch: scratch,
                                        weightGradient: partial + chunk * weightCount))
                            }
                        }
                    }
                }
            }
        }
        // In the order of the chunks, so that threads make no difference.
        return partial.withPointer { partial in
            (0..<weightCount).map { index in
                var sum = 0.0
                for chunk in 0..<chunks.count { sum += Double(partial[chunk * weightCount + index]) }
                return Float(sum * Double(sample.stride))
            }
        }
    }

    /// Pointers to the packed and the transposed weights.
    private func withPointers(_ body: (UnsafePointer<Float>, UnsafePointer<Float>) -> Void) {
        packed.withPointer { packed in
            transposed.withPointer { transposed in body(packed, transposed) }
        }
    }

    /// Pointers to what a period is replayed from.
    /// - Precondition: it has steps.
    private func withPointers<Map>(
        _ maps: [Map], _ gradients: AlignedFloats, _ lossWeights: [Float], _ startState: NetworkState,
        _ body: (UnsafePointer<Map>, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeRawPointer) -> Void
    ) {
        maps.withUnsafeBufferPointer { maps in
            lossWeights.withUnsafeBufferPointer { lossWeights in
                gradients.withPointer { gradients in
                    startState.memory.withPointer { startState in
                        body(
                            maps.baseAddress!, gradients, lossWeights.baseAddress!, UnsafeRawPointer(startState))
                    }
                }
            }
        }
    }
}

/// What a network remembers of its coordinates, block by block.
struct NetworkState: Sendable {
    let count: Int
    let precision: StatePrecision
    var memory: AlignedFloats
}

/// How blocks of coordinates are dealt out to threads; depends on the count alone.
private struct Chunks {
    let blocks: Int
    let blocksPerChunk: Int

    init(count: Int, lanes: Int, chunk: Int) {
        blocks = (count + lanes - 1) / lanes
        blocksPerChunk = max(1, chunk / lanes)
    }

    var count: Int { (blocks + blocksPerChunk - 1) / blocksPerChunk }

    func range(_ chunk: Int) -> Range<Int> {
        chunk * blocksPerChunk..<min(blocks, (chunk + 1) * blocksPerChunk)
    }

    /// The blocks of a chunk that a sample takes.
    func ranges(_ chunk: Int, _ sample: CoordinateSample) -> [Range<Int>] {
        guard sample != .all else { return [range(chunk)] }
        return range(chunk).filter { $0 % sample.stride == sample.offset }.map { $0..<$0 + 1 }
    }
}
