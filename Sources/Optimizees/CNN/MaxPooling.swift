import COneDNN

/// The largest of each 2 × 2 square, with stride 2; a last odd row or column is left out.
final class MaxPooling {
    let output: Tensor
    /// The derivative of the loss with respect to `output`; to be filled before `backward`.
    let outputGradient: Tensor

    private let forwardOperation: Operation
    private let backwardOperation: Operation

    init(batch: Int, channels: Int, side: Int, input: Tensor, inputGradient: Tensor, workspace: Workspace) {
        let twos: [Int64] = [2, 2]
        let zeros: [Int64] = [0, 0]
        let pooled = TensorLayout([batch, channels, side / 2, side / 2], dnnl_format_tag_any)
        var (wide, narrow) = (input.layout.descriptor, pooled.descriptor)
        var description = dnnl_pooling_desc_t()
        OneDNN.check(
            dnnl_pooling_forward_desc_init(
                &description, dnnl_forward_training, dnnl_pooling_max, &wide, &narrow, twos, twos, zeros, zeros))
        let forward = OperationPlan(description)
        output = Tensor(forward.layout(DNNL_ARG_DST), workspace: workspace)
        outputGradient = Tensor(output.layout, workspace: workspace)
        // Which of the four was the largest.
        let choices = Tensor(forward.layout(DNNL_ARG_WORKSPACE), workspace: workspace)
        forwardOperation = Operation(
            forward, [DNNL_ARG_SRC: input, DNNL_ARG_DST: output, DNNL_ARG_WORKSPACE: choices],
            workspace: workspace)

        narrow = output.layout.descriptor
        OneDNN.check(
            dnnl_pooling_backward_desc_init(
                &description, dnnl_pooling_max, &wide, &narrow, twos, twos, zeros, zeros))
        backwardOperation = Operation(
            OperationPlan(description, forward: forward),
            [
                DNNL_ARG_DIFF_DST: outputGradient, DNNL_ARG_DIFF_SRC: inputGradient,
                DNNL_ARG_WORKSPACE: choices,
            ], workspace: workspace)
    }

    /// Fills `output`.
    func forward(on stream: OneDNNStream) { forwardOperation.run(on: stream) }

    /// Fills the gradient of the input.
    func backward(on stream: OneDNNStream) { backwardOperation.run(on: stream) }
}
