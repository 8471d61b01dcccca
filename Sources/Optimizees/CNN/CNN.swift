public import Datasets
import NeuralNetworks
public import NumericCore

/// A small VGG-like convolutional network that classifies images: softmax cross-entropy, the mean over a minibatch.
///
/// Convolutions have 3 × 3 filters, stride 1, as much output as input, and ReLU; max pooling takes 2 × 2 squares with
/// stride 2; fully connected layers have ReLU except for the last. The flat parameter vector holds each layer's
/// weights and then its biases: filters as rows × columns × inputs × outputs, matrices as inputs × outputs, where the
/// first matrix's inputs are rows × columns × channels. Every weight and bias starts from N(0, `initialScale`²); the
/// minibatch of a step is drawn uniformly with replacement.
///
/// With the defaults this is a CNN of Lv, Jiang, Li 2017 (*Learning Gradient Descent*, section 5), who write its layers
/// as `c-c-p-f` and `c-c-p-c-c-p-f-f`. The widths are those of their code: `width` filters, twice as many after each
/// pooling, as many units in hidden fully connected layers as there would be filters after the last.
///
///     let optimizee = CNN(dataset: "mnist", images: images)
///     let instance = optimizee.instance(key: RandomKey(seed: 1))
public struct CNN: Optimizee {
    /// What the data are called in `name`.
    public let dataset: String
    /// The training images: square, colours apart, rows × columns each.
    public let images: LabeledImages
    /// Images that no step meets; nil where there are none.
    public let heldOut: HeldOutImages?
    /// Which layers there are.
    public let architecture: Architecture
    /// Colours of the images.
    public let channels: Int
    /// The filters of each convolution before the first pooling.
    public let width: Int
    /// Images in a minibatch.
    public let batchSize: Int
    /// The standard deviation of the initial parameters.
    public let initialScale: Float

    /// - Parameters:
    ///   - dataset: what the data are called in `name`.
    ///   - images: the training images: square, colours apart, rows × columns each.
    ///   - heldOut: images that no step meets; nil where there are none.
    ///   - architecture: which layers there are.
    ///   - channels: colours of the images.
    ///   - width: the filters of each convolution before the first pooling.
    ///   - batchSize: images in a minibatch.
    ///   - initialScale: the standard deviation of the initial parameters.
    /// - Precondition: there are square images, not smaller than the pooling makes necessary; all counts are positive.
    public init(
        dataset: String, images: LabeledImages, heldOut: HeldOutImages? = nil,
        architecture: Architecture = .shallow, channels: Int = 1, width: Int = 16, batchSize: Int = 128,
        initialScale: Float = 0.1
    ) {
        precondition(images.count > 0 && batchSize > 0 && width > 0, "a CNN needs images, a width and a batch size")
        precondition(channels > 0 && images.classes > 0, "a CNN needs colours and classes")
        self.dataset = dataset
        self.images = images
        self.heldOut = heldOut
        self.architecture = architecture
        self.channels = channels
        self.width = width
        self.batchSize = batchSize
        self.initialScale = initialScale
        precondition(side * side * channels == images.pixelsPerImage, "a CNN needs square images")
        precondition(
            Self.canPool(images, channels: channels, architecture), "the images are too small to be pooled so often")
    }

    /// The fingerprint of the training images and those that are held out.
    public var dataFingerprint: String? { ImageSplit(training: images, heldOut: heldOut).fingerprint }

    /// The most images that are looked at together.
    static let microbatch = 16

    /// With a part of a minibatch, what each layer puts out and passes back of it, and its gradient.
    public var instanceBytes: Int {
        let capacity = ImageMinibatch.capacity(batchSize: batchSize, limit: Self.microbatch)
        let scratch =
            ConvolutionStack.scratchFloats(blocks, batchSize: capacity)
            + DenseStack.scratchFloats(denseLayers, capacity: capacity)
        return (2 * parameterCount + capacity * images.pixelsPerImage + scratch) * MemoryLayout<Float>.stride
    }

    public func instance(key: RandomKey) -> any OptimizeeInstance { CNNInstance(self, key: key) }

    public var shapes: [ParameterShape] {
        let filters = blocks.map { [3, 3, $0.inputs, $0.outputs] }
        let matrices = denseLayers.map { [$0.inputs, $0.outputs] }
        return (filters + matrices).enumerated().flatMap { index, dimensions in
            [
                ParameterShape("W\(index + 1)", dimensions),
                ParameterShape("b\(index + 1)", [dimensions[dimensions.count - 1]]),
            ]
        }
    }

    /// `mnist-cnn` or `mnist-cnn-deep`, then the options that differ.
    public var name: String {
        var options: [String] = []
        if architecture != .shallow && architecture != .deep { options.append("layers=\(architecture)") }
        if width != 16 { options.append("width=\(width)") }
        if batchSize != 128 { options.append("batch=\(batchSize)") }
        if initialScale != 0.1 { options.append("initial=\(initialScale)") }
        let name = "\(dataset)-cnn\(architecture == .deep ? "-deep" : "")"
        return options.isEmpty ? name : "\(name):\(options.joined(separator: ","))"
    }
}

extension CNN {
    /// Rows and columns of an image.
    var side: Int { Self.side(images, channels: channels) }

    private static func side(_ images: LabeledImages, channels: Int) -> Int {
        Int(Double(images.pixelsPerImage / channels).squareRoot().rounded())
    }

    /// Whether something is left of the images after all poolings.
    static func canPool(_ images: LabeledImages, channels: Int, _ architecture: Architecture) -> Bool {
        side(images, channels: channels) >> architecture.poolings > 0
    }

    var blocks: [ConvolutionShape] {
        var (side, inputs, offset, width) = (side, channels, 0, width)
        return architecture.convolutions.map { pools in
            let block = ConvolutionShape(side: side, inputs: inputs, outputs: width, pools: pools, weights: offset)
            (side, inputs, offset) = (block.outputSide, width, block.end)
            if pools { width *= 2 }
            return block
        }
    }

    var denseLayers: [DenseLayer] {
        let last = blocks[blocks.count - 1]
        let hidden = Array(repeating: width << architecture.poolings, count: architecture.hiddenLayers)
        let features = last.outputSide * last.outputSide * last.outputs
        return DenseLayer.layers([features] + hidden + [images.classes], from: last.end)
    }
}
