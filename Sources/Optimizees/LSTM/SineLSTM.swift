public import Datasets
import NeuralNetworks
public import NumericCore

/// A recurrent network that continues noisy sine waves: the mean squared error of one prediction per sequence.
///
/// From the values before it and `h₀ = c₀ = 0`, each layer computes at every k, with gates in the order i, j, f, o,
///
///     [i j f o] = [x, h] W + b
///     c ← σ(f) c + σ(i) tanh(j)        h ← σ(o) tanh(c)
///
/// without an offset of the forget gate; a further layer reads the h of the one below. The prediction is
/// `h w + b` of the top layer's last h, the loss `(prediction − target)²`. The flat parameter vector holds W₁
/// ((1 + hidden) × 4 hidden, row-major), b₁, W₂ (2 hidden × 4 hidden), b₂, … and the read-out's w and b. Every weight
/// and bias starts from N(0, `initialScale`²). Each step draws a fresh minibatch.
///
/// With the defaults this is the LSTM of Lv, Jiang, Li 2017 (*Learning Gradient Descent*, section 5.3); n = 1,781.
///
///     let instance = SineLSTM(layers: 2).instance(key: RandomKey(seed: 1))
public struct SineLSTM: Optimizee {
    /// What the waves are like.
    public let sequences: SineSequences
    /// Units in a layer.
    public let hiddenSize: Int
    /// The number of layers.
    public let layerCount: Int
    /// Sequences in a minibatch.
    public let batchSize: Int
    /// The standard deviation of the initial parameters.
    public let initialScale: Float

    /// - Parameters:
    ///   - sequences: what the waves are like.
    ///   - hiddenSize: units in a layer.
    ///   - layers: the number of layers.
    ///   - batchSize: sequences in a minibatch.
    ///   - initialScale: the standard deviation of the initial parameters.
    /// - Precondition: all counts are positive.
    public init(
        sequences: SineSequences = SineSequences(), hiddenSize: Int = 20, layers: Int = 1, batchSize: Int = 128,
        initialScale: Float = 0.1
    ) {
        precondition(hiddenSize > 0 && layers > 0 && batchSize > 0, "an LSTM has layers, units and a batch size")
        self.sequences = sequences
        self.hiddenSize = hiddenSize
        layerCount = layers
        self.batchSize = batchSize
        self.initialScale = initialScale
    }

    /// `sine-lstm`, with `-2` for two layers or `-lownoise` for noise 0.01, then the other options.
    public var name: String {
        let isDouble = layerCount == 2
        let isQuiet = !isDouble && sequences.noise == 0.01
        return optionName(
            isDouble ? "sine-lstm-2" : isQuiet ? "sine-lstm-lownoise" : "sine-lstm",
            [
                ("hidden", "\(hiddenSize)", hiddenSize != 20),
                ("layers", "\(layerCount)", layerCount != 1 && !isDouble),
                ("length", "\(sequences.length)", sequences.length != 10),
                ("noise", "\(sequences.noise)", sequences.noise != 0.1 && !isQuiet),
                ("batch", "\(batchSize)", batchSize != 128),
                ("initial", "\(initialScale)", initialScale != 0.1),
            ])
    }

    public var shapes: [ParameterShape] {
        (0..<layerCount).flatMap { layer in
            [
                ParameterShape("W\(layer + 1)", [(layer == 0 ? 1 : hiddenSize) + hiddenSize, 4 * hiddenSize]),
                ParameterShape("b\(layer + 1)", [4 * hiddenSize]),
            ]
        } + [ParameterShape("w", [hiddenSize, 1]), ParameterShape("b", [1])]
    }

    /// With what each layer keeps of every time step.
    public var instanceBytes: Int {
        let scratch = LSTMStack.scratchFloats(
            inputs: 1, hidden: hiddenSize, layers: layerCount, length: sequences.length, batchSize: batchSize)
        return (parameterCount + scratch) * MemoryLayout<Float>.stride
    }

    public func instance(key: RandomKey) -> any OptimizeeInstance { SineLSTMInstance(self, key: key) }
}
