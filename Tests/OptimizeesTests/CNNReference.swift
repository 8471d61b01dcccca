import Datasets
import Foundation
import Optimizees

/// The CNN once more, in double precision and as plainly as possible.
struct CNNReference {
    let cnn: CNN

    /// The mean loss over the images `batch` of `images`.
    func loss(_ parameters: [Double], batch: [Int], of images: LabeledImages? = nil) -> Double {
        let images = images ?? cnn.images
        let losses = batch.map { image in
            let logits = logits(parameters, pixels: images.pixels(of: image..<image + 1).map(Double.init))
            let largest = logits.max() ?? 0
            let sum = logits.map { exp($0 - largest) }.reduce(0, +)
            return largest + log(sum) - logits[Int(images.labels[image])]
        }
        return losses.reduce(0, +) / Double(batch.count)
    }

    /// Its derivatives with respect to some of the parameters, by central differences.
    func slopes(_ parameters: [Double], coordinates: [Int], batch: [Int]) -> [Double] {
        coordinates.map { index in
            var moved = parameters
            let delta = 1e-6
            moved[index] = parameters[index] + delta
            let above = loss(moved, batch: batch)
            moved[index] = parameters[index] - delta
            return (above - loss(moved, batch: batch)) / (2 * delta)
        }
    }

    /// The last layer's outputs for one image, given as channels × rows × columns.
    private func logits(_ parameters: [Double], pixels: [Double]) -> [Double] {
        var side = Int(Double(pixels.count / cnn.channels).squareRoot())
        var channels = cnn.channels
        var (width, offset) = (cnn.width, 0)
        // Channel by channel; behind the convolutions features.
        var values = pixels
        let layers = cnn.architecture.description.split(separator: "-").map(String.init)
        for (index, layer) in layers.enumerated() {
            switch layer {
            case "c":
                values = convolve(values, side, channels, width, parameters[offset...])
                offset += (9 * channels + 1) * width
                channels = width
            case "p":
                values = pool(values, side, channels)
                (side, width) = (side / 2, 2 * width)
            default:
                if layers[index - 1] != "f" { values = channelsLast(values, channels) }
                let isLast = index == layers.count - 1
                let outputs = isLast ? cnn.images.classes : width
                let weights = parameters[offset..<offset + (values.count + 1) * outputs]
                offset = weights.endIndex
                values = (0..<outputs).map { output in
                    let sum = values.indices.reduce(weights[weights.endIndex - outputs + output]) {
                        $0 + values[$1] * weights[weights.startIndex + $1 * outputs + output]
                    }
                    return isLast ? sum : max(sum, 0)
                }
            }
        }
        return values
    }

    private func convolve(
        _ values: [Double], _ side: Int, _ inputs: Int, _ outputs: Int, _ parameters: ArraySlice<Double>
    ) -> [Double] {
        let (filters, biases) = (parameters.startIndex, parameters.startIndex + 9 * inputs * outputs)
        var result: [Double] = []
        for output in 0..<outputs {
            for place in 0..<side * side {
                let (row, column) = (place / side, place % side)
                var sum = parameters[biases + output]
                for tap in 0..<9 {
                    let (y, x) = (row + tap / 3 - 1, column + tap % 3 - 1)
                    guard 0..<side ~= y, 0..<side ~= x else { continue }
                    for input in 0..<inputs {
                        sum +=
                            values[(input * side + y) * side + x]
                            * parameters[filters + (tap * inputs + input) * outputs + output]
                    }
                }
                result.append(max(sum, 0))
            }
        }
        return result
    }

    private func pool(_ values: [Double], _ side: Int, _ channels: Int) -> [Double] {
        let half = side / 2
        return (0..<channels * half * half).map { index in
            let corner = (index / (half * half) * side + index / half % half * 2) * side + index % half * 2
            return [0, 1, side, side + 1].map { values[corner + $0] }.max()!
        }
    }

    private func channelsLast(_ values: [Double], _ channels: Int) -> [Double] {
        let places = values.count / channels
        return (0..<values.count).map { values[$0 % channels * places + $0 / channels] }
    }
}
