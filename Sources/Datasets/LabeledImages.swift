/// Grey or colour images with a class label each, in memory.
public struct LabeledImages: Sendable {
    /// One class in `0 ..< classes` an image.
    public let labels: [UInt8]
    /// The number of values of one image: width × height × colours.
    public let pixelsPerImage: Int
    /// The number of classes.
    public let classes: Int

    private let storage: Storage
    private let lazyFingerprint = Lazy<String>()

    private enum Storage: Sendable {
        case values([Float])
        /// A quarter of the memory: each byte stands for `byteValues[byte]`.
        case bytes(ArraySlice<UInt8>, byteValues: [Float])
    }

    /// The number of images.
    public var count: Int { labels.count }

    /// Images from their values, image after image, and classes.
    ///
    /// - Precondition: `pixels` holds `pixelsPerImage` values for each label, and every label is a class.
    public init(pixels: [Float], labels: [UInt8], pixelsPerImage: Int, classes: Int) {
        self.init(.values(pixels), pixels.count, labels, pixelsPerImage, classes)
    }

    /// Images from bytes as files have them; kept as bytes, without a copy.
    ///
    /// - Parameter offset: a pixel's value is byte / 255 + `offset`.
    /// - Precondition: `bytes` holds `pixelsPerImage` for each label, and every label is a class.
    public init(bytes: ArraySlice<UInt8>, offset: Float = 0, labels: [UInt8], pixelsPerImage: Int, classes: Int) {
        let byteValues = (0...255).map { Float($0) / 255 + offset }
        self.init(.bytes(bytes, byteValues: byteValues), bytes.count, labels, pixelsPerImage, classes)
    }

    private init(_ storage: Storage, _ pixelCount: Int, _ labels: [UInt8], _ pixelsPerImage: Int, _ classes: Int) {
        precondition(pixelCount == labels.count * pixelsPerImage, "pixels do not match labels")
        precondition(labels.allSatisfy { $0 < classes }, "a label is not a class")
        self.storage = storage
        self.labels = labels
        self.pixelsPerImage = pixelsPerImage
        self.classes = classes
    }

    /// 16 hexadecimal digits that tell these images and classes from others: a hash, computed when first asked for.
    ///
    /// Takes about 0.3 ms a megabyte.
    public var fingerprint: String {
        lazyFingerprint.value {
            var fingerprint = Fingerprint()
            for number in [pixelsPerImage, classes] { fingerprint.add(UInt64(number)) }
            labels.withUnsafeBytes { fingerprint.add($0) }
            switch storage {
            case .values(let values):
                values.withUnsafeBytes { fingerprint.add($0) }
            case .bytes(let bytes, let byteValues):
                byteValues.withUnsafeBytes { fingerprint.add($0) }
                bytes.withUnsafeBytes { fingerprint.add($0) }
            }
            return fingerprint.text
        }
    }

    /// The values of the images of a range, image after image.
    public func pixels(of images: Range<Int>) -> [Float] {
        [Float](unsafeUninitializedCapacity: images.count * pixelsPerImage) { buffer, filled in
            filled = images.count * pixelsPerImage
            if filled > 0 { copyPixels(of: Array(images), to: buffer.baseAddress!) }
        }
    }

    /// Writes the values of the chosen images, one image after the other.
    ///
    /// - Precondition: `target` has room for `indices.count × pixelsPerImage` values, and every index is an image.
    public func copyPixels(of indices: [Int], to target: UnsafeMutablePointer<Float>) {
        precondition(indices.allSatisfy { 0..<count ~= $0 }, "there is no such image")
        switch storage {
        case .values(let values):
            values.withUnsafeBufferPointer { values in
                forEachPiece(of: indices) { from, to, length in
                    (target + to).update(from: values.baseAddress! + from, count: length)
                }
            }
        case .bytes(let bytes, let byteValues):
            bytes.withUnsafeBufferPointer { bytes in
                byteValues.withUnsafeBufferPointer { byteValues in
                    forEachPiece(of: indices) { from, to, length in
                        let source = bytes.baseAddress! + from
                        let target = target + to
                        for index in 0..<length { target[index] = byteValues[Int(source[index])] }
                    }
                }
            }
        }
    }

    /// Four images at a time, 64 pixels of each in turn: memory that is far away is then fetched for all four at once,
    /// which takes a fifth off the time.
    @inline(__always)
    private func forEachPiece(of indices: [Int], _ body: (_ from: Int, _ to: Int, _ length: Int) -> Void) {
        for group in stride(from: 0, to: indices.count, by: 4) {
            for column in stride(from: 0, to: pixelsPerImage, by: 64) {
                let length = min(64, pixelsPerImage - column)
                for position in group..<min(group + 4, indices.count) {
                    body(indices[position] * pixelsPerImage + column, position * pixelsPerImage + column, length)
                }
            }
        }
    }
}
