import NumericCore
public import Optimizees
public import Optimizers

/// How fast an optimizer moves each tensor of a real run.
public struct TensorRates: Sendable {
    /// One tensor, step by step.
    public struct Tensor: Sendable {
        /// Its name and dimensions.
        public let shape: ParameterShape
        /// ‖Δθ‖ / ‖g‖: the learning rate at which plain gradient descent would take a step as long.
        public internal(set) var rates: [Double] = []
        /// RMS(Δθ): what a parameter moves.
        public internal(set) var sizes: [Double] = []
        /// RMS(Δθ) / RMS(θ), θ before the step; infinite while all of it is 0.
        public internal(set) var shares: [Double] = []
        /// −cos(Δθ, g): 1 where the step goes straight down.
        public internal(set) var cosines: [Double] = []

        /// The mean of `rates` over the last fifth of the steps.
        public var lateRate: Double { Probes.late(rates.filter(\.isFinite)) }
        /// The mean of `sizes` over the last fifth of the steps.
        public var lateSize: Double { Probes.late(sizes.filter(\.isFinite)) }
        /// The mean of `cosines`.
        public var meanCosine: Double {
            let finite = cosines.filter(\.isFinite)
            return finite.reduce(0, +) / Double(finite.count)
        }
    }

    /// What was optimized.
    public let optimizee: String
    /// In the order of the layout.
    public private(set) var tensors: [Tensor]
    /// The minibatch loss before each step. A run that diverges ends with a loss that is not finite.
    public private(set) var losses: [Double] = []

    /// Runs an optimizer on the problem that a race with `seed` meets first.
    ///
    /// - Throws: `CancellationError` once `isCancelled` is true.
    public init<O: Optimizer>(
        _ optimizer: O, on optimizee: any Optimizee, steps: Int, seed: UInt64, isCancelled: () -> Bool = { false }
    ) throws {
        self.optimizee = optimizee.name
        let layout = optimizee.layout
        tensors = layout.shapes.map { Tensor(shape: $0) }
        let instance = optimizee.instance(key: RandomKey(seed: seed).child(0))
        var parameters = instance.initialParameters
        var gradient = [Float](repeating: 0, count: parameters.count)
        var state = optimizer.initialState(for: layout)
        for step in 0..<steps {
            if isCancelled() { throw CancellationError() }
            var span = gradient.mutableSpan
            let loss = instance.lossAndGradient(at: step, parameters: parameters.span, gradient: &span)
            losses.append(Double(loss))
            guard loss.isFinite else { return }
            let before = parameters
            optimizer.update(&parameters, gradient: gradient, loss: loss, state: &state)
            for (index, range) in layout.ranges.enumerated() {
                note(index, before[range], parameters[range], gradient[range])
            }
        }
    }

    private mutating func note(
        _ index: Int, _ before: ArraySlice<Float>, _ after: ArraySlice<Float>, _ gradient: ArraySlice<Float>
    ) {
        var (moved, slope, along, size) = (0.0, 0.0, 0.0, 0.0)
        for ((old, new), g) in zip(zip(before, after), gradient) {
            let change = Double(new) - Double(old)
            moved += change * change
            slope += Double(g) * Double(g)
            along -= change * Double(g)
            size += Double(old) * Double(old)
        }
        let count = Double(max(before.count, 1))
        tensors[index].rates.append((moved / slope).squareRoot())
        tensors[index].sizes.append((moved / count).squareRoot())
        tensors[index].shares.append((moved / size).squareRoot())
        tensors[index].cosines.append(along / (moved * slope).squareRoot())
    }
}
