import Datasets
import NumericCore

/// The minibatch of one step, copied out of the images so that it is one dense matrix.
struct ImageMinibatch {
    private let images: LabeledImages
    private let sampler: MinibatchSampler
    private var indices: [Int32]
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
        sampler.fill(&indices, step: step)
        let width = images.pixelsPerImage
        images.pixels.withUnsafeBufferPointer { source in
            for position in 0..<indices.count {
                (pixels + position * width).update(
                    from: source.baseAddress! + Int(indices[position]) * width, count: width)
            }
        }
        for position in 0..<indices.count {
            labels[position] = images.labels[Int(indices[position])]
        }
    }

    /// Which images the minibatch of `step` holds.
    func indices(at step: Int) -> [Int] {
        var drawn = indices
        sampler.fill(&drawn, step: step)
        return drawn.map(Int.init)
    }
}
