/// One tensor of a step, where a host program has it.
///
/// Nobody can check where the pointers lead: both must have room for the tensor's elements while the step is taken.
@unsafe public struct TensorPlace: @unchecked Sendable {
    /// θ, replaced by what it is after the step.
    public let parameters: UnsafeMutablePointer<Float>
    /// ∇f(θ); nil of a tensor that sits the step out: neither it nor what is remembered of it then changes, and its time
    /// stands still.
    public let gradient: UnsafePointer<Float>?
    /// What the rule's step is multiplied by.
    public let stepScale: Float
    /// What θ is multiplied by before the step: one less decoupled weight decay.
    public let keep: Float

    /// Makes a place from its parts.
    public init(
        parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>?, stepScale: Float = 1,
        keep: Float = 1
    ) {
        unsafe self.parameters = parameters
        unsafe self.gradient = gradient
        unsafe self.stepScale = stepScale
        unsafe self.keep = keep
    }
}

/// An optimizer that takes its step on tensors where they lie, each in a place of its own, without copying them.
public protocol ScatteredOptimizer: Optimizer {
    /// Takes one step in place, like `update(parameters:gradient:loss:state:)` on the tensors one after the other.
    ///
    /// - Parameters:
    ///   - tensors: one for each shape of the layout that the state was made for.
    ///   - loss: f(θ) on the same minibatch, where the caller has it.
    ///   - state: what the rule remembers.
    /// - Precondition: as many tensors as shapes.
    func update(tensors: [TensorPlace], loss: Float?, state: inout State)
}

/// An optimizer that looks at each parameter alone: a part of the parameters with a state of its own takes the same
/// steps, bit for bit, as within the whole. Each tensor of its records has parameters along its last dimension.
public protocol ElementwiseOptimizer: Optimizer {}
