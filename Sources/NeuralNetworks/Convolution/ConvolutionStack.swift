import COneDNN

/// The convolutional part of a CNN: blocks of a convolution, ReLU and perhaps max pooling.
///
/// Each block keeps what its derivative needs; nothing is allocated once it stands.
package final class ConvolutionStack {
    /// What the last block puts out: images × rows × columns × channels.
    package let features: UnsafeMutablePointer<Float>
    /// The derivative of the loss with respect to `features`; to be filled before `backward`.
    package let featureGradient: UnsafeMutablePointer<Float>

    private let featureCount: Int
    private let blocks: [ConvolutionBlock]
    private let stream: OneDNNStream
    private let collect: Operation
    private let spread: Operation

    /// - Parameter pixels: the minibatch, images × colours × rows × columns.
    package init(
        _ blocks: [ConvolutionShape], batchSize: Int, pixels: UnsafeMutablePointer<Float>, workspace: Workspace
    ) {
        OneDNN.useCallingThreadAlone()
        stream = OneDNNStream()
        let first = blocks[0]
        var input = Tensor(
            TensorLayout([batchSize, first.inputs, first.side, first.side], dnnl_nchw), at: pixels)
        var inputGradient: Tensor?
        self.blocks = blocks.map { block in
            let made = ConvolutionBlock(
                block, batchSize: batchSize, input: input, inputGradient: inputGradient, workspace: workspace)
            (input, inputGradient) = (made.output, made.outputGradient)
            return made
        }
        let last = blocks[blocks.count - 1]
        let plain = TensorLayout([batchSize, last.outputs, last.outputSide, last.outputSide], dnnl_nhwc)
        let (gathered, derivatives) = (
            Tensor(plain, workspace: workspace), Tensor(plain, workspace: workspace)
        )
        featureCount = plain.floatCount
        features = gathered.data
        featureGradient = derivatives.data
        collect = .copying(input, to: gathered, workspace: workspace)
        spread = .copying(derivatives, to: inputGradient!, workspace: workspace)
    }

    /// About how many floats it takes of its workspace; oneDNN's own scratch memory is little beside them.
    package static func scratchFloats(_ blocks: [ConvolutionShape], batchSize: Int) -> Int {
        let sizes = blocks.map { block in
            let output = batchSize * block.outputs * block.side * block.side
            return 2 * output + (block.pools ? output / 2 : 0) + 27 * block.inputs * block.outputs
        }
        let last = blocks[blocks.count - 1]
        return sizes.reduce(0, +) + 2 * batchSize * last.outputs * last.outputSide * last.outputSide
    }

    /// Whether some convolution runs on oneDNN's plain loops, a hundred times slower than its fast code.
    package var isSlow: Bool { blocks.contains(where: \.isSlow) }

    /// Fills `features`.
    ///
    /// Where a number on the way is not finite, all of them become NaN: ReLU and max pooling would let some of it
    /// vanish, and a run that diverges must show it.
    package func forward(_ parameters: UnsafePointer<Float>) {
        OneDNN.useCallingThreadAlone()
        var isFinite = true
        for block in blocks where !block.forward(parameters, on: stream) { isFinite = false }
        collect.run(on: stream)
        if !isFinite { features.update(repeating: .nan, count: featureCount) }
    }

    /// Fills the convolutions' part of `gradient`.
    /// - Precondition: `forward` ran last, with parameters that are still there.
    package func backward(into gradient: UnsafeMutablePointer<Float>) {
        OneDNN.useCallingThreadAlone()
        spread.run(on: stream)
        for block in blocks.reversed() { block.backward(into: gradient, on: stream) }
    }
}

/// A convolution, ReLU, and perhaps max pooling.
private final class ConvolutionBlock {
    var output: Tensor { pooling?.output ?? convolution.output }
    var outputGradient: Tensor { pooling?.outputGradient ?? convolution.outputGradient }

    var isSlow: Bool { convolution.isSlow }

    private let convolution: Convolution
    private let pooling: MaxPooling?

    init(_ block: ConvolutionShape, batchSize: Int, input: Tensor, inputGradient: Tensor?, workspace: Workspace) {
        let convolution = Convolution(
            block, batchSize: batchSize, input: input, inputGradient: inputGradient, workspace: workspace)
        self.convolution = convolution
        pooling =
            block.pools
            ? MaxPooling(
                batch: batchSize, channels: block.outputs, side: block.side, input: convolution.output,
                inputGradient: convolution.outputGradient, workspace: workspace) : nil
    }

    /// Whether all of the convolution's sums are finite, but for those that pooling leaves out.
    func forward(_ parameters: UnsafePointer<Float>, on stream: OneDNNStream) -> Bool {
        convolution.forward(parameters, on: stream)
        return pooling?.forward() ?? rectify(convolution.output.data, count: convolution.output.count)
    }

    func backward(into gradient: UnsafeMutablePointer<Float>, on stream: OneDNNStream) {
        if let pooling {
            pooling.backward()
        } else {
            Activation.relu.applyDerivative(outputGradient.data, outputs: output.data, count: output.count)
        }
        convolution.backward(into: gradient, on: stream)
    }
}

/// max(x, 0) in place; returns whether all values were finite. NaN stays.
private func rectify(_ values: UnsafeMutablePointer<Float>, count: Int) -> Bool {
    // 0 · x is 0 unless x is infinite or NaN.
    var zeros = Lanes.zero
    for offset in stride(from: 0, to: count, by: Lanes.scalarCount) {
        let x = values[lanes: offset]
        zeros += x * 0
        values[lanes: offset] = x.replacing(with: 0, where: x .< 0)
    }
    return zeros == .zero
}
