/// Squared differences from targets, the mean over outputs, of examples that run along the vector lanes.
struct SquaredError {
    let outputs: Int
    /// The distance between two outputs' values, whole lanes and at least the number of examples.
    let stride: Int
    /// `outputs × stride`, filled by whoever draws the examples.
    let targets: UnsafeMutablePointer<Float>

    /// The weighted sum of the examples' errors. Leaves each difference in `values`, `outputs × stride`.
    func loss(_ values: UnsafeMutablePointer<Float>, _ examples: Examples) -> Double {
        var total = 0.0
        for output in 0..<outputs {
            for example in 0..<examples.count {
                let place = output * stride + example
                values[place] -= targets[place]
                total += examples.weights[example] * Double(values[place]) * Double(values[place])
            }
        }
        return total / Double(outputs)
    }

    /// Turns what `loss` left behind into the gradient of the errors' sum times `share` with respect to the values.
    func gradient(_ differences: UnsafeMutablePointer<Float>, share: Float) {
        let factor = 2 * share / Float(outputs)
        for offset in Swift.stride(from: 0, to: outputs * stride, by: Lanes.scalarCount) {
            differences[lanes: offset] *= factor
        }
    }
}
