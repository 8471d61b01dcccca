import NumericCore

/// Handwritten-looking digits, drawn from scratch: a stand-in for MNIST that needs no file.
///
/// Each picture takes one of several skeletons of its digit, bends it with a smooth elastic field, turns, slants,
/// stretches and shifts it, and draws it with a pen of varying width on noisy paper. As with MNIST, 28 × 28
/// pixels lie between 0 (paper) and 1 (ink), and a linear classifier stays well below a small network.
///
///     let training = Digits.generate(count: 10_000, seed: 1)
public enum Digits {
    /// The pixels along each side of a picture.
    public static let side = 28

    /// Draws `count` pictures; picture i depends on the seed and on i alone.
    ///
    /// Takes about 50 µs a picture and core.
    public static func generate(count: Int, seed: UInt64) -> LabeledImages {
        generate(0..<count, seed: seed)
    }

    /// Draws the pictures numbered `range` of the endless series that belongs to `seed`.
    ///
    /// Disjoint ranges give disjoint sets, for training and for testing.
    public static func generate(_ range: Range<Int>, seed: UInt64) -> LabeledImages {
        let root = RandomKey(seed: seed)
        let size = side * side
        var labels = [UInt8](repeating: 0, count: range.count)
        let pixels = [UInt8](unsafeUninitializedCapacity: range.count * size) { buffer, filled in
            buffer.initialize(repeating: 0)
            filled = range.count * size
            guard let start = buffer.baseAddress else { return }
            labels.withUnsafeMutableBufferPointer { labels in
                // Each picture has its own part of both buffers.
                nonisolated(unsafe) let start = start
                nonisolated(unsafe) let labels = labels
                let chunk = 32
                parallelLoop((range.count + chunk - 1) / chunk) { index in
                    var canvas = DigitCanvas(side: side)
                    for picture in (index * chunk)..<min(index * chunk + chunk, range.count) {
                        let key = root.child(range.lowerBound + picture)
                        labels[picture] = draw(key, on: &canvas, into: start + picture * size)
                    }
                }
            }
        }
        return LabeledImages(bytes: pixels[...], labels: labels, pixelsPerImage: size, classes: 10)
    }

    /// Draws the picture that belongs to `key` and returns its digit.
    private static func draw(
        _ key: RandomKey, on canvas: inout DigitCanvas, into pixels: UnsafeMutablePointer<UInt8>
    ) -> UInt8 {
        var stream = RandomStream(key)
        let digit = stream.index(below: 10)
        let styles = digitSkeletons[digit]
        let style = styles[stream.index(below: styles.count)]
        let pen = DigitPen(side: Float(side), stream: &stream)
        canvas.clear()
        for stroke in style { canvas.draw(pen.path(of: stroke)) }
        let brightness = stream.uniform(in: 0.75...1.25)
        let noise = stream.uniform(in: 0...0.12)
        canvas.develop(into: pixels, brightness: brightness, noise: noise, stream: &stream)
        return UInt8(digit)
    }
}
