import Datasets
import NumericCore
import Optimizees

/// Random images of the given size; four fifths of the pixels are 0, as in MNIST.
func sampleImages(count: Int, pixels: Int, classes: Int, seed: UInt64 = 5) -> LabeledImages {
    var stream = RandomStream(RandomKey(seed: seed))
    let values = (0..<count * pixels).map { _ in max(0, 5 * stream.uniform() - 4) }
    let labels = (0..<count).map { _ in UInt8(stream.index(below: classes)) }
    return LabeledImages(pixels: values, labels: labels, pixelsPerImage: pixels, classes: classes)
}

extension OptimizeeInstance {
    /// The loss and gradient on arrays.
    func lossAndGradient(at step: Int, _ parameters: [Float]) -> (loss: Float, gradient: [Float]) {
        // NaN shows what was not overwritten.
        var gradient = [Float](repeating: .nan, count: parameters.count)
        var span = gradient.mutableSpan
        let loss = lossAndGradient(at: step, parameters: parameters.span, gradient: &span)
        return (loss, gradient)
    }

    func heldOut(_ parameters: [Float]) -> HeldOut? { heldOut(parameters: parameters.span) }

    func loss(at step: Int, _ parameters: [Float]) -> Float { loss(at: step, parameters: parameters.span) }

    func averageLoss(steps: Int, _ parameters: [Float]) -> Double? {
        averageLoss(steps: steps, parameters: parameters.span, isCancelled: { false })
    }
}

/// The largest difference between two vectors, relative to the larger one's norm.
func relativeError(_ a: [Double], _ b: [Double]) -> Double {
    let scale = max(norm(a), norm(b), 1e-30)
    return norm(zip(a, b).map { $0 - $1 }) / scale
}

func norm(_ a: [Double]) -> Double { a.reduce(0) { $0 + $1 * $1 }.squareRoot() }
