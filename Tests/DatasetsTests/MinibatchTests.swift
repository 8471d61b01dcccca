import Datasets
import NumericCore
import Testing

@Suite struct MinibatchTests {
    @Test func indicesDependOnKeyAndStepAlone() {
        let sampler = MinibatchSampler(count: 1_000, batchSize: 64, key: RandomKey(seed: 1))
        let later = sampler.indices(at: 7)
        #expect(sampler.indices(at: 3) != later)
        #expect(sampler.indices(at: 7) == later)
        #expect(MinibatchSampler(count: 1_000, batchSize: 64, key: RandomKey(seed: 2)).indices(at: 7) != later)
    }

    @Test func callersBufferGetsTheSame() {
        let sampler = MinibatchSampler(count: 50, batchSize: 128, key: RandomKey(seed: 1))
        var buffer = [Int](repeating: -1, count: 128)
        var span = buffer.mutableSpan
        sampler.fill(&span, at: 12)
        #expect(buffer == sampler.indices(at: 12))
    }

    @Test func everyExampleIsEquallyLikely() {
        let sampler = MinibatchSampler(count: 10, batchSize: 100, key: RandomKey(seed: 3))
        var counts = [Int](repeating: 0, count: 10)
        for step in 0..<100 {
            for index in sampler.indices(at: step) { counts[index] += 1 }
        }
        // Chi-squared with 9 degrees of freedom; 27.9 is passed once in a thousand seeds.
        let statistic = counts.reduce(0.0) { $0 + Double(($1 - 1_000) * ($1 - 1_000)) / 1_000 }
        #expect(statistic < 27.9)
    }

    @Test func drawsAgainWhatWasDrawn() {
        let indices = MinibatchSampler(count: 10, batchSize: 40, key: RandomKey(seed: 1)).indices(at: 0)
        #expect(Set(indices).count < indices.count)
        #expect(MinibatchSampler(count: 1, batchSize: 3, key: RandomKey(seed: 1)).indices(at: 0) == [0, 0, 0])
    }
}

@Suite struct ImageCopyTests {
    @Test func noImagesAreCopiedFromNone() {
        let values = LabeledImages(pixels: [], labels: [], pixelsPerImage: 4, classes: 2)
        let bytes = LabeledImages(bytes: [], labels: [], pixelsPerImage: 4, classes: 2)
        var target: [Float] = [7]
        for images in [values, bytes] { images.copyPixels(of: [][...], to: &target) }
        #expect(target == [7])
    }

    /// Fewer images than are fetched ahead, and more; larger and smaller than a cache line.
    @Test(arguments: [1, 3, 4, 5, 9], [1, 63, 64, 65, 200])
    func bytesAndValuesGiveTheSamePixels(count: Int, size: Int) {
        let stored = (0..<count * size).map { UInt8(truncatingIfNeeded: $0 * 37 + 5) }
        let expected = stored.map { Float($0) / 255 - 0.5 }
        let labels = [UInt8](repeating: 0, count: count)
        let indices = Array((0..<count).reversed()) + [0]
        let wanted = indices.flatMap { expected[$0 * size..<($0 + 1) * size] }
        for images in [
            LabeledImages(bytes: stored[...], offset: -0.5, labels: labels, pixelsPerImage: size, classes: 1),
            LabeledImages(pixels: expected, labels: labels, pixelsPerImage: size, classes: 1),
        ] {
            var target = [Float](repeating: .nan, count: indices.count * size)
            images.copyPixels(of: indices[...], to: &target)
            #expect(target == wanted)
        }
    }
}
