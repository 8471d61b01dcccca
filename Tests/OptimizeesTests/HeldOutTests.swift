import Datasets
import NumericCore
import Optimizees
import Testing

@Suite struct HeldOutTests {
    /// Batches that the ten images fill exactly, partly, and not once.
    @Test(arguments: [1, 3, 5, 10, 16]) func cnnsAreJudgedByAllImages(batch: Int) throws {
        let cnn = CNNCase(batch: batch).cnn
        let images = try #require(cnn.heldOut).images
        let instance = cnn.instance(key: RandomKey(seed: 1))
        let start = instance.initialParameters
        let reference = CNNReference(cnn: cnn).loss(start.map(Double.init), batch: Array(0..<10), of: images)
        let result = try #require(instance.heldOut(start))
        #expect(abs(result.loss - reference) < 1e-5 * reference)
        #expect(result.accuracy.map { ($0 * 10).rounded() / 10 == $0 } == true)
    }

    /// The mean of the losses that minibatches of one image each give, once every image was met.
    @Test(arguments: [1, 4, 7, 20]) func mlpsAreJudgedByAllImages(batch: Int) throws {
        let images = sampleImages(count: 7, pixels: 13, classes: 4, seed: 6)
        let mlp = MLP(
            dataset: "sample", images: sampleImages(count: 30, pixels: 13, classes: 4),
            heldOut: HeldOutImages(images), hiddenWidths: [5], batchSize: batch, initialScale: 0.5)
        let instance = mlp.instance(key: RandomKey(seed: 1))
        let start = instance.initialParameters
        let plain = MLP(dataset: "sample", images: images, hiddenWidths: [5], batchSize: 1)
        let expected = MLPReference(plain).loss(start.map(Double.init), batch: Array(0..<7))
        let result = try #require(instance.heldOut(start))
        #expect(abs(result.loss - expected) < 1e-5 * expected)
    }

    /// Logits of a linear classifier, by hand: the first of equal ones wins.
    @Test func accuracyCountsTheLargestLogit() throws {
        let heldOut = LabeledImages(
            pixels: [1, -1, 2, -2, 0, 0, 3], labels: [0, 0, 0, 1, 0, 1, 1], pixelsPerImage: 1, classes: 2)
        let mlp = MLP(
            dataset: "sample", images: heldOut, heldOut: HeldOutImages(heldOut), hiddenWidths: [], batchSize: 3)
        let instance = mlp.instance(key: RandomKey(seed: 1))
        // Class 0 for positive pixels, class 1 for negative ones: right are numbers 0, 2, 3 and 4.
        let result = instance.heldOut([1, -1, 0, 0])
        #expect(result?.accuracy == 4.0 / 7)
        #expect(instance.heldOut([Float.nan, -1, 0, 0])?.accuracy == 0)
    }

    @Test(arguments: [0, 1]) func askingDisturbsNothing(kind: Int) throws {
        let optimizee: any Optimizee = kind == 0 ? CNNCase().cnn : HeldOutTests.mlp
        let instance = optimizee.instance(key: RandomKey(seed: 1))
        let start = instance.initialParameters
        let loss = instance.loss(at: 2, start)
        let first = try #require(instance.heldOut(start))
        #expect(instance.loss(at: 2, start) == loss)
        _ = instance.lossAndGradient(at: 5, start)
        #expect(instance.heldOut(start) == first)
        // Another draw of the same family meets the same images.
        #expect(optimizee.instance(key: RandomKey(seed: 2)).heldOut(start) == first)
    }

    @Test func wrappersJudgeWhatTheyWrap() throws {
        let (mlp, key) = (HeldOutTests.mlp, RandomKey(seed: 4))
        let scaled = RandomScaling(mlp, range: 1)
        let combined = Combined(scaled, RandomScaling(Convex(), range: 1))
        let both = combined.instance(key: key)
        let plain = mlp.instance(key: RandomKey(seed: 9))
        let scales = try #require(scaled.instance(key: key.child(0)) as? RandomScalingInstance).scales
        let point = (0..<both.initialParameters.count).map { Float($0 % 7) / 7 - 0.4 }
        let expected = plain.heldOut(zip(point, scales).map { $0 * $1 })
        #expect(expected != nil)
        #expect(both.heldOut(point) == expected)
    }

    @Test func whereNothingIsHeldOutNothingIsSaid() {
        for optimizee in [MLPCase().mlp, Convex(), Combined(Convex(), HeldOutTests.mlp)] as [any Optimizee] {
            let instance = optimizee.instance(key: RandomKey(seed: 1))
            #expect(instance.heldOut(instance.initialParameters) == nil)
        }
    }

    @Test func imagesAreMadeOnce() {
        let calls = Calls()
        let images = HeldOutImages(named: "one") {
            calls.count += 1
            return sampleImages(count: 1, pixels: 1, classes: 1)
        }
        #expect(images.fingerprint == "one")
        #expect(calls.count == 0, "to tell them from others does not make them")
        #expect((images.images.count, images.images.count) == (1, 1))
        #expect(calls.count == 1)
    }

    private final class Calls: @unchecked Sendable {
        var count = 0
    }

    static let mlp = MLP(
        dataset: "sample", images: sampleImages(count: 30, pixels: 13, classes: 4),
        heldOut: HeldOutImages(sampleImages(count: 9, pixels: 13, classes: 4, seed: 6)), batchSize: 4,
        initialScale: 0.5)
}
