import CProcessor

/// Grey or colour images with a class label each, in memory.
public struct LabeledImages: Sendable {
    /// One class in `0 ..< classes` an image.
    public let labels: [UInt8]
    /// The number of values of one image: width × height × colours.
    public let pixelsPerImage: Int
    /// The number of classes.
    public let classes: Int

    private let storage: Storage
    /// Added to what is stored.
    private let offset: Float
    private let lazyFingerprint = Lazy<String>()

    private enum Storage: Sendable {
        case values([Float])
        /// A quarter of the memory: each byte stands for byte / 255.
        case bytes(ArraySlice<UInt8>)

        var count: Int {
            switch self {
            case .values(let values): values.count
            case .bytes(let bytes): bytes.count
            }
        }
    }

    /// The number of images.
    public var count: Int { labels.count }

    /// Images from their values, image after image, and classes.
    ///
    /// - Precondition: `pixels` holds `pixelsPerImage` values for each label, and every label is a class.
    public init(pixels: [Float], labels: [UInt8], pixelsPerImage: Int, classes: Int) {
        self.init(.values(pixels), offset: 0, labels, pixelsPerImage, classes)
    }

    /// Images from bytes as files have them; kept as bytes, without a copy.
    ///
    /// - Parameter offset: a pixel's value is byte / 255 + `offset`.
    /// - Precondition: `bytes` holds `pixelsPerImage` for each label, and every label is a class.
    public init(bytes: ArraySlice<UInt8>, offset: Float = 0, labels: [UInt8], pixelsPerImage: Int, classes: Int) {
        self.init(.bytes(bytes), offset: offset, labels, pixelsPerImage, classes)
    }

    private init(_ storage: Storage, offset: Float, _ labels: [UInt8], _ pixelsPerImage: Int, _ classes: Int) {
        precondition(storage.count == labels.count * pixelsPerImage, "pixels do not match labels")
        precondition(labels.allSatisfy { $0 < classes }, "a label is not a class")
        self.storage = storage
        self.offset = offset
        self.labels = labels
        self.pixelsPerImage = pixelsPerImage
        self.classes = classes
    }

    /// The same images with a number added to each pixel; nothing is copied.
    public func shifted(by shift: Float) -> LabeledImages {
        LabeledImages(storage, offset: offset + shift, labels, pixelsPerImage, classes)
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
                if offset != 0 { fingerprint.add(UInt64(offset.bitPattern)) }
                values.withUnsafeBytes { fingerprint.add($0) }
            case .bytes(let bytes):
                fingerprint.add(UInt64(offset.bitPattern))
                bytes.withUnsafeBytes { fingerprint.add($0) }
            }
            return fingerprint.text
        }
    }

    /// The values of the images of a range, image after image.
    public func pixels(of images: Range<Int>) -> [Float] {
        [Float](unsafeUninitializedCapacity: images.count * pixelsPerImage) { buffer, filled in
            filled = images.count * pixelsPerImage
            if filled > 0 { copyPixels(of: Array(images)[...], to: buffer.baseAddress!) }
        }
    }

    /// Writes the values of the chosen images, one image after the other.
    ///
    /// - Precondition: `target` has room for `indices.count × pixelsPerImage` values, and every index is an image.
    public func copyPixels(of indices: ArraySlice<Int>, to target: UnsafeMutablePointer<Float>) {
        precondition(indices.allSatisfy { 0..<count ~= $0 }, "there is no such image")
        let offset = offset
        switch storage {
        case .values(let values):
            values.withUnsafeBytes { values in
                forEachImage(of: indices, in: values) { image, place in
                    let image = image.assumingMemoryBound(to: Float.self)
                    let target = target + place
                    for index in 0..<pixelsPerImage { target[index] = image[index] + offset }
                }
            }
        case .bytes(let bytes):
            bytes.withUnsafeBytes { bytes in
                forEachImage(of: indices, in: bytes) { image, place in
                    let image = image.assumingMemoryBound(to: UInt8.self)
                    let target = target + place
                    for index in 0..<pixelsPerImage { target[index] = Float(image[index]) / 255 + offset }
                }
            }
        }
    }

    /// Calls `body` with each image and the place of its first value among all that are copied.
    ///
    /// Meanwhile the processor fetches the images a few places on. They lie all over the memory, and to wait for each in
    /// turn takes longer than to copy it.
    @inline(__always)
    private func forEachImage(
        of indices: ArraySlice<Int>, in memory: UnsafeRawBufferPointer,
        _ body: (_ image: UnsafeRawPointer, _ place: Int) -> Void
    ) {
        guard let start = memory.baseAddress, !indices.isEmpty else { return }
        let (ahead, cacheLine) = (4, 64)
        let (imageBytes, first) = (memory.count / count, indices.startIndex)
        func image(_ position: Int) -> UnsafeRawPointer { start + indices[first + position] * imageBytes }
        func fetch(_ position: Int) {
            guard position < indices.count else { return }
            for offset in stride(from: 0, to: imageBytes, by: cacheLine) {
                processor_prefetch(image(position) + offset)
            }
        }
        for position in 0..<ahead { fetch(position) }
        for position in 0..<indices.count {
            fetch(position + ahead)
            body(image(position), position * pixelsPerImage)
        }
    }
}
