import Datasets
import NumericCore
import Testing

@Suite struct FingerprintTests {
    private func images(
        _ bytes: [UInt8], offset: Float = 0, labels: [UInt8] = [0, 1, 2], classes: Int = 3
    ) -> LabeledImages {
        LabeledImages(
            bytes: bytes[...], offset: offset, labels: labels, pixelsPerImage: bytes.count / labels.count,
            classes: classes)
    }

    /// 57 bytes: whole words and a rest.
    private let bytes = sampleBytes(57, seed: 1)

    @Test func sameImagesHaveTheSame() {
        let original = images(bytes)
        #expect(original.fingerprint == images(bytes).fingerprint)
        #expect(original.fingerprint == original.fingerprint && original.fingerprint.utf8.count == 16)
        // Wherever the bytes lie in memory.
        let slice = ([1, 2, 3] + bytes)[3...]
        let moved = LabeledImages(bytes: slice, labels: [0, 1, 2], pixelsPerImage: 19, classes: 3)
        #expect(moved.fingerprint == original.fingerprint)
    }

    @Test func everyBitCounts() {
        var seen: Set = [images(bytes).fingerprint]
        for place in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << UInt8(bit)
                seen.insert(images(changed).fingerprint)
            }
        }
        #expect(seen.count == 1 + 8 * 57)
    }

    @Test func changesOfNeighbouringWordsDoNotCancel() {
        var seen: Set<String> = []
        for bit in 0..<64 {
            for other in 0..<64 {
                var changed = bytes
                changed[bit / 8] ^= 1 << UInt8(bit % 8)
                changed[8 + other / 8] ^= 1 << UInt8(other % 8)
                seen.insert(images(changed).fingerprint)
            }
        }
        #expect(seen.count == 64 * 64)
    }

    @Test func everythingElseThatDecidesNumbersCounts() {
        let values = bytes.map { Float($0) / 255 }
        let different = [
            images(bytes), images(bytes, offset: -0.5), images(bytes, labels: [0, 2, 1]), images(bytes, classes: 4),
            images(bytes.reversed()), images(Array(bytes.dropLast(3))),
            images(bytes, labels: [UInt8](repeating: 0, count: 19)),
            LabeledImages(pixels: values, labels: [0, 1, 2], pixelsPerImage: 19, classes: 3),
            LabeledImages(pixels: values.reversed(), labels: [0, 1, 2], pixelsPerImage: 19, classes: 3),
        ]
        #expect(Set(different.map(\.fingerprint)).count == different.count)
    }

    @Test func splitsDifferByTheirHeldOutImages() {
        let training = images(bytes)
        let splits = [
            ImageSplit(training: training), ImageSplit(training: training, heldOut: HeldOutImages(training)),
            ImageSplit(training: training, heldOut: HeldOutImages(images(bytes.reversed()))),
            ImageSplit(
                training: training,
                heldOut: HeldOutImages(named: "drawn") {
                    Issue.record("made")
                    return training
                }),
        ]
        #expect(Set(splits.map(\.fingerprint)).count == splits.count)
    }

    /// As large as CIFAR-10.
    @Test(.enabled(if: isOptimised, "times hashing: run with `swift test -c release`"))
    func largeSetsTakeMilliseconds() {
        let large = LabeledImages(
            bytes: [UInt8](repeating: 7, count: 150_000_000)[...], labels: [UInt8](repeating: 0, count: 50_000),
            pixelsPerImage: 3000, classes: 10)
        let time = ContinuousClock().measure { #expect(!large.fingerprint.isEmpty) }
        print("150 MB hashed in \(time)")
        #expect(time < .seconds(5))
        let again = ContinuousClock().measure { _ = large.fingerprint }
        #expect(again < .milliseconds(10), "it is computed once")
    }
}
