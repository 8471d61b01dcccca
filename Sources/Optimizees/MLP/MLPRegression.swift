import NeuralNetworks
public import NumericCore

/// A multilayer perceptron that learns a random function of its inputs by the mean squared error of minibatches, each of
/// which is drawn afresh.
///
/// Layers, parameters and their initial values are those of `MLP`, with one output; the function is a `TeacherNetwork`
/// of the instance's own. Its scale decides the size of losses and gradients, which cross-entropy keeps alike.
///
///     let instance = MLPRegression(teacher: TeacherNetwork(scale: 100)).instance(key: RandomKey(seed: 1))
public struct MLPRegression: Optimizee {
    /// What is to be learned.
    public let teacher: TeacherNetwork
    /// The width of each hidden layer, from the input on.
    public let hiddenWidths: [Int]
    /// The function after each hidden layer.
    public let activation: Activation
    /// Examples in a minibatch.
    public let batchSize: Int
    /// The standard deviation of the initial parameters.
    public let initialScale: Float

    /// - Parameters:
    ///   - teacher: what is to be learned.
    ///   - hiddenWidths: the width of each hidden layer; none makes it linear regression.
    ///   - activation: the function after each hidden layer.
    ///   - batchSize: examples in a minibatch.
    ///   - initialScale: the standard deviation of the initial parameters.
    /// - Precondition: all counts are positive.
    public init(
        teacher: TeacherNetwork = TeacherNetwork(), hiddenWidths: [Int] = [20], activation: Activation = .tanh,
        batchSize: Int = 128, initialScale: Float = 0.1
    ) {
        precondition(batchSize > 0 && hiddenWidths.allSatisfy { $0 > 0 }, "widths and batch size are positive")
        self.teacher = teacher
        self.hiddenWidths = hiddenWidths
        self.activation = activation
        self.batchSize = batchSize
        self.initialScale = initialScale
    }

    /// `mlp-regression`, then the options that differ.
    public var name: String {
        let width = hiddenWidths.first ?? 20
        let isEven = hiddenWidths.allSatisfy { $0 == width }
        return optionName(
            "mlp-regression",
            [
                ("inputs", "\(teacher.inputs)", teacher.inputs != 8),
                ("hidden", hiddenWidths.map(String.init).joined(separator: "-"), !isEven),
                ("depth", "\(hiddenWidths.count)", isEven && hiddenWidths.count != 1),
                ("width", "\(width)", isEven && width != 20),
                ("activation", activation.rawValue, activation != .tanh),
                ("scale", "\(teacher.scale)", teacher.scale != 1),
                ("noise", "\(teacher.noise)", teacher.noise != 0),
                ("batch", "\(batchSize)", batchSize != 128),
                ("initial", "\(initialScale)", initialScale != 0.1),
            ])
    }

    public var shapes: [ParameterShape] { shapesOf(layers) }

    /// With a minibatch, and what each layer puts out and passes back.
    public var instanceBytes: Int {
        let scratch = DenseStack.scratchFloats(layers, capacity: batchSize)
        return (parameterCount + batchSize * (teacher.inputs + 1) + scratch) * MemoryLayout<Float>.stride
    }

    public func instance(key: RandomKey) -> any OptimizeeInstance { MLPRegressionInstance(self, key: key) }

    var layers: [DenseLayer] { DenseLayer.layers([teacher.inputs] + hiddenWidths + [1]) }
}

/// One drawn `MLPRegression` problem: the function, initial parameters, and the examples of each step.
///
/// Use it from one thread at a time. A step allocates nothing.
final class MLPRegressionInstance: OptimizeeInstance {
    let initialParameters: [Float]

    /// How many examples the held-out loss is the mean of.
    static let heldOutCount = 2048

    private let teacher: TeacherNetwork.Drawn
    private let network: DenseStack
    private let workspace = Workspace()
    private let inputs: UnsafeMutablePointer<Float>
    private let targets: UnsafeMutablePointer<Float>
    private var examples: Examples

    /// The roots of the minibatches and of what no step meets.
    private let minibatches: RandomKey
    private let heldOut: RandomKey
    /// Whose minibatch the examples are.
    private var loadedStep: Int?
    private let batchSize: Int

    init(_ optimizee: MLPRegression, key: RandomKey) {
        batchSize = optimizee.batchSize
        teacher = TeacherNetwork.Drawn(optimizee.teacher, key: key.child(3))
        var stream = RandomStream(key.child(0))
        initialParameters = (0..<optimizee.parameterCount).map { _ in optimizee.initialScale * stream.normal() }
        minibatches = key.child(1)
        heldOut = key.child(2)
        inputs = workspace.floats(batchSize * optimizee.teacher.inputs)
        targets = workspace.floats(batchSize)
        examples = Examples(capacity: batchSize)
        network = DenseStack(
            optimizee.layers, activation: optimizee.activation, capacity: batchSize, inputs: inputs,
            targets: targets, workspace: workspace)
    }

    func loss(at step: Int, parameters: Span<Float>) -> Float {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the MLP")
        load(step)
        let sum = parameters.withUnsafeBufferPointer { network.loss($0.baseAddress!, examples) }
        return Float(sum / Double(batchSize))
    }

    func lossAndGradient(at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>) -> Float {
        precondition(gradient.count == initialParameters.count, "the gradient does not fit the MLP")
        let loss = loss(at: step, parameters: parameters)
        parameters.withUnsafeBufferPointer { parameters in
            gradient.withUnsafeMutableBufferPointer { gradient in
                network.backward(
                    parameters.baseAddress!, examples, share: 1 / Float(batchSize), into: gradient.baseAddress!)
            }
        }
        return loss
    }

    /// The mean loss over 2,048 examples that no step meets: the same for every size of minibatch.
    func heldOut(parameters: Span<Float>) -> HeldOut? {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the MLP")
        loadedStep = nil
        var stream = RandomStream(heldOut)
        var total = 0.0
        for start in stride(from: 0, to: Self.heldOutCount, by: batchSize) {
            draw(min(batchSize, Self.heldOutCount - start), from: &stream)
            total += parameters.withUnsafeBufferPointer { network.loss($0.baseAddress!, examples) }
        }
        return HeldOut(loss: total / Double(Self.heldOutCount))
    }

    private func load(_ step: Int) {
        guard step != loadedStep else { return }
        loadedStep = step
        var stream = RandomStream(minibatches.child(step))
        draw(batchSize, from: &stream)
    }

    private func draw(_ count: Int, from stream: inout RandomStream) {
        examples.count = count
        teacher.draw(count, from: &stream, inputs: inputs, targets: targets)
    }
}
