import NumericCore

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
}

/// Images that no minibatch meets, there from the first time that somebody asks for them.
public final class HeldOutImages: Sendable {
    private let make: @Sendable () -> LabeledImages
    private let made = OrderedMutex<LabeledImages?>(nil)

    /// Images that are there already.
    public convenience init(_ images: LabeledImages) { self.init { images } }

    /// - Parameter make: makes the images; called once at most.
    public init(make: @escaping @Sendable () -> LabeledImages) { self.make = make }

    /// The images.
    public var images: LabeledImages {
        made.withLock { made in
            if let made { return made }
            let images = make()
            made = images
            return images
        }
    }
}
