public import KernelTypes
public import NumericCore
public import Optimizers

/// What distinguishes one coordinatewise learned optimizer from another: the features it reads, the shape of its
/// network and its constants.
public protocol FeatureRule: Sendable {
    associatedtype Map: Sendable

    /// The name that weight files and the command line use.
    static var kind: String { get }
    /// How it was trained in its paper.
    static var recipe: MetaTrainingRecipe { get }
    /// The constants that weight files keep, by name, with the values of the paper.
    static var defaultConstants: [String: Double] { get }
    /// The network's shape for a number of hidden units and layers.
    static func layout(hidden: Int, layers: Int) -> NetworkLayout
    /// The kernels that compute these features.
    static func stepKernel(_ kernels: Kernels) -> Kernels.Step<Map>
    static func backwardKernel(_ kernels: Kernels) -> Kernels.Backward<Map>

    /// - Parameter constants: `defaultConstants`, some replaced.
    init(constants: [String: Double])
    /// What multiplies the network's output: θ ← θ + scale · output.
    var scale: Float { get }
    /// The features' constants at step `step`, which counts from 1.
    func map(step: Int) -> Map
}

/// A learned optimizer that runs the same small LSTM, with its own state, for every coordinate.
///
///     var optimizer = RNNprop(key: RandomKey(seed: 1))          // untrained
///     var state = optimizer.initialState(parameterCount: parameters.count)
///     optimizer.update(&parameters, gradient: gradient, state: &state)
///
/// One step costs 6,460 multiply-adds and 200 activations a coordinate at the paper's size and allocates nothing
/// but a thread's scratch memory, once.
public struct CoordinatewiseOptimizer<Features: FeatureRule>: LearnedOptimizer {
    public static var kind: String { Features.kind }
    public static var recipe: MetaTrainingRecipe { Features.recipe }

    /// The rule's constants by name, as weight files keep them.
    public let constants: [String: Double]
    let network: CoordinatewiseNetwork
    let features: Features
    let kernels: Kernels

    /// - Parameters:
    ///   - metaParameters: φ in the order of `NetworkLayout`'s packed weights.
    ///   - constants: those that differ from the paper's.
    ///   - kernels: another instruction set's, for comparison.
    public init(
        metaParameters: [Float], hidden: Int = 20, layers: Int = 2, constants: [String: Double] = [:],
        kernels: Kernels = .selected
    ) {
        let all = Features.defaultConstants.merging(constants) { $1 }
        precondition(all.count == Features.defaultConstants.count, "\(Features.kind) has no such constant")
        let features = Features(constants: all)
        self.constants = all
        self.features = features
        self.kernels = kernels
        network = CoordinatewiseNetwork(
            layout: Features.layout(hidden: hidden, layers: layers), metaParameters: metaParameters,
            scale: features.scale, kernels: kernels)
    }

    /// Untrained: projection and read-out weights truncated normal with standard deviation 0.1, LSTM weights Glorot
    /// uniform, biases 0 (as the authors' code has it).
    public init(
        key: RandomKey, hidden: Int = 20, layers: Int = 2, constants: [String: Double] = [:],
        kernels: Kernels = .selected
    ) {
        let layout = Features.layout(hidden: hidden, layers: layers)
        var stream = RandomStream(key)
        var weights = [Float](repeating: 0, count: layout.weightCount)
        for unit in 0..<layout.projection {
            for feature in 0..<NetworkLayout.features {
                weights[unit * 3 + 1 + feature] = 0.1 * stream.truncatedNormal()
            }
        }
        for layer in 0..<layout.layers {
            let rows = layout.rows(layer: layer)
            let bound = (6 / Float(rows + 4 * hidden)).squareRoot()
            for index in 0..<layout.layerSize(layer) where index % (4 * (1 + rows)) >= 4 {
                weights[layout.layerOffset(layer) + index] = stream.uniform(in: -bound...bound)
            }
        }
        for unit in 0..<hidden { weights[layout.readoutOffset + unit] = 0.1 * stream.truncatedNormal() }
        self.init(metaParameters: weights, hidden: hidden, layers: layers, constants: constants, kernels: kernels)
    }

    /// The paper's size and constants, untrained.
    public init(key: RandomKey) { self.init(key: key, hidden: 20) }

    public var metaParameters: [Float] { network.metaParameters }

    public func with(metaParameters: [Float]) -> Self {
        Self(
            metaParameters: metaParameters, hidden: network.layout.hidden, layers: network.layout.layers,
            constants: constants, kernels: kernels)
    }

    public func with(kernels: Kernels) -> Self {
        Self(
            metaParameters: metaParameters, hidden: network.layout.hidden, layers: network.layout.layers,
            constants: constants, kernels: kernels)
    }

    /// The kind and a digest of constants and weights, and the precision of products that are not in single.
    public var name: String {
        let values =
            metaParameters.map(\.bitPattern)
            + constants.sorted { $0.key < $1.key }.map { Float($0.value).bitPattern }
        // FNV-1a.
        let digest = values.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let factors = kernels.factors == .single ? "" : "+\(kernels.factors)"
        return "\(Features.kind)(weights=\(String(digest, radix: 16)))\(factors)"
    }

    // MARK: Steps

    /// What the optimizer remembers of every coordinate.
    public struct State: Sendable {
        /// Steps taken.
        public internal(set) var steps = 0
        var network: NetworkState
    }

    public var stateBytesPerParameter: Int { network.layout.stateBytes(.single) }

    public func initialState(parameterCount: Int) -> State {
        initialState(parameterCount: parameterCount, precision: .single)
    }

    func initialState(parameterCount: Int, precision: StatePrecision) -> State {
        State(network: network.initialState(count: parameterCount, kernels: kernels, precision: precision))
    }

    public var withSmallState: any Optimizer { SmallStateOptimizer(self) }

    public func update(parameters: inout MutableSpan<Float>, gradient: Span<Float>, state: inout State) {
        state.steps += 1
        network.step(
            Features.stepKernel(kernels), features.map(step: state.steps), kernels: kernels,
            parameters: &parameters, gradient: gradient, state: &state.network)
    }

    public func metaGradient(
        from startState: State, gradients: AlignedFloats, parameterCount: Int, lossWeights: [Float],
        sample: CoordinateSample
    ) -> [Float] {
        network.metaGradient(
            Features.backwardKernel(kernels),
            maps: lossWeights.indices.map { features.map(step: startState.steps + 1 + $0) }, kernels: kernels,
            count: parameterCount, gradients: gradients, lossWeights: lossWeights, startState: startState.network,
            sample: sample)
    }
}

extension CoordinatewiseOptimizer {
    /// The instruction set whose kernels it uses.
    public var kernelName: String { kernels.name }
}
