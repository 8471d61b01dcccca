import COneDNN

/// A convolution and its derivatives, in the layouts that oneDNN chooses.
///
/// 3 × 3 filters, stride 1, and zeros around the input, so that there is as much output. Filters are copied into the
/// layouts of the operations once a step. Cost: `9 · inputs · outputs · side²` multiply-adds an image, and as many again
/// for each of the two derivatives.
final class Convolution {
    let output: Tensor
    /// The derivative of the loss with respect to `output`; to be filled before `backward`.
    let outputGradient: Tensor

    /// Whether some of it runs on oneDNN's plain loops.
    var isSlow: Bool { (forwardOperations + backwardOperations).contains(where: \.isReference) }

    private let block: ConvolutionShape
    /// Filters and biases within the parameter vector, and within the gradient.
    private let filters, biases, filterGradient, biasGradient: Tensor
    private var forwardOperations: [Operation] = []
    private var backwardOperations: [Operation] = []

    /// - Parameters:
    ///   - input: what it reads, of `batchSize` images.
    ///   - inputGradient: where the derivative with respect to `input` goes; nil where nobody asks for it.
    init(_ block: ConvolutionShape, batchSize: Int, input: Tensor, inputGradient: Tensor?, workspace: Workspace) {
        self.block = block
        let images = TensorLayout([batchSize, block.outputs, block.side, block.side], dnnl_format_tag_any)
        let anyFilters = TensorLayout([block.outputs, block.inputs, 3, 3], dnnl_format_tag_any)
        let ourFilters = TensorLayout([block.outputs, block.inputs, 3, 3], dnnl_hwio)
        let biasLayout = TensorLayout([block.outputs], dnnl_a)
        // Their memory changes with every step.
        let none = workspace.floats(0)
        filters = Tensor(ourFilters, at: none)
        filterGradient = Tensor(ourFilters, at: none)
        biases = Tensor(biasLayout, at: none)
        biasGradient = Tensor(biasLayout, at: none)

        let forward = Self.forwardPlan(input.layout, anyFilters, biasLayout, images)
        output = Tensor(forward.layout(DNNL_ARG_DST), workspace: workspace)
        outputGradient = Tensor(output.layout, workspace: workspace)
        let packed = Tensor(forward.layout(DNNL_ARG_WEIGHTS), workspace: workspace)
        forwardOperations = [
            .copying(filters, to: packed, workspace: workspace),
            Operation(
                forward,
                [
                    DNNL_ARG_SRC: input, DNNL_ARG_WEIGHTS: packed, DNNL_ARG_BIAS: biases,
                    DNNL_ARG_DST: output,
                ], workspace: workspace),
        ]

        var weightPlan = Self.weightGradientPlan(
            input.layout, anyFilters, biasLayout, output.layout, forward: forward)
        var derivatives = outputGradient
        if weightPlan.isReference {
            // Grey images without AVX-512: in a layout of its own choice it is a hundred times as fast.
            weightPlan = Self.weightGradientPlan(input.layout, anyFilters, biasLayout, images, forward: forward)
            derivatives = Tensor(weightPlan.layout(DNNL_ARG_DIFF_DST), workspace: workspace)
            backwardOperations = [.copying(outputGradient, to: derivatives, workspace: workspace)]
        }
        let packedGradient = Tensor(weightPlan.layout(DNNL_ARG_DIFF_WEIGHTS), workspace: workspace)
        backwardOperations += [
            Operation(
                weightPlan,
                [
                    DNNL_ARG_SRC: input, DNNL_ARG_DIFF_DST: derivatives,
                    DNNL_ARG_DIFF_WEIGHTS: packedGradient, DNNL_ARG_DIFF_BIAS: biasGradient,
                ], workspace: workspace),
            .copying(packedGradient, to: filterGradient, workspace: workspace),
        ]
        guard let inputGradient else { return }
        let inputPlan = Self.inputGradientPlan(input.layout, anyFilters, output.layout, forward: forward)
        let turned = Tensor(inputPlan.layout(DNNL_ARG_WEIGHTS), workspace: workspace)
        backwardOperations += [
            .copying(filters, to: turned, workspace: workspace),
            Operation(
                inputPlan,
                [
                    DNNL_ARG_DIFF_DST: outputGradient, DNNL_ARG_WEIGHTS: turned,
                    DNNL_ARG_DIFF_SRC: inputGradient,
                ], workspace: workspace),
        ]
    }

    /// Fills `output`.
    func forward(_ parameters: UnsafePointer<Float>, on stream: OneDNNStream) {
        // oneDNN reads them only, but asks for memory that it might write.
        let parameters = UnsafeMutablePointer(mutating: parameters)
        filters.move(to: parameters + block.weights)
        biases.move(to: parameters + block.biases)
        for operation in forwardOperations { operation.run(on: stream) }
    }

    /// Fills this layer's part of `gradient`, and the gradient of the input.
    /// - Precondition: `forward` ran last, with parameters that are still there.
    func backward(into gradient: UnsafeMutablePointer<Float>, on stream: OneDNNStream) {
        filterGradient.move(to: gradient + block.weights)
        biasGradient.move(to: gradient + block.biases)
        for operation in backwardOperations { operation.run(on: stream) }
    }
}

extension Operation {
    /// Copies a tensor into another of the same dimensions, whatever their layouts.
    static func copying(_ source: Tensor, to target: Tensor, workspace: Workspace) -> Operation {
        Operation(
            OperationPlan(from: source.layout, to: target.layout),
            [DNNL_ARG_FROM: source, DNNL_ARG_TO: target], workspace: workspace)
    }
}

extension Convolution {
    private static let ones: [Int64] = [1, 1]

    private static func forwardPlan(
        _ input: TensorLayout, _ filters: TensorLayout, _ biases: TensorLayout, _ output: TensorLayout
    ) -> OperationPlan {
        var description = dnnl_convolution_desc_t()
        var (input, filters) = (input.descriptor, filters.descriptor)
        var (biases, output) = (biases.descriptor, output.descriptor)
        OneDNN.check(
            dnnl_convolution_forward_desc_init(
                &description, dnnl_forward_training, dnnl_convolution_direct, &input, &filters, &biases, &output,
                ones, ones, ones))
        return OperationPlan(description)
    }

    private static func weightGradientPlan(
        _ input: TensorLayout, _ filters: TensorLayout, _ biases: TensorLayout, _ output: TensorLayout,
        forward: OperationPlan
    ) -> OperationPlan {
        var description = dnnl_convolution_desc_t()
        var (input, filters) = (input.descriptor, filters.descriptor)
        var (biases, output) = (biases.descriptor, output.descriptor)
        OneDNN.check(
            dnnl_convolution_backward_weights_desc_init(
                &description, dnnl_convolution_direct, &input, &filters, &biases, &output, ones, ones, ones))
        return OperationPlan(description, forward: forward)
    }

    private static func inputGradientPlan(
        _ input: TensorLayout, _ filters: TensorLayout, _ output: TensorLayout, forward: OperationPlan
    ) -> OperationPlan {
        var description = dnnl_convolution_desc_t()
        var (input, filters, output) = (input.descriptor, filters.descriptor, output.descriptor)
        OneDNN.check(
            dnnl_convolution_backward_data_desc_init(
                &description, dnnl_convolution_direct, &input, &filters, &output, ones, ones, ones))
        return OperationPlan(description, forward: forward)
    }
}
