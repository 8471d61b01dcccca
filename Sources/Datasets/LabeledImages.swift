/// Grey or colour images with a class label each, in memory.
public struct LabeledImages: Sendable {
    /// `count × pixelsPerImage` values, image after image; grey images are pixels / 255.
    public let pixels: [Float]
    /// One class in `0 ..< classes` an image.
    public let labels: [UInt8]
    /// The number of values of one image: width × height × colours.
    public let pixelsPerImage: Int
    /// The number of classes.
    public let classes: Int

    /// The number of images.
    public var count: Int { labels.count }

    /// Images from their values and classes.
    ///
    /// - Precondition: `pixels` holds `pixelsPerImage` values for each label, and every label is a class.
    public init(pixels: [Float], labels: [UInt8], pixelsPerImage: Int, classes: Int) {
        precondition(pixels.count == labels.count * pixelsPerImage, "pixels do not match labels")
        precondition(labels.allSatisfy { $0 < classes }, "a label is not a class")
        self.pixels = pixels
        self.labels = labels
        self.pixelsPerImage = pixelsPerImage
        self.classes = classes
    }
}
