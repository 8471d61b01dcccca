import Datasets
import Testing

@Suite struct PoolingTests {
    @Test func pixelsAreMeansOfSquares() {
        let images = LabeledImages(
            pixels: (0..<32).map(Float.init), labels: [3, 1], pixelsPerImage: 16, classes: 5)
        let pooled = images.pooled(by: 2)
        #expect(pooled.pixelsPerImage == 4 && pooled.labels == [3, 1] && pooled.classes == 5)
        #expect(pooled.pixels(of: 0..<2) == [2.5, 4.5, 10.5, 12.5, 18.5, 20.5, 26.5, 28.5])
        #expect(images.pooled(by: 4).pixels(of: 0..<2) == [7.5, 23.5])
        #expect(images.pooled(by: 1).pixels(of: 0..<2) == images.pixels(of: 0..<2))
    }

    @Test func onlyDivisorsOfASquaresSideWillDo() {
        func image(_ pixels: Int) -> LabeledImages {
            LabeledImages(
                pixels: [Float](repeating: 0, count: pixels), labels: [0], pixelsPerImage: pixels, classes: 1)
        }
        #expect([1, 2, 4, 7, 14, 28].allSatisfy(image(784).canBePooled))
        #expect(![-2, 0, 3, 5, 56].contains(where: image(784).canBePooled))
        #expect(!image(12).canBePooled(by: 2))
    }

    @Test func heldOutImagesArePooledWhenTheyAreAskedFor() {
        let split = ImageSplit(
            training: Digits.generate(count: 3, seed: 0),
            heldOut: HeldOutImages(named: "two") { Digits.generate(count: 2, seed: 1) })
        let pooled = split.pooled(by: 4)
        #expect(pooled.training.pixelsPerImage == 49 && pooled.heldOut?.images.pixelsPerImage == 49)
        #expect(pooled.heldOut?.images.count == 2)
        #expect(Set([split, pooled, split.pooled(by: 2)].map(\.fingerprint)).count == 3)
    }

    @Test func shiftsAddUpAndTellImagesApart() {
        let bytes = LabeledImages(bytes: [0, 255, 51], offset: 0.5, labels: [0], pixelsPerImage: 3, classes: 1)
        #expect(bytes.shifted(by: -0.5).shifted(by: 0.25).pixels(of: 0..<1) == [0.25, 1.25, Float(51) / 255 + 0.25])
        let values = LabeledImages(pixels: [0, 1, 2], labels: [0], pixelsPerImage: 3, classes: 1)
        #expect(values.shifted(by: -1).pixels(of: 0..<1) == [-1, 0, 1])
        #expect(values.shifted(by: 0).fingerprint == values.fingerprint)
        #expect(values.shifted(by: -1).fingerprint != values.fingerprint)
        let split = ImageSplit(
            training: values, heldOut: HeldOutImages(named: "two") { Digits.generate(count: 2, seed: 1) })
        #expect(split.shifted(by: 0).fingerprint == split.fingerprint)
        #expect(split.shifted(by: 1).fingerprint != split.shifted(by: 2).fingerprint)
        #expect(split.shifted(by: 1).heldOut?.images.pixels(of: 0..<1).min() ?? 0 >= 1)
    }
}
