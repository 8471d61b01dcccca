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
    ///
    /// - Parameter layout: the tensors that the flat parameter vector holds. A rule that looks at tensors needs them; all
    ///   others look at their number of elements alone.
    func initialState(for layout: ParameterLayout) -> State

    /// Takes one step in place. Allocates nothing that grows with the parameters.
    ///
    /// - Parameters:
    ///   - parameters: θ, n of them, replaced by those after the step.
    ///   - gradient: ∇f(θ).
    ///   - loss: f(θ) on the same minibatch, where the caller has it; few rules read it.
    ///   - state: what the rule remembers, from one step to the next.
    /// - Precondition: `parameters` and `gradient` have as many elements as the state was made for.
    func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout State)

    /// What a state holds, for files and other processes.
    func record(_ state: State) -> StateRecord

    /// A state from its record, bit for bit.
    ///
    /// - Throws: `InputError` where the record is not one of this rule's for such parameters.
    func state(from record: StateRecord, for layout: ParameterLayout) throws -> State
}

extension Optimizer {
    /// The state before the first step, for parameters of which no more is known than their number.
    public func initialState(parameterCount: Int) -> State {
        initialState(for: ParameterLayout(count: parameterCount))
    }

    /// Takes one step without being told the loss.
    public func update(parameters: inout MutableSpan<Float>, gradient: Span<Float>, state: inout State) {
        update(parameters: &parameters, gradient: gradient, loss: nil, state: &state)
    }

    /// Takes one step on arrays.
    public func update(
        _ parameters: inout [Float], gradient: [Float], loss: Float? = nil, state: inout State
    ) {
        var span = parameters.mutableSpan
        update(parameters: &span, gradient: gradient.span, loss: loss, state: &state)
    }
}
