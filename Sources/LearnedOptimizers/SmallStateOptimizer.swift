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
public struct SmallStateOptimizer<Features: FeatureRule>: Optimizer {
    /// The same rule with its state in single precision.
    public let base: CoordinatewiseOptimizer<Features>

    public init(_ base: CoordinatewiseOptimizer<Features>) { self.base = base }

    public var name: String { base.name + "+halfstate" }
    public var stateBytesPerParameter: Int { base.network.layout.stateBytes(.half) }

    public func initialState(parameterCount: Int) -> CoordinatewiseOptimizer<Features>.State {
        base.initialState(parameterCount: parameterCount, precision: .half)
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>,
        state: inout CoordinatewiseOptimizer<Features>.State
    ) {
        base.update(parameters: &parameters, gradient: gradient, state: &state)
    }
}
