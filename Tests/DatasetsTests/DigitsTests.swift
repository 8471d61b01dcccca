import Datasets
import NumericCore
import Testing

@Suite struct DigitsTests {
    @Test func picturesDependOnSeedAndNumberAlone() {
        let all = Digits.generate(count: 100, seed: 3)
        #expect(Digits.generate(count: 100, seed: 3).pixels(of: 0..<100) == all.pixels(of: 0..<100))
        let part = Digits.generate(40..<70, seed: 3)
        #expect(part.labels == Array(all.labels[40..<70]))
        #expect(part.pixels(of: 0..<30) == all.pixels(of: 40..<70))
        #expect(Digits.generate(count: 100, seed: 4).pixels(of: 0..<100) != all.pixels(of: 0..<100))
        #expect(Digits.generate(count: 0, seed: 3).count == 0)
    }

    @Test func pixelsAreWholeGreyLevelsAndEveryPictureHasInk() {
        let images = Digits.generate(count: 300, seed: 1)
        #expect(images.pixelsPerImage == 784 && images.classes == 10)
        #expect(images.pixels(of: 0..<300).allSatisfy { 0...1 ~= $0 && ($0 * 255).rounded() / 255 == $0 })
        for image in 0..<images.count {
            let ink = images.pixels(of: image..<image + 1).filter { $0 > 0.5 }.count
            #expect(25..<350 ~= ink, "picture \(image), a \(images.labels[image]), has \(ink) dark pixels")
        }
    }

    @Test func everyDigitIsAboutAsFrequent() {
        let labels = Digits.generate(count: 2_000, seed: 9).labels
        for digit in 0..<10 {
            let count = labels.filter { $0 == digit }.count
            #expect(150..<250 ~= count, "\(count) pictures of a \(digit)")
        }
    }

    @Test(.enabled(if: isOptimised, "trains two classifiers: run with `swift test -c release`"))
    func linearClassifierStaysBelowSmallNetwork() {
        let training = Digits.generate(0..<20_000, seed: 1)
        let test = Digits.generate(20_000..<23_000, seed: 1)
        var linear = SmallClassifier(inputs: 784, hidden: 0, classes: 10, seed: 2)
        linear.train(on: training, steps: 1_500, rate: 0.005)
        var network = SmallClassifier(inputs: 784, hidden: 20, classes: 10, seed: 2)
        network.train(on: training, steps: 3_000, rate: 0.02)
        let (low, high) = (linear.accuracy(on: test), network.accuracy(on: test))
        print("held-out accuracy: linear \(low), 784-20-10 \(high)")
        #expect(0.8..<0.9 ~= low, "linear: \(low)")
        #expect(high > 0.915 && high > low + 0.04, "784-20-10: \(high), linear: \(low)")
    }

    @Test(.enabled(if: isOptimised, "times the drawing: run with `swift test -c release`"))
    func tenThousandPicturesTakeSeconds() {
        let time = ContinuousClock().measure { #expect(Digits.generate(count: 10_000, seed: 1).count == 10_000) }
        print("10,000 pictures in \(time)")
        // Well under a second where nothing else runs; a test cannot know what else does.
        #expect(time < .seconds(60))
    }
}

/// Whether this is a release build; debug builds are about fifty times slower.
let isOptimised: Bool = {
    #if DEBUG
        false
    #else
        true
    #endif
}()
