import Datasets
import NumericCore

/// A plain classifier for tests: softmax on the pixels, or on `hidden` sigmoid units, trained with Adam.
///
/// Examples are columns of loops over classes or units, which vectorise; pixels without ink are skipped.
struct SmallClassifier {
    private let inputs: Int
    private let hidden: Int
    private let classes: Int
    private var weights: [Float]
    private var first: [Float]
    private var second: [Float]
    private var steps = 0

    /// `hidden` = 0 makes it linear.
    init(inputs: Int, hidden: Int, classes: Int, seed: UInt64) {
        self.inputs = inputs
        self.hidden = hidden
        self.classes = classes
        var stream = RandomStream(RandomKey(seed: seed))
        let count = hidden == 0 ? (inputs + 1) * classes : (inputs + 1) * hidden + (hidden + 1) * classes
        weights = (0..<count).map { _ in 0.1 * stream.normal() }
        first = [Float](repeating: 0, count: count)
        second = [Float](repeating: 0, count: count)
    }

    /// Trains for a number of steps on minibatches of `images`.
    mutating func train(on images: LabeledImages, steps count: Int, batchSize: Int = 64, rate: Float) {
        let sampler = MinibatchSampler(count: images.count, batchSize: batchSize, key: RandomKey(seed: 5))
        var gradient = [Float](repeating: 0, count: weights.count)
        for step in 0..<count {
            for index in gradient.indices { gradient[index] = 0 }
            for image in sampler.indices(at: step) { accumulate(image, of: images, into: &gradient) }
            // The rate falls to a tenth, so that the last minibatches matter less.
            adam(gradient, 1 / Float(batchSize), rate: rate * (1 - 0.9 * Float(step) / Float(count)))
        }
    }

    /// The share of images whose digit it finds.
    func accuracy(on images: LabeledImages) -> Double {
        let right = (0..<images.count).filter { image in
            let outputs = forward(image, of: images).outputs
            return outputs.indices.max { outputs[$0] < outputs[$1] } == Int(images.labels[image])
        }
        return Double(right.count) / Double(images.count)
    }

    private func forward(_ image: Int, of images: LabeledImages) -> (units: [Float], outputs: [Float]) {
        let pixels = images.pixels(of: image..<image + 1)[...]
        guard hidden > 0 else { return ([], affine(pixels, at: 0, width: classes)) }
        let units = affine(pixels, at: 0, width: hidden).map { 1 / (1 + exp(-$0)) }
        return (units, affine(units[...], at: (inputs + 1) * hidden, width: classes))
    }

    /// Rows of `width` weights, one for each input, then the biases.
    private func affine(_ values: ArraySlice<Float>, at offset: Int, width: Int) -> [Float] {
        let bias = offset + values.count * width
        var result = Array(weights[bias..<bias + width])
        result.withUnsafeMutableBufferPointer { result in
            weights.withUnsafeBufferPointer { weights in
                var row = offset
                for value in values {
                    if value != 0 { for unit in 0..<width { result[unit] += value * weights[row + unit] } }
                    row += width
                }
            }
        }
        return result
    }

    private func accumulate(_ image: Int, of images: LabeledImages, into gradient: inout [Float]) {
        let pixels = images.pixels(of: image..<image + 1)[...]
        let (units, outputs) = forward(image, of: images)
        let top = outputs.max()!
        let powers = outputs.map { exp($0 - top) }
        let total = powers.reduce(0, +)
        var error = powers.map { $0 / total }
        error[Int(images.labels[image])] -= 1
        guard hidden > 0 else { return outer(pixels, error, at: 0, into: &gradient) }
        let offset = (inputs + 1) * hidden
        outer(units[...], error, at: offset, into: &gradient)
        let hiddenError = units.indices.map { unit in
            let row = offset + unit * classes
            let back = (0..<classes).reduce(Float(0)) { $0 + error[$1] * weights[row + $1] }
            return back * units[unit] * (1 - units[unit])
        }
        outer(pixels, hiddenError, at: 0, into: &gradient)
    }

    private func outer(_ values: ArraySlice<Float>, _ error: [Float], at offset: Int, into gradient: inout [Float]) {
        let width = error.count
        gradient.withUnsafeMutableBufferPointer { gradient in
            error.withUnsafeBufferPointer { error in
                var row = offset
                for value in values {
                    if value != 0 { for unit in 0..<width { gradient[row + unit] += value * error[unit] } }
                    row += width
                }
                for unit in 0..<width { gradient[row + unit] += error[unit] }
            }
        }
    }

    private mutating func adam(_ gradient: [Float], _ scale: Float, rate: Float) {
        steps += 1
        let firstCorrection = 1 / (1 - pow(Float(0.9), Float(steps)))
        let secondCorrection = 1 / (1 - pow(Float(0.999), Float(steps)))
        for index in gradient.indices {
            let slope = gradient[index] * scale
            first[index] = 0.9 * first[index] + 0.1 * slope
            second[index] = 0.999 * second[index] + 0.001 * slope * slope
            let size = (second[index] * secondCorrection).squareRoot() + 1e-8
            weights[index] -= rate * first[index] * firstCorrection / size
        }
    }
}
