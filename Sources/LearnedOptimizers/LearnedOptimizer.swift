public import NumericCore
public import Optimizers

/// An optimizer with weights of its own, the meta-parameters φ, that can be trained.
///
/// Everything that meta-training needs beyond `Optimizer` is the derivative of one recorded period: periods are
/// replayed from a copy of the state they began with, so an implementation keeps no tape between calls.
public protocol LearnedOptimizer: Optimizer {
    /// The name that weight files and the command line use.
    static var kind: String { get }

    /// How it was trained in its paper.
    static var recipe: MetaTrainingRecipe { get }

    /// An untrained one, its weights drawn from `key`.
    init(key: RandomKey)

    /// One with weights from a file or another program.
    /// - Precondition: the weights are of this kind.
    init(weights: CanonicalWeights)

    /// φ as named tensors.
    var canonicalWeights: CanonicalWeights { get }

    /// φ, one flat vector.
    var metaParameters: [Float] { get }

    /// The same rule with other weights.
    /// - Precondition: as many as `metaParameters`.
    func with(metaParameters: [Float]) -> Self

    /// The same rule and weights, computed by other kernels: `Kernels.bfloat16` for instance.
    func with(kernels: Kernels) -> Self

    /// The same rule with a smaller state, for use, not for training.
    var withSmallState: any Optimizer { get }

    /// ∂/∂φ of Σ_t w_t f(θ_t) over one period, with the optimizee's gradients as constant inputs.
    ///
    /// θ_t is where the t-th gradient was taken, before the t-th update; so ∂L/∂(Δθ_t) = Σ_{s>t} w_s ∇f(θ_s)
    /// (Lv et al. 2017, section 4). No gradient flows into the state that the period began with.
    ///
    /// - Parameters:
    ///   - startState: the state before the period's first update.
    ///   - gradients: ∇f(θ_0) … ∇f(θ_{T−1}), one after the other, `parameterCount` floats each.
    ///   - lossWeights: w_0 … w_{T−1}.
    ///   - sample: the coordinates that are looked at; the sum over them is scaled up to stand for all.
    /// - Returns: as many values as `metaParameters`, summed over coordinates in an order that does not depend on
    ///   the number of threads.
    func metaGradient(
        from startState: State, gradients: AlignedFloats, parameterCount: Int, lossWeights: [Float],
        sample: CoordinateSample
    ) -> [Float]
}

extension LearnedOptimizer {
    /// The same, all coordinates taken.
    public func metaGradient(
        from startState: State, gradients: AlignedFloats, parameterCount: Int, lossWeights: [Float]
    ) -> [Float] {
        metaGradient(
            from: startState, gradients: gradients, parameterCount: parameterCount, lossWeights: lossWeights,
            sample: .all)
    }
}

/// Every `stride`-th block of coordinates, counted from `offset`.
///
/// The meta-gradient of a coordinatewise rule is a sum over coordinates, so with an offset drawn uniformly from
/// `0 ..< stride` the sample's sum times `stride` is an unbiased estimate of it, at a fraction of the cost.
public struct CoordinateSample: Sendable, Hashable {
    public let stride: Int
    public let offset: Int

    /// - Precondition: `0 ≤ offset < stride`.
    public init(stride: Int, offset: Int) {
        precondition(offset >= 0 && offset < stride, "the offset lies within the stride")
        self.stride = stride
        self.offset = offset
    }

    public static let all = CoordinateSample(stride: 1, offset: 0)
}
