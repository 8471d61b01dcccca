import Datasets
import Foundation
import Optimizees

/// The MLP once more, in double precision and as plainly as possible.
struct MLPReference {
    let widths: [Int]
    let activation: Activation
    let images: LabeledImages

    init(_ mlp: MLP) {
        widths = [mlp.images.pixelsPerImage] + mlp.hiddenWidths + [mlp.images.classes]
        activation = mlp.activation
        images = mlp.images
    }

    /// The mean loss over the images `batch`.
    func loss(_ parameters: [Double], batch: [Int]) -> Double {
        batch.map { loss(parameters, image: $0) }.reduce(0, +) / Double(batch.count)
    }

    /// Its derivatives with respect to some of the parameters, by central differences.
    func slopes(_ parameters: [Double], coordinates: [Int], batch: [Int]) -> [Double] {
        coordinates.map { index in
            var moved = parameters
            let delta = 1e-5
            moved[index] = parameters[index] + delta
            let above = loss(moved, batch: batch)
            moved[index] = parameters[index] - delta
            return (above - loss(moved, batch: batch)) / (2 * delta)
        }
    }

    private func loss(_ parameters: [Double], image: Int) -> Double {
        var values = images.pixels(of: image..<image + 1).map(Double.init)
        var offset = 0
        for (layer, (inputs, outputs)) in zip(widths, widths.dropFirst()).enumerated() {
            let sums = (0..<outputs).map { output in
                (0..<inputs).reduce(parameters[offset + inputs * outputs + output]) {
                    $0 + values[$1] * parameters[offset + $1 * outputs + output]
                }
            }
            values = layer == widths.count - 2 ? sums : sums.map(activate)
            offset += (inputs + 1) * outputs
        }
        let largest = values.max() ?? 0
        return largest + log(values.map { exp($0 - largest) }.reduce(0, +)) - values[Int(images.labels[image])]
    }

    private func activate(_ x: Double) -> Double {
        switch activation {
        case .sigmoid: 1 / (1 + exp(-x))
        case .relu: max(x, 0)
        case .elu: x > 0 ? x : expm1(x)
        case .tanh: tanh(x)
        }
    }
}
