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
        let blocks = Chunks(count: count, lanes: kernels.lanesPerBlock, chunk: Self.chunk).blocks
        let bytes = blocks * kernels.lanesPerBlock * layout.stateBytes(precision)
        return NetworkState(
            count: count, precision: precision, memory: AlignedFloats(count: bytes / MemoryLayout<Float>.size))
    }

    /// One step of every coordinate, in place.
    func step<Map: Sendable>(
        _ kernel: Kernels.Step<Map>, _ map: Map, kernels: Kernels, parameters: inout MutableSpan<Float>,
        gradient: Span<Float>, state: inout NetworkState
    ) {
        let count = gradient.count
        precondition(parameters.count == count, "as many parameters as gradients")
        precondition(state.count == count, "the state was made for another number of parameters")
        let chunks = Chunks(count: count, lanes: kernels.lanesPerBlock, chunk: Self.chunk)
        let precision = state.precision
        guard count > 0 else { return }
        let scratchSize = kernels.forwardScratch(layout)
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
                                kernel(
                                    layout, map, weights, scale, chunks.range(chunk), count, parameters, gradient,
                                    state, precision, scratch)
                            }
                        }
                    }
                }
            }
        }
    }

    /// The meta-gradient of one recorded period, ∂(Σ w_t f(θ_t))/∂φ, in φ's order.
    func metaGradient<Map: Sendable>(
        _ kernel: Kernels.Backward<Map>, maps: [Map], kernels: Kernels, count: Int, gradients: AlignedFloats,
        lossWeights: [Float], startState: NetworkState, sample: CoordinateSample
    ) -> [Float] {
        precondition(startState.precision == .single, "periods are replayed from a state in single precision")
        let steps = maps.count
        precondition(lossWeights.count == steps && gradients.count >= steps * count, "one gradient a step")
        let chunks = Chunks(count: count, lanes: kernels.lanesPerBlock, chunk: Self.chunk)
        let weightCount = layout.weightCount
        let scratchSize = kernels.backwardScratch(layout, steps)
        var partial = AlignedFloats(count: chunks.count * weightCount)
        partial.withMutablePointer { partial in
            gradients.withPointer { gradients in
                packed.withPointer { weights in
                    transposed.withPointer { transposed in
                        startState.memory.withPointer { startState in
                            nonisolated(unsafe) let (partial, gradients, weights, transposed, startState) =
                                (partial, gradients, weights, transposed, UnsafeRawPointer(startState))
                            parallelLoop(chunks.count) { chunk in
                                ScratchPool.shared.withScratch(floats: scratchSize) { scratch in
                                    for blocks in chunks.ranges(chunk, sample) {
                                        kernel(
                                            layout, maps, steps, gradients, count, lossWeights, weights, transposed,
                                            scale, blocks, count, startState, scratch,
                                            partial + chunk * weightCount)
                                    }
                                }
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
