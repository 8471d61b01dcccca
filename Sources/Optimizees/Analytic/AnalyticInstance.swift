/// A function of the parameters alone, known in closed form.
protocol AnalyticFunction {
    /// The value at `x` and its gradient, which overwrites `gradient`.
    func valueAndGradient(_ x: Span<Float>, _ gradient: inout MutableSpan<Float>) -> Float
}

/// An instance that is the same function at every step.
final class AnalyticInstance<Function: AnalyticFunction>: OptimizeeInstance {
    let initialParameters: [Float]
    private let function: Function
    private let discarded: UnsafeMutableBufferPointer<Float>
    private let workspace = Workspace()

    init(_ function: Function, initialParameters: [Float]) {
        self.function = function
        self.initialParameters = initialParameters
        discarded = UnsafeMutableBufferPointer(
            start: workspace.floats(initialParameters.count), count: initialParameters.count)
    }

    func lossAndGradient(
        at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>
    ) -> Float {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the function")
        precondition(gradient.count == initialParameters.count, "the gradient does not fit the function")
        return function.valueAndGradient(parameters, &gradient)
    }

    func loss(at step: Int, parameters: Span<Float>) -> Float {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the function")
        var span = discarded.mutableSpan
        return function.valueAndGradient(parameters, &span)
    }
}
