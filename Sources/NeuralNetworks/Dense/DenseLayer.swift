/// One fully connected layer within the flat parameter vector.
package struct DenseLayer {
    package let inputs: Int
    package let outputs: Int
    /// Where its weights start, inputs × outputs, row-major.
    package let weights: Int
    /// Where its biases start.
    package var biases: Int { weights + inputs * outputs }

    /// The layers between `widths`, one after the other from `offset` on.
    package static func layers(_ widths: [Int], from offset: Int = 0) -> [DenseLayer] {
        var offset = offset
        return zip(widths, widths.dropFirst()).map { inputs, outputs in
            defer { offset += (inputs + 1) * outputs }
            return DenseLayer(inputs: inputs, outputs: outputs, weights: offset)
        }
    }
}
