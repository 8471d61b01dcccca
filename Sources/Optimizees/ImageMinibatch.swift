import Datasets
import NeuralNetworks
import NumericCore

/// Images, a part of a step's minibatch at a time, copied so that they are one dense matrix.
///
/// A network that keeps more of each image than the processor's caches hold of a whole minibatch takes it in parts.
struct ImageMinibatch {
    private let images: LabeledImages
    private let sampler: MinibatchSampler
    /// The images of `step`'s whole minibatch.
    private var indices: [Int]
    private var step: Int?
    private var part: Int?

    /// How many images there is room for, at least as many as a part of the minibatch has.
    let capacity: Int
    /// In how many parts a minibatch comes.
    let parts: Int
    /// `capacity × pixelsPerImage` values.
    let pixels: UnsafeMutablePointer<Float>
    /// What the images in `pixels` are.
    private(set) var examples: Examples

    /// How many images a minibatch has.
    var batchSize: Int { indices.count }

    /// - Parameter limit: the most images that a part may have; else a minibatch is one part.
    init(images: LabeledImages, batchSize: Int, limit: Int? = nil, key: RandomKey, workspace: Workspace) {
        self.images = images
        sampler = MinibatchSampler(count: images.count, batchSize: batchSize, key: key)
        indices = Array(repeating: 0, count: batchSize)
        capacity = Self.capacity(batchSize: batchSize, limit: limit ?? batchSize)
        parts = (batchSize + capacity - 1) / capacity
        examples = Examples(capacity: capacity)
        pixels = workspace.floats(capacity * images.pixelsPerImage)
    }

    /// The number of images of a part, where as few parts as possible are about equal.
    static func capacity(batchSize: Int, limit: Int) -> Int {
        let parts = (batchSize + limit - 1) / limit
        return (batchSize + parts - 1) / parts
    }

    /// Copies a part of the minibatch of `step`, unless it is there already.
    mutating func load(step: Int, part: Int = 0) {
        guard step != self.step || part != self.part else { return }
        if step != self.step { draw(step) }
        self.part = part
        let first = part * capacity
        copy(indices[first..<min(first + capacity, batchSize)], of: images)
    }

    /// The mean loss over all images that the first steps meet: each distinct one is looked at once, and counts as often
    /// as it is met.
    ///
    /// - Parameters:
    ///   - isCancelled: asked before each part; nil is returned once it is true.
    ///   - body: the weighted sum of the losses of the images in `pixels`.
    mutating func averageLoss(
        steps: Int, isCancelled: () -> Bool, _ body: (Examples) -> Double
    ) -> Double? {
        var meetings = [Int](repeating: 0, count: images.count)
        for step in 0..<steps {
            draw(step)
            for index in indices { meetings[index] += 1 }
        }
        var total = 0.0
        let met = meetings.indices.filter { meetings[$0] > 0 }
        let isComplete = forEachPart(of: met, from: images, weights: meetings, isCancelled: isCancelled) {
            total += body($0)
        }
        return isComplete ? total / Double(steps * batchSize) : nil
    }

    /// The mean loss of other images and the share that is classified right.
    ///
    /// - Parameter body: the summed loss of the images in `pixels`, and how many it classifies right.
    mutating func score(_ others: LabeledImages, _ body: (Examples) -> (loss: Double, right: Int)) -> HeldOut? {
        guard others.count > 0 else { return nil }
        precondition(others.pixelsPerImage == images.pixelsPerImage, "held-out images are of another size")
        var total = (loss: 0.0, right: 0)
        _ = forEachPart(of: Array(0..<others.count), from: others) { examples in
            let part = body(examples)
            total = (total.loss + part.loss, total.right + part.right)
        }
        return HeldOut(
            loss: total.loss / Double(others.count), accuracy: Double(total.right) / Double(others.count))
    }

    /// Which images the minibatch of `step` holds.
    func indices(at step: Int) -> [Int] {
        sampler.indices(at: step)
    }

    /// Fills `indices`.
    private mutating func draw(_ step: Int) {
        let sampler = sampler
        var span = indices.mutableSpan
        sampler.fill(&span, at: step)
        (self.step, part) = (step, nil)
    }

    /// Copies as many of the chosen images at a time as there is room for, and calls `body`; false where cancelled.
    ///
    /// - Parameter weights: of all images; else each weighs 1.
    private mutating func forEachPart(
        of chosen: [Int], from images: LabeledImages, weights: [Int]? = nil, isCancelled: () -> Bool = { false },
        _ body: (Examples) -> Void
    ) -> Bool {
        part = nil
        defer { for position in 0..<capacity { examples.weights[position] = 1 } }
        for start in stride(from: 0, to: chosen.count, by: capacity) {
            let part = chosen[start..<min(start + capacity, chosen.count)]
            if isCancelled() { return false }
            copy(part, of: images)
            if let weights {
                for (position, index) in part.enumerated() { examples.weights[position] = Double(weights[index]) }
            }
            body(examples)
        }
        return true
    }

    /// Copies images to the front; behind them is left what was there.
    private mutating func copy(_ chosen: ArraySlice<Int>, of images: LabeledImages) {
        images.copyPixels(of: chosen, to: pixels)
        examples.count = chosen.count
        for (position, index) in chosen.enumerated() { examples.labels[position] = images.labels[index] }
    }
}
