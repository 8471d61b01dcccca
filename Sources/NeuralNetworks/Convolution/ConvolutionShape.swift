/// A convolution, ReLU and perhaps max pooling, and where its parameters lie.
package struct ConvolutionShape {
    /// Rows and columns of what it reads.
    package let side: Int
    /// Channels read.
    package let inputs: Int
    /// Channels written.
    package let outputs: Int
    /// Whether it halves rows and columns.
    package let pools: Bool
    /// Where its filters start in the flat parameter vector: rows × columns × inputs × outputs.
    let weights: Int

    package init(side: Int, inputs: Int, outputs: Int, pools: Bool, weights: Int) {
        self.side = side
        self.inputs = inputs
        self.outputs = outputs
        self.pools = pools
        self.weights = weights
    }

    /// Where its biases start.
    var biases: Int { weights + 9 * inputs * outputs }
    /// Where the next layer's weights start.
    package var end: Int { biases + outputs }
    /// Rows and columns of what it writes.
    package var outputSide: Int { pools ? side / 2 : side }
}
