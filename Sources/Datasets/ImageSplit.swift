/// The images of a data set: some to train on, others to be judged by.
public struct ImageSplit: Sendable {
    /// What minibatches are drawn from.
    public let training: LabeledImages
    /// What no minibatch meets; nil where there are none.
    public let heldOut: HeldOutImages?

    /// Two sets that have no image in common.
    public init(training: LabeledImages, heldOut: HeldOutImages? = nil) {
        self.training = training
        self.heldOut = heldOut
    }

    /// Both parts with a number added to each pixel.
    public func shifted(by shift: Float) -> ImageSplit {
        guard shift != 0 else { return self }
        return ImageSplit(
            training: training.shifted(by: shift),
            heldOut: heldOut.map { heldOut in
                HeldOutImages(named: "\(heldOut.fingerprint)/shift\(shift)") { heldOut.images.shifted(by: shift) }
            })
    }

    /// Tells the images from others, without making those that are held out; see `LabeledImages.fingerprint`.
    public var fingerprint: String { "\(training.fingerprint)/\(heldOut?.fingerprint ?? "-")" }
}

/// Images that no minibatch meets, there from the first time that somebody asks for them.
public final class HeldOutImages: Sendable {
    private let make: @Sendable () -> LabeledImages
    private let made = Lazy<LabeledImages>()
    private let name: String?

    /// Images that are there already.
    public init(_ images: LabeledImages) {
        make = { images }
        name = nil
    }

    /// - Parameters:
    ///   - name: what tells these images from others, such as who draws them, how many and by which seed.
    ///   - make: makes the images; called once at most.
    public init(named name: String, make: @escaping @Sendable () -> LabeledImages) {
        self.make = make
        self.name = name
    }

    /// The images.
    public var images: LabeledImages { made.value(make) }

    /// Tells the images from others, without making them: the name that was given, else `LabeledImages.fingerprint`.
    public var fingerprint: String { name ?? images.fingerprint }
}
