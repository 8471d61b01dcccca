import NumericCore
import Optimizers

/// Any optimizer, on tensors where they lie: they are copied into one vector and back. A tensor that sits a step out has a
/// gradient of 0 there, and is not copied back.
struct GatheredOptimizer<O: Optimizer>: ScatteredOptimizer {
    let optimizer: O
    /// States are the same in files, and so is whose they are.
    var name: String { optimizer.name }
    var stateBytesPerParameter: Int { optimizer.stateBytesPerParameter }

    init(_ optimizer: O) { self.optimizer = optimizer }

    struct State: Sendable {
        let layout: ParameterLayout
        var inner: O.State
        /// Room for copies.
        var parameters: [Float]
        var gradient: [Float]

        init(_ layout: ParameterLayout, _ inner: O.State) {
            (self.layout, self.inner) = (layout, inner)
            parameters = [Float](repeating: 0, count: layout.count)
            gradient = parameters
        }
    }

    func initialState(for layout: ParameterLayout) -> State { State(layout, optimizer.initialState(for: layout)) }

    func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout State
    ) {
        optimizer.update(parameters: &parameters, gradient: gradient, loss: loss, state: &state.inner)
    }

    func update(tensors: [TensorPlace], loss: Float?, state: inout State) {
        let ranges = state.layout.ranges
        for (tensor, range) in zip(tensors, ranges) {
            for (index, place) in range.enumerated() {
                state.parameters[place] = tensor.parameters[index] * tensor.keep
                state.gradient[place] = tensor.gradient?[index] ?? 0
            }
        }
        optimizer.update(&state.parameters, gradient: state.gradient, loss: loss, state: &state.inner)
        for (tensor, range) in zip(tensors, ranges) where tensor.gradient != nil {
            for (index, place) in range.enumerated() {
                let kept = tensor.parameters[index] * tensor.keep
                tensor.parameters[index] =
                    tensor.stepScale == 1
                    ? state.parameters[place] : kept + tensor.stepScale * (state.parameters[place] - kept)
            }
        }
    }

    func record(_ state: State) -> StateRecord { optimizer.record(state.inner) }

    func state(from record: StateRecord, for layout: ParameterLayout) throws -> State {
        State(layout, try optimizer.state(from: record, for: layout))
    }
}

extension ParameterLayout {
    /// Where tensors lie in one vector.
    func withPlaces(_ parameters: inout MutableSpan<Float>, _ gradient: Span<Float>, _ body: ([TensorPlace]) -> Void)
    {
        parameters.withUnsafeMutableBufferPointer { parameters in
            gradient.withUnsafeBufferPointer { gradient in
                guard let start = parameters.baseAddress, let slope = gradient.baseAddress else { return body([]) }
                body(ranges.map { TensorPlace(parameters: start + $0.lowerBound, gradient: slope + $0.lowerBound) })
            }
        }
    }
}
