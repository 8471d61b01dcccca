import KernelTypes

#if WIDE_REGISTERS
    /// What a network's sums run over at a time: two blocks, for the sums of one do not keep two ports busy.
    struct GateTile {
        var first, second: Vector

        @inline(always)
        init(repeating value: Float) {
            first = Vector(repeating: value)
            second = first
        }
    }

    @inline(always)
    func multiplyAdd(_ a: GateTile, _ b: Float, _ c: GateTile) -> GateTile {
        var result = c
        result.first = multiplyAdd(a.first, b, c.first)
        result.second = multiplyAdd(a.second, b, c.second)
        return result
    }

    @inline(always)
    func positivePart(_ x: GateTile) -> GateTile {
        var result = x
        result.first = positivePart(x.first)
        result.second = positivePart(x.second)
        return result
    }
#else
    /// What a network's sums run over at a time.
    typealias GateTile = Vector
#endif

/// x where positive, else 0; NaN stays NaN.
@inline(always)
func positivePart(_ x: Vector) -> Vector {
    let zero = Vector(repeating: 0)
    return x.replacing(with: zero, where: x .< zero)
}

/// A batch's rows. Those of a tile's blocks alternate, so that a tile's row is one piece of memory.
struct GateRows {
    /// Blocks of a tile.
    static var blocks: Int { MemoryLayout<GateTile>.stride / MemoryLayout<Vector>.stride }

    /// For each tile inputs, hidden units, outputs, the basis, and in a step backward derivatives.
    let memory: UnsafeMutablePointer<GateTile>
    /// Rows of a tile.
    let count: Int
    let hiddenCount: Int

    @inline(always)
    init(_ layout: GateLayout, _ scratch: UnsafeMutableRawPointer, count: Int) {
        memory = scratch.assumingMemoryBound(to: GateTile.self)
        self.count = count
        hiddenCount = layout.paddedHidden
    }

    @inline(always) var hiddenOffset: Int { GateLayout.inputs }
    @inline(always) var outputOffset: Int { hiddenOffset + hiddenCount }
    @inline(always) var basisOffset: Int { outputOffset + GateLayout.outputs }
    @inline(always) var outputAdjointOffset: Int { basisOffset + GateLayout.basis }
    @inline(always) var hiddenAdjointOffset: Int { outputAdjointOffset + GateLayout.outputs }

    @inline(always) func inputs(_ block: Int) -> BlockRows { rows(block, 0) }
    @inline(always) func hidden(_ block: Int) -> BlockRows { rows(block, hiddenOffset) }
    @inline(always) func outputs(_ block: Int) -> BlockRows { rows(block, outputOffset) }
    @inline(always) func basis(_ block: Int) -> BlockRows { rows(block, basisOffset) }
    @inline(always) func outputAdjoints(_ block: Int) -> BlockRows { rows(block, outputAdjointOffset) }
    @inline(always) func hiddenAdjoints(_ block: Int) -> BlockRows { rows(block, hiddenAdjointOffset) }

    /// A block's rows from one on.
    @inline(always)
    func rows(_ block: Int, _ offset: Int) -> BlockRows {
        let tile = memory + (block / Self.blocks * count + offset)
        return BlockRows(
            first: UnsafeMutableRawPointer(tile).assumingMemoryBound(to: Vector.self) + block % Self.blocks)
    }
}

/// Rows of one block.
struct BlockRows {
    let first: UnsafeMutablePointer<Vector>

    @inline(always)
    subscript(row: Int) -> Vector {
        get { first[row * GateRows.blocks] }
        nonmutating set { first[row * GateRows.blocks] = newValue }
    }
}

/// Four weighted sums of a tile's rows. On sixteen registers these are eight chains of multiply-adds, as many as keep two
/// units with a latency of four busy; twelve were slower.
private struct FourSums {
    var a, b, c, d: GateTile

    /// - Parameter biases: a tensor's.
    @inline(always)
    init(_ biases: UnsafePointer<Float>) {
        a = GateTile(repeating: biases[0])
        b = GateTile(repeating: biases[GateTensorRows.lanes])
        c = GateTile(repeating: biases[2 * GateTensorRows.lanes])
        d = GateTile(repeating: biases[3 * GateTensorRows.lanes])
    }

    @inline(always)
    mutating func add(_ rows: UnsafePointer<GateTile>, _ row: Int, _ weights: UnsafePointer<Float>) {
        let (x, weight) = (rows[row], weights + 4 * row)
        a = multiplyAdd(x, weight[0], a)
        b = multiplyAdd(x, weight[1], b)
        c = multiplyAdd(x, weight[2], c)
        d = multiplyAdd(x, weight[3], d)
    }
}

/// Six weighted sums of a tile's rows, the outputs: four and two would read all rows twice.
private struct SixSums {
    var a, b, c, d, e, f: GateTile

    @inline(always)
    init(_ biases: UnsafePointer<Float>) {
        a = GateTile(repeating: biases[0])
        b = GateTile(repeating: biases[1])
        c = GateTile(repeating: biases[2])
        d = GateTile(repeating: biases[3])
        e = GateTile(repeating: biases[4])
        f = GateTile(repeating: biases[5])
    }

    @inline(always)
    mutating func add(_ rows: UnsafePointer<GateTile>, _ row: Int, _ weights: UnsafePointer<Float>) {
        let (x, weight) = (rows[row], weights + 6 * row)
        a = multiplyAdd(x, weight[0], a)
        b = multiplyAdd(x, weight[1], b)
        c = multiplyAdd(x, weight[2], c)
        d = multiplyAdd(x, weight[3], d)
        e = multiplyAdd(x, weight[4], e)
        f = multiplyAdd(x, weight[5], f)
    }
}

/// Calls `body` for each input, without a loop: its end is foreseen badly.
@inline(always)
private func forEachInput(_ body: (Int) -> Void) {
    body(0)
    body(1)
    body(2)
    body(3)
    body(4)
    body(5)
    body(6)
    body(7)
    body(8)
    body(9)
}

/// From a tile's inputs to hidden units.
@inline(always)
private func runHidden(
    _ inputs: UnsafePointer<GateTile>, _ layout: GateLayout, _ tensor: GateTensor,
    into hidden: UnsafeMutablePointer<GateTile>
) {
    for group in 0..<layout.paddedHidden / 4 {
        let unit = 4 * group
        let weights = tensor.weights + unit * GateLayout.inputs
        var sums = FourSums(tensor.biases + unit * GateTensorRows.lanes)
        forEachInput { sums.add(inputs, $0, weights) }
        let target = hidden + unit
        target[0] = positivePart(sums.a)
        target[1] = positivePart(sums.b)
        target[2] = positivePart(sums.c)
        target[3] = positivePart(sums.d)
    }
}

/// From a tile's hidden units to gates and the log-rate.
@inline(always)
private func runOutputs(
    _ hidden: UnsafePointer<GateTile>, _ layout: GateLayout, _ tensor: GateTensor,
    into outputs: UnsafeMutablePointer<GateTile>
) {
    var sums = SixSums(tensor.weights + layout.outputBiasOffset)
    let weights = tensor.weights + layout.outputOffset
    // The number of hidden units is even.
    for pair in 0..<layout.paddedHidden / 2 {
        sums.add(hidden, 2 * pair, weights)
        sums.add(hidden, 2 * pair + 1, weights)
    }
    outputs[0] = sums.a
    outputs[1] = sums.b
    outputs[2] = sums.c
    outputs[3] = sums.d
    outputs[4] = sums.e
    outputs[5] = sums.f
}

/// The networks of a batch, from inputs to outputs.
@inline(always)
func runGates(_ layout: GateLayout, _ rows: GateRows, _ tensor: GateTensor, blocks: Int) {
    for tile in 0..<(blocks + GateRows.blocks - 1) / GateRows.blocks {
        let inputs = rows.memory + tile * rows.count
        let hidden = inputs + rows.hiddenOffset
        runHidden(UnsafePointer(inputs), layout, tensor, into: hidden)
        runOutputs(UnsafePointer(hidden), layout, tensor, into: inputs + rows.outputOffset)
    }
}
