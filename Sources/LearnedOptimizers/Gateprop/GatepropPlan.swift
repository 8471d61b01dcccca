import KernelTypes
import NumericCore
import Optimizers

/// Where in φ each of the networks' tensors begins.
struct GatepropPlaces: Sendable {
    let hidden: Int

    // Coordinates' network; hidden weights at 0.
    var hiddenBias: Int { hidden * GateLayout.inputs }
    var outputWeight: Int { hiddenBias + hidden }
    var outputBias: Int { outputWeight + GateLayout.outputs * hidden }
    // Tensors' network.
    var tensorHiddenWeight: Int { outputBias + GateLayout.outputs }
    var tensorHiddenBias: Int { tensorHiddenWeight + hidden * GateTensorRows.inputs }
    var tensorOutputWeight: Int { tensorHiddenBias + hidden }
    var tensorOutputBias: Int { tensorOutputWeight + (hidden + 1) * hidden }
    var count: Int { tensorOutputBias + hidden + 1 }

    /// Calls `body` for each weight of the coordinates' network with its places in φ and in packed weights, behind which the
    /// hidden units' biases are, and with the factor that packed weights have.
    func forEachPacked(_ layout: GateLayout, _ body: (_ place: Int, _ packed: Int, _ factor: Float) -> Void) {
        for unit in 0..<hidden {
            body(hiddenBias + unit, layout.packedCount + unit, 1)
            for input in 0..<GateLayout.inputs {
                body(
                    unit * GateLayout.inputs + input, layout.packed(unit: unit, input: input),
                    GateLayout.inputScale[input])
            }
        }
        for output in 0..<GateLayout.outputs {
            let factor = output < GateLayout.basis ? 1 : GateLayout.logRateScale
            body(outputBias + output, layout.outputBiasOffset + output, factor)
            for unit in 0..<hidden {
                body(
                    outputWeight + output * hidden + unit, layout.outputOffset + unit * GateLayout.outputs + output,
                    factor)
            }
        }
    }

    /// The packed weights of all tensors, then hidden units' biases without what tensors add.
    func packed(_ metaParameters: [Float], _ layout: GateLayout) -> [Float] {
        var result = [Float](repeating: 0, count: layout.packedCount + layout.paddedHidden)
        forEachPacked(layout) { result[$1] = metaParameters[$0] * $2 }
        for (output, gate) in GateLayout.seedGates.enumerated() { result[layout.outputBiasOffset + output] += gate }
        return result
    }
}

/// How a layout's tensors are dealt to threads, and where their blocks of state lie.
struct GatepropPlan: Sendable {
    /// A tensor that has elements.
    struct Part: Sendable {
        /// Which of the layout's tensors it is.
        let tensor: Int
        let range: Range<Int>
        let chunks: Range<Int>
        /// What the tensors' network reads of it at every step.
        let isMatrix: Float
        let logCount: Float
    }

    /// A piece of a tensor: sums are taken chunk by chunk.
    struct Chunk: Sendable {
        let part: Int
        let range: Range<Int>
        /// Where its state begins.
        let state: Int
    }

    /// Coordinates of a block.
    static let lanes = 16
    private static let chunk = 2048

    /// The number of parameters, and of tensors, empty ones included.
    let count: Int
    let tensorCount: Int
    private(set) var parts: [Part] = []
    private(set) var chunks: [Chunk] = []
    /// Floats of all blocks.
    private(set) var stateCount = 0
    /// Chunks that one thread takes at a time: as many coordinates together as a large one has, for a thread has to be woken.
    private(set) var chunkGroups: [Range<Int>] = []
    /// Tensors that go through their network together.
    private(set) var partGroups: [Range<Int>] = []

    init(_ layout: ParameterLayout) {
        count = layout.count
        tensorCount = layout.shapes.count
        for (tensor, (shape, range)) in zip(layout.shapes, layout.ranges).enumerated() where !range.isEmpty {
            let first = chunks.count
            for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.chunk) {
                let end = min(start + Self.chunk, range.upperBound)
                chunks.append(Chunk(part: parts.count, range: start..<end, state: stateCount))
                let blocks = (end - start + Self.lanes - 1) / Self.lanes
                stateCount += blocks * Self.lanes * GateLayout.stateRows
            }
            parts.append(
                Part(
                    tensor: tensor, range: range, chunks: first..<chunks.count,
                    isMatrix: shape.dimensions.count > 1 ? 1 : 0, logCount: log2(Float(range.count)) / 10))
        }
        chunkGroups = groups(of: chunks.map(\.range.count), upTo: Self.chunk)
        partGroups = groups(of: parts.map { _ in 1 }, upTo: GateTensorRows.lanes)
    }

    /// Calls `body` for each number of the state with its place in a file, row after row, and in blocks.
    func forEachPlace(rows: Int, _ body: (_ file: Int, _ block: Int) -> Void) {
        for chunk in chunks {
            for index in 0..<chunk.range.count {
                let (block, lane) = index.quotientAndRemainder(dividingBy: Self.lanes)
                for row in 0..<rows {
                    body(
                        row * count + chunk.range.lowerBound + index,
                        chunk.state + (block * rows + row) * Self.lanes + lane)
                }
            }
        }
    }
}
