import KernelTypes
public import Optimizers

/// A coordinatewise learned optimizer whose LSTM state is kept in 16 bits: 168 bytes a parameter in place of 328.
///
///     let optimizer = SmallStateOptimizer(try RNNprop(…))
///     var state = optimizer.initialState(parameterCount: parameters.count)
///
/// Steps are computed in single precision; what is remembered of c and h is rounded to half precision, the moments are
/// not. `Documentation/Performance.md` has what that does to final losses. Meta-training needs the whole state, so this
/// is an optimizer, not a learned one.
public struct SmallStateOptimizer<Features: FeatureRule>: ElementwiseOptimizer {
    /// The same rule with its state in single precision.
    public let base: CoordinatewiseOptimizer<Features>

    public init(_ base: CoordinatewiseOptimizer<Features>) { self.base = base }

    public var name: String { base.name + "+halfstate" }
    public var stateBytesPerParameter: Int { base.network.layout.stateBytes(.half) }

    public func initialState(for layout: ParameterLayout) -> CoordinatewiseOptimizer<Features>.State {
        base.initialState(count: layout.count, precision: .half)
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?,
        state: inout CoordinatewiseOptimizer<Features>.State
    ) {
        base.update(parameters: &parameters, gradient: gradient, loss: loss, state: &state)
    }

    public func record(_ state: CoordinatewiseOptimizer<Features>.State) -> StateRecord { base.record(state) }

    public func state(
        from record: StateRecord, for layout: ParameterLayout
    ) throws -> CoordinatewiseOptimizer<Features>.State {
        try base.state(from: record, for: layout, precision: .half)
    }
}
