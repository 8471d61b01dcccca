import Files
import KernelTypes
public import NumericCore
public import Optimizers

/// A learned optimizer that runs the same small LSTM, with its own state, for every coordinate.
///
///     var optimizer = RNNprop(key: RandomKey(seed: 1))          // untrained
///     var state = optimizer.initialState(parameterCount: parameters.count)
///     optimizer.update(&parameters, gradient: gradient, state: &state)
///
/// One step costs 6,460 multiply-adds and 200 activations a coordinate at the paper's size and allocates nothing
/// but a thread's scratch memory, once.
public struct CoordinatewiseOptimizer<Features: FeatureRule>: FirstOrderLearnedOptimizer, ElementwiseOptimizer,
    KernelChoosing
{
    public static var descriptor: RuleDescriptor { Features.descriptor }

    /// The rule's constants by name, as weight files keep them.
    public let constants: [String: Double]
    /// The kernels that it uses.
    public let kernels: Kernels
    let network: CoordinatewiseNetwork
    let features: Features

    /// - Parameters:
    ///   - metaParameters: φ in the order of `NetworkLayout`'s packed weights.
    ///   - hidden: units of each LSTM layer.
    ///   - layers: LSTM layers.
    ///   - constants: those that differ from the paper's.
    ///   - kernels: another instruction set's, for comparison.
    public init(
        metaParameters: [Float], hidden: Int = 20, layers: Int = 2, constants: [String: Double] = [:],
        kernels: Kernels = .selected
    ) {
        let all = Features.descriptor.defaultConstants.merging(constants) { $1 }
        precondition(all.count == Features.constants.count, "\(Features.kind) has no such constant")
        let layout = Features.layout(hidden: hidden, layers: layers)
        precondition(layout.fits(Features.Map.self), "the network reads the features of its map")
        let features = Features(constants: all)
        self.constants = all
        self.features = features
        self.kernels = kernels
        network = CoordinatewiseNetwork(
            layout: layout, metaParameters: metaParameters, scale: Float(features.scale), kernels: kernels)
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
            for feature in 1..<layout.projectionUnitSize {
                weights[unit * layout.projectionUnitSize + feature] = 0.1 * stream.truncatedNormal()
            }
        }
        for layer in 0..<layout.layers {
            let rows = layout.rows(layer: layer)
            let bound = (6 / Float(rows + 4 * hidden)).squareRoot()
            for index in 0..<layout.layerSize(layer) where index % (4 * (1 + rows)) >= 4 {
                weights[layout.layerOffset(layer) + index] = stream.uniform(in: -bound...bound)
            }
        }
        for output in 0..<layout.outputs {
            let offset = layout.outputOffset(output)
            for unit in 0..<hidden { weights[offset + unit] = 0.1 * stream.truncatedNormal() }
        }
        self.init(metaParameters: weights, hidden: hidden, layers: layers, constants: constants, kernels: kernels)
    }

    /// The paper's size and constants, untrained.
    public init(key: RandomKey) { self.init(key: key, hidden: 20) }

    public var metaParameters: [Float] { network.metaParameters }

    public func optimizer(_ metaParameters: [Float]) -> Self {
        Self(
            metaParameters: metaParameters, hidden: network.layout.hidden, layers: network.layout.layers,
            constants: constants, kernels: kernels)
    }

    public func with(kernels: Kernels) -> Self {
        Self(
            metaParameters: metaParameters, hidden: network.layout.hidden, layers: network.layout.layers,
            constants: constants, kernels: kernels)
    }

    /// The kind and a digest of constants and weights, and kernels that are not everybody's.
    public var name: String { name(withConstants: constants) + kernelSuffix }

    // MARK: Steps

    /// What the optimizer remembers of every coordinate.
    public struct State: Sendable {
        /// Steps taken.
        public internal(set) var steps = 0
        var network: NetworkState
    }

    public var stateBytesPerParameter: Int { network.layout.stateBytes(.single) }

    public func initialState(for layout: ParameterLayout) -> State {
        initialState(count: layout.count, precision: .single)
    }

    func initialState(count: Int, precision: StatePrecision) -> State {
        State(network: network.initialState(count: count, kernels: kernels, precision: precision))
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout State
    ) {
        state.steps += 1
        network.step(
            Features.kernels(kernels), features.map(step: state.steps), kernels: kernels,
            parameters: &parameters, gradient: gradient, state: &state.network)
    }

    public func metaGradient(of period: borrowing RecordedPeriod<State>, sample: CoordinateSample) -> [Float] {
        let taken = period.startState.steps
        return network.metaGradient(
            Features.kernels(kernels),
            maps: period.lossWeights.indices.map { features.map(step: taken + 1 + $0) }, kernels: kernels,
            count: period.parameterCount, gradients: period.gradients, lossWeights: period.lossWeights,
            startState: period.startState.network, sample: sample)
    }

    // MARK: State in files

    public func record(_ state: State) -> StateRecord {
        StateRecord(counts: ["step": state.steps], tensors: network.tensors(of: state.network, kernels: kernels))
    }

    public func state(from record: StateRecord, for layout: ParameterLayout) throws -> State {
        try state(from: record, for: layout, precision: .single)
    }

    func state(
        from record: StateRecord, for layout: ParameterLayout, precision: StatePrecision
    ) throws -> State {
        var state = initialState(count: layout.count, precision: precision)
        state.steps = try record.count("step")
        try network.fill(&state.network, from: record, kernels: kernels)
        return state
    }
}

extension CoordinatewiseOptimizer: CompactStateOffering {
    public var withSmallState: any Optimizer { SmallStateOptimizer(self) }
}
