/// A rule that turns gradients into parameter updates, hand-designed or learned.
///
/// The rule itself is an immutable value; everything it remembers between steps is in `State`, a value that the
/// caller keeps and may copy, so that unrolling, replay and checkpoints are copies.
///
///     let adam = Adam(learningRate: 1e-3)
///     var state = adam.initialState(parameterCount: parameters.count)
///     adam.update(&parameters, gradient: gradient, state: &state)
public protocol Optimizer: Sendable {
    associatedtype State: Sendable

    /// The type and every constant, `adam(lr=0.001,…)`: the key under which results are kept.
    var name: String { get }

    /// Bytes that `State` keeps for each parameter, in the limit of many parameters.
    var stateBytesPerParameter: Int { get }

    /// The state before the first step.
    func initialState(parameterCount: Int) -> State

    /// Takes one step in place. Allocates nothing.
    ///
    /// - Precondition: `parameters` and `gradient` have as many elements as the state was made for.
    func update(parameters: inout MutableSpan<Float>, gradient: Span<Float>, state: inout State)
}

extension Optimizer {
    /// Takes one step on arrays.
    public func update(_ parameters: inout [Float], gradient: [Float], state: inout State) {
        var span = parameters.mutableSpan
        update(parameters: &span, gradient: gradient.span, state: &state)
    }
}
