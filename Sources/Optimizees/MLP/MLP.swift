public import Datasets
public import NeuralNetworks
public import NumericCore

/// A multilayer perceptron that classifies images: softmax cross-entropy, the mean over a minibatch.
///
/// Layer by layer y = activation(x W + b), the last one without activation. The flat parameter vector holds W₁
/// (inputs × outputs, row-major), b₁, W₂, b₂, … Every weight and bias starts from N(0, `initialScale`²). The
/// minibatch of a step is drawn uniformly with replacement. With the defaults this is the base MLP and its variants
/// of Lv, Jiang, Li 2017 (*Learning Gradient Descent*, section 5).
///
///     let optimizee = MLP(dataset: "mnist", images: images, hiddenWidths: [20], activation: .sigmoid)
///     let instance = optimizee.instance(key: RandomKey(seed: 1))
public struct MLP: Optimizee {
    /// What the data are called in `name`.
    public let dataset: String
    /// The training images.
    public let images: LabeledImages
    /// Images that no step meets; nil where there are none.
    public let heldOut: HeldOutImages?
    /// The width of each hidden layer, from the input on.
    public let hiddenWidths: [Int]
    /// The function after each hidden layer.
    public let activation: Activation
    /// Images in a minibatch.
    public let batchSize: Int
    /// The standard deviation of the initial parameters.
    public let initialScale: Float
    /// By how much the images' sides were pooled, for `name`; 1 where they were not.
    public let pooling: Int
    /// What was added to the images' pixels, for `name`.
    public let shift: Float

    /// - Parameters:
    ///   - dataset: what the data are called in `name`.
    ///   - images: the training images.
    ///   - heldOut: images that no step meets; nil where there are none.
    ///   - hiddenWidths: the width of each hidden layer; none makes it logistic regression.
    ///   - activation: the function after each hidden layer.
    ///   - batchSize: images in a minibatch.
    ///   - initialScale: the standard deviation of the initial parameters.
    ///   - pooling: by how much the images' sides were pooled before, for `name`.
    ///   - shift: what was added to the images' pixels before, for `name`.
    /// - Precondition: there are images, and all counts are positive.
    public init(
        dataset: String, images: LabeledImages, heldOut: HeldOutImages? = nil, hiddenWidths: [Int] = [20],
        activation: Activation = .sigmoid, batchSize: Int = 128, initialScale: Float = 0.1, pooling: Int = 1,
        shift: Float = 0
    ) {
        precondition(images.count > 0 && batchSize > 0, "an MLP needs images and a batch size")
        precondition(images.pixelsPerImage > 0 && images.classes > 0, "an MLP needs pixels and classes")
        precondition(hiddenWidths.allSatisfy { $0 > 0 }, "widths must be positive")
        self.dataset = dataset
        self.images = images
        self.heldOut = heldOut
        self.hiddenWidths = hiddenWidths
        self.activation = activation
        self.batchSize = batchSize
        self.initialScale = initialScale
        self.pooling = pooling
        self.shift = shift
    }

    public var shapes: [ParameterShape] { shapesOf(layers) }

    /// The fingerprint of the training images and those that are held out.
    public var dataFingerprint: String? { ImageSplit(training: images, heldOut: heldOut).fingerprint }

    /// With a minibatch, and what each layer puts out and passes back.
    public var instanceBytes: Int {
        let scratch = DenseStack.scratchFloats(layers, capacity: batchSize)
        return (parameterCount + batchSize * images.pixelsPerImage + scratch) * MemoryLayout<Float>.stride
    }

    public func instance(key: RandomKey) -> any OptimizeeInstance { MLPInstance(self, key: key) }

    /// Where each layer's parameters lie.
    var layers: [DenseLayer] { DenseLayer.layers([images.pixelsPerImage] + hiddenWidths + [images.classes]) }
}

extension MLP {
    /// `mnist-mlp`, with `-relu` or `-d3` where one of them is all that differs, then the other options.
    public var name: String {
        var name = "\(dataset)-mlp"
        var options: [String] = []
        let depth = hiddenWidths.count
        let width = hiddenWidths.first ?? 20
        if activation != .sigmoid {
            name += "-\(activation.rawValue)"
        } else if (2...10).contains(depth) {
            name += "-d\(depth)"
        }
        if hiddenWidths.contains(where: { $0 != width }) {
            options.append("hidden=" + hiddenWidths.map(String.init).joined(separator: "-"))
        } else {
            if depth != 1 && !name.hasSuffix("-d\(depth)") { options.append("depth=\(depth)") }
            if width != 20 { options.append("width=\(width)") }
        }
        if pooling != 1 { options.append("pool=\(pooling)") }
        if shift != 0 { options.append("shift=\(shift)") }
        if batchSize != 128 { options.append("batch=\(batchSize)") }
        if initialScale != 0.1 { options.append("initial=\(initialScale)") }
        return options.isEmpty ? name : "\(name):\(options.joined(separator: ","))"
    }
}

/// W₁, b₁, W₂, b₂, … of fully connected layers.
func shapesOf(_ layers: [DenseLayer]) -> [ParameterShape] {
    layers.enumerated().flatMap { index, layer in
        [
            ParameterShape("W\(index + 1)", [layer.inputs, layer.outputs]),
            ParameterShape("b\(index + 1)", [layer.outputs]),
        ]
    }
}
