import Foundation
import Optimizees

/// The LSTM once more, in double precision and as plainly as possible: one sequence and one unit at a time.
struct LSTMReference {
    let hidden: Int
    let layers: Int

    /// The mean squared error of the predictions.
    func loss(_ parameters: [Double], values: [[Double]], targets: [Double]) -> Double {
        let errors = zip(values, targets).map { prediction(parameters, $0) - $1 }
        return errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)
    }

    /// Its derivatives with respect to some of the parameters, by central differences.
    func slopes(_ parameters: [Double], coordinates: [Int], values: [[Double]], targets: [Double]) -> [Double] {
        coordinates.map { index in
            var moved = parameters
            let delta = 1e-5
            moved[index] = parameters[index] + delta
            let above = loss(moved, values: values, targets: targets)
            moved[index] = parameters[index] - delta
            return (above - loss(moved, values: values, targets: targets)) / (2 * delta)
        }
    }

    private func prediction(_ parameters: [Double], _ sequence: [Double]) -> Double {
        var inputs = sequence.map { [$0] }
        var rest = parameters[...]
        for _ in 0..<layers {
            let rows = inputs[0].count + hidden
            let weights = Array(rest.prefix(rows * 4 * hidden))
            let biases = Array(rest.dropFirst(weights.count).prefix(4 * hidden))
            rest = rest.dropFirst(weights.count + biases.count)
            var (h, c) = (Array(repeating: 0.0, count: hidden), Array(repeating: 0.0, count: hidden))
            inputs = inputs.map { x in
                let operands = x + h
                let sums = biases.indices.map { gate in
                    operands.indices.reduce(biases[gate]) { $0 + operands[$1] * weights[$1 * 4 * hidden + gate] }
                }
                for unit in 0..<hidden {
                    let (i, j, f, o) = (
                        sums[unit], sums[hidden + unit], sums[2 * hidden + unit], sums[3 * hidden + unit]
                    )
                    c[unit] = sigmoid(f) * c[unit] + sigmoid(i) * tanh(j)
                    h[unit] = sigmoid(o) * tanh(c[unit])
                }
                return h
            }
        }
        return zip(rest, inputs.last!).reduce(rest.last!) { $0 + $1.0 * $1.1 }
    }

    private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
