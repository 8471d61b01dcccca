import KernelTypes

/// The derivative of the second pass with respect to packed weights, hidden units' biases and the tensor's log-rate.
@inline(never)
func differentiateGates(
    _ layout: GateLayout, _ c: GateConstants, _ tensor: GateTensor, _ chunk: GateChunk,
    _ later: UnsafePointer<Float>, _ scratch: UnsafeMutableRawPointer, _ sums: UnsafeMutablePointer<Float>
) {
    let rows = GateRows(layout, scratch, count: layout.backwardRows)
    var rate = Vector(repeating: 0)
    for start in stride(from: 0, to: chunk.count, by: GateBatch.size) {
        let batch = GateBatch(chunk, rows, start: start)
        batch.fill(c, tensor, writesState: false)
        runGates(layout, rows, tensor, blocks: batch.blocks)
        for block in 0..<batch.blocks {
            let (start, left) = batch.place(block)
            rate = rate + differentiateOutputs(rows, block, tensor, partialVector(later + start, count: left))
            differentiateHidden(rows, block, tensor.weights + layout.outputOffset)
        }
        addProducts(layout, rows, blocks: batch.blocks, to: sums)
    }
    sums[layout.derivativeCount - 1] += sumOfLanes(rate)
}

/// Derivatives with respect to a block's outputs; returns those with respect to the log-rate.
@inline(always)
private func differentiateOutputs(_ rows: GateRows, _ block: Int, _ tensor: GateTensor, _ later: Vector) -> Vector {
    let (basis, adjoints) = (rows.basis(block), rows.outputAdjoints(block))
    GateResult.squeeze(rows.outputs(block))
    let result = GateResult(rows.outputs(block), basis)
    let size = later * (result.rate * tensor.scale)
    for index in 0..<GateLayout.basis { adjoints[index] = size * basis[index] }
    let change = size * result.direction
    // h = 4 tanh(x / 4), and the output is x in other units.
    let squeezed = rows.outputs(block)[GateLayout.basis]
    adjoints[GateLayout.basis] = change * (1 - squeezed * squeezed) * (1 / GateLayout.logRateScale)
    return change
}

/// Derivatives with respect to a block's hidden units before ReLU.
@inline(always)
private func differentiateHidden(_ rows: GateRows, _ block: Int, _ weights: UnsafePointer<Float>) {
    let (hidden, outputs, adjoints) = (rows.hidden(block), rows.outputAdjoints(block), rows.hiddenAdjoints(block))
    let zero = Vector(repeating: 0)
    for unit in 0..<rows.hiddenCount {
        let weight = weights + unit * GateLayout.outputs
        var sum = outputs[0] * weight[0]
        for output in 1..<GateLayout.outputs { sum = multiplyAdd(outputs[output], weight[output], sum) }
        adjoints[unit] = sum.replacing(with: zero, where: hidden[unit] .<= zero)
    }
}

/// Adds both layers' derivatives, summed over a batch and its lanes, in the order of packed weights; then biases.
@inline(always)
private func addProducts(_ layout: GateLayout, _ rows: GateRows, blocks: Int, to sums: UnsafeMutablePointer<Float>) {
    let outputs = rows.outputAdjointOffset
    let hidden = rows.hiddenAdjointOffset
    SixProducts.add(
        rows, rows.hiddenOffset, count: layout.paddedHidden, outputs, blocks, to: sums + layout.outputOffset)
    SixProducts.addBiases(rows, outputs, blocks, to: sums + layout.outputBiasOffset, count: 6)
    for group in 0..<layout.paddedHidden / 4 {
        FourProducts.add(
            rows, 0, count: GateLayout.inputs, hidden + 4 * group, blocks, to: sums + 4 * group * GateLayout.inputs)
    }
    SixProducts.addBiases(rows, hidden, blocks, to: sums + layout.packedCount, count: layout.paddedHidden)
}

extension GateRows {
    /// A block's row in the parts that sums over lanes are kept in.
    @inline(always)
    fileprivate func parts(_ block: Int, _ row: Int) -> UnsafePointer<PartialSum> {
        let tile = memory + (block / Self.blocks * count + row)
        return UnsafeRawPointer(UnsafeRawPointer(tile).assumingMemoryBound(to: Vector.self) + block % Self.blocks)
            .assumingMemoryBound(to: PartialSum.self)
    }

    @inline(always)
    fileprivate static var partCount: Int { Vector.scalarCount / PartialSum.scalarCount }
    /// From a row to the next.
    @inline(always)
    fileprivate static var partStride: Int { blocks * partCount }
}

@inline(always)
private func addSums(_ sums: SIMD4<Float>, to target: UnsafeMutablePointer<Float>, count: Int) {
    for index in 0..<count { target[index] += sums[index] }
}

/// The sums of two rows against six.
private struct SixProducts {
    var a0 = PartialSum(repeating: 0), a1 = PartialSum(repeating: 0), a2 = PartialSum(repeating: 0)
    var a3 = PartialSum(repeating: 0), a4 = PartialSum(repeating: 0), a5 = PartialSum(repeating: 0)
    var b0 = PartialSum(repeating: 0), b1 = PartialSum(repeating: 0), b2 = PartialSum(repeating: 0)
    var b3 = PartialSum(repeating: 0), b4 = PartialSum(repeating: 0), b5 = PartialSum(repeating: 0)

    /// Adds the sums of `count` rows against six adjoints.
    @inline(always)
    static func add(
        _ rows: GateRows, _ first: Int, count: Int, _ adjoints: Int, _ blocks: Int,
        to target: UnsafeMutablePointer<Float>
    ) {
        for pair in 0..<count / 2 {
            let row = 2 * pair
            var sums = SixProducts()
            for block in 0..<blocks {
                let (x, y) = (rows.parts(block, first + row), rows.parts(block, adjoints))
                for part in 0..<GateRows.partCount { sums.add(x + part, y + part) }
            }
            sums.store(to: target + 6 * row)
        }
    }

    /// Adds the sums of adjoints themselves.
    @inline(always)
    static func addBiases(
        _ rows: GateRows, _ adjoints: Int, _ blocks: Int, to target: UnsafeMutablePointer<Float>, count: Int
    ) {
        for unit in 0..<count {
            var sum = Vector(repeating: 0)
            for block in 0..<blocks { sum = sum + rows.rows(block, adjoints + unit)[0] }
            target[unit] += sumOfLanes(sum)
        }
    }

    @inline(always)
    private mutating func add(_ x: UnsafePointer<PartialSum>, _ y: UnsafePointer<PartialSum>) {
        let stride = GateRows.partStride
        let (xa, xb) = (x[0], x[stride])
        let (y0, y1, y2) = (y[0], y[stride], y[2 * stride])
        let (y3, y4, y5) = (y[3 * stride], y[4 * stride], y[5 * stride])
        a0 = multiplyAdd(xa, y0, a0)
        a1 = multiplyAdd(xa, y1, a1)
        a2 = multiplyAdd(xa, y2, a2)
        a3 = multiplyAdd(xa, y3, a3)
        a4 = multiplyAdd(xa, y4, a4)
        a5 = multiplyAdd(xa, y5, a5)
        b0 = multiplyAdd(xb, y0, b0)
        b1 = multiplyAdd(xb, y1, b1)
        b2 = multiplyAdd(xb, y2, b2)
        b3 = multiplyAdd(xb, y3, b3)
        b4 = multiplyAdd(xb, y4, b4)
        b5 = multiplyAdd(xb, y5, b5)
    }

    @inline(always)
    private func store(to target: UnsafeMutablePointer<Float>) {
        let zero = PartialSum(repeating: 0)
        addSums(sumsOfLanes(a0, a1, a2, a3), to: target, count: 4)
        addSums(sumsOfLanes(a4, a5, zero, zero), to: target + 4, count: 2)
        addSums(sumsOfLanes(b0, b1, b2, b3), to: target + 6, count: 4)
        addSums(sumsOfLanes(b4, b5, zero, zero), to: target + 10, count: 2)
    }
}

/// The sums of two rows against four.
private struct FourProducts {
    var a0 = PartialSum(repeating: 0), a1 = PartialSum(repeating: 0)
    var a2 = PartialSum(repeating: 0), a3 = PartialSum(repeating: 0)
    var b0 = PartialSum(repeating: 0), b1 = PartialSum(repeating: 0)
    var b2 = PartialSum(repeating: 0), b3 = PartialSum(repeating: 0)

    /// Adds the sums of `count` rows against four adjoints.
    @inline(always)
    static func add(
        _ rows: GateRows, _ first: Int, count: Int, _ adjoints: Int, _ blocks: Int,
        to target: UnsafeMutablePointer<Float>
    ) {
        for pair in 0..<count / 2 {
            let row = 2 * pair
            var sums = FourProducts()
            for block in 0..<blocks {
                let (x, y) = (rows.parts(block, first + row), rows.parts(block, adjoints))
                for part in 0..<GateRows.partCount { sums.add(x + part, y + part) }
            }
            addSums(sumsOfLanes(sums.a0, sums.a1, sums.a2, sums.a3), to: target + 4 * row, count: 4)
            addSums(sumsOfLanes(sums.b0, sums.b1, sums.b2, sums.b3), to: target + 4 * row + 4, count: 4)
        }
    }

    @inline(always)
    private mutating func add(_ x: UnsafePointer<PartialSum>, _ y: UnsafePointer<PartialSum>) {
        let stride = GateRows.partStride
        let (xa, xb) = (x[0], x[stride])
        let (y0, y1, y2, y3) = (y[0], y[stride], y[2 * stride], y[3 * stride])
        a0 = multiplyAdd(xa, y0, a0)
        a1 = multiplyAdd(xa, y1, a1)
        a2 = multiplyAdd(xa, y2, a2)
        a3 = multiplyAdd(xa, y3, a3)
        b0 = multiplyAdd(xb, y0, b0)
        b1 = multiplyAdd(xb, y1, b1)
        b2 = multiplyAdd(xb, y2, b2)
        b3 = multiplyAdd(xb, y3, b3)
    }
}
