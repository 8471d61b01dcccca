import Datasets
import NumericCore

/// The minibatch of one step, copied out of the images so that it is one dense matrix.
struct ImageMinibatch {
    private let images: LabeledImages
    private let sampler: MinibatchSampler
    private var indices: [Int]
    private var step: Int?

    /// `batchSize × pixelsPerImage` values.
    let pixels: UnsafeMutablePointer<Float>
    private(set) var labels: [UInt8]

    init(images: LabeledImages, batchSize: Int, key: RandomKey, workspace: Workspace) {
        self.images = images
        sampler = MinibatchSampler(count: images.count, batchSize: batchSize, key: key)
        indices = Array(repeating: 0, count: batchSize)
        labels = Array(repeating: 0, count: batchSize)
        pixels = workspace.floats(batchSize * images.pixelsPerImage)
    }

    /// Copies the minibatch of `step`, unless it is there already.
    mutating func load(step: Int) {
        guard step != self.step else { return }
        self.step = step
        let sampler = sampler
        var span = indices.mutableSpan
        sampler.fill(&span, at: step)
        images.copyPixels(of: indices, to: pixels)
        for position in 0..<indices.count {
            labels[position] = images.labels[indices[position]]
        }
    }

    /// The mean loss of `images` and the share that is classified right, one minibatch after the other.
    ///
    /// - Parameter body: the summed loss of the first `count` images in `pixels`, and how many it classifies right.
    mutating func score(
        _ images: LabeledImages, _ body: (_ labels: [UInt8], _ count: Int) -> (loss: Double, right: Int)
    ) -> HeldOut? {
        guard images.count > 0 else { return nil }
        precondition(images.pixelsPerImage == self.images.pixelsPerImage, "held-out images are of another size")
        step = nil
        var total = (loss: 0.0, right: 0)
        for start in stride(from: 0, to: images.count, by: indices.count) {
            let count = min(indices.count, images.count - start)
            // The rest of the last minibatch keeps what was there.
            images.copyPixels(of: Array(start..<start + count), to: pixels)
            for position in 0..<count { labels[position] = images.labels[start + position] }
            let part = body(labels, count)
            total = (total.loss + part.loss, total.right + part.right)
        }
        return HeldOut(
            loss: total.loss / Double(images.count), accuracy: Double(total.right) / Double(images.count))
    }

    /// Which images the minibatch of `step` holds.
    func indices(at step: Int) -> [Int] {
        sampler.indices(at: step)
    }
}
