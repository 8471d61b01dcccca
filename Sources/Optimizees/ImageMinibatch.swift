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

    /// Which images the minibatch of `step` holds.
    func indices(at step: Int) -> [Int] {
        sampler.indices(at: step)
    }
}
