import Files
public import NumericCore
public import Optimizers

/// An optimizer with weights of its own, the meta-parameters φ, that can be trained.
///
/// A value of the type is a rule with one φ; `optimizer(_:)` is the same rule with another. Whoever trains with
/// evolution strategies needs nothing but that and steps. What more a rule can do, it says by further protocols:
/// `FirstOrderLearnedOptimizer`, `KernelChoosing`, `CompactStateOffering`.
public protocol LearnedOptimizer: Optimizer {
    /// What files, commands and tests know of the rule.
    static var descriptor: RuleDescriptor { get }

    /// An untrained one, its weights drawn from `key`.
    init(key: RandomKey)

    /// One with weights from a file or another program.
    /// - Precondition: the weights are of this rule.
    init(weights: LearnedWeights)

    /// φ as named tensors, with the rule's constants.
    var weights: LearnedWeights { get }

    /// φ, one flat vector in an order of the rule's own.
    var metaParameters: [Float] { get }

    /// The same rule with other weights: optimizer(φ).
    /// - Precondition: as many as `metaParameters`.
    func optimizer(_ metaParameters: [Float]) -> Self

    /// The same rule and weights in double precision, as its paper writes them; nil where there is none.
    var reference: (any ReferenceRule)? { get }
}

extension LearnedOptimizer {
    /// The rule's name, as weight files and commands use it.
    public static var kind: String { descriptor.name }

    public var reference: (any ReferenceRule)? { nil }

    /// The kind with a digest of φ and of constants, `rnnprop(weights=…)`: the `name` under which results are kept.
    public func name(withConstants constants: [String: Double]) -> String {
        var digest = Digest()
        for value in metaParameters { digest.add(UInt64(value.bitPattern)) }
        for (_, value) in constants.sorted(by: { $0.key < $1.key }) { digest.add(UInt64(Float(value).bitPattern)) }
        return "\(Self.kind)(weights=\(digest.text))"
    }

    /// One with weights that were read from `path`.
    ///
    /// - Throws: `InputError` where they are of another rule.
    public init(_ weights: LearnedWeights, path: String) throws {
        try weights.check(isOf: Self.descriptor, path: path)
        self.init(weights: weights)
    }

    /// The same rule and weights with other kernels; nil where the rule has no choice of kernels.
    public func choosing(_ kernels: Kernels) -> Self? {
        (self as? any KernelChoosing)?.with(kernels: kernels) as? Self
    }
}

/// A learned optimizer that knows the first-order derivative of a recorded period with respect to φ.
public protocol FirstOrderLearnedOptimizer: LearnedOptimizer {
    /// ∂/∂φ of Σ_t w_t f(θ_t) over one period, with the optimizee's gradients as constant inputs.
    ///
    /// θ_t is where the t-th gradient was taken, before the t-th update; so ∂L/∂(Δθ_t) = Σ_{s>t} w_s ∇f(θ_s)
    /// (Lv et al. 2017, section 4). Nothing else is differentiated through: neither the state that the period began
    /// with, nor, where a rule reads the parameters themselves, these.
    ///
    /// - Parameters:
    ///   - period: what was recorded. Periods are replayed from the state they began with, so that a rule keeps no
    ///     tape between calls.
    ///   - sample: the coordinates that are looked at; the sum over them is scaled up to stand for all. A rule that is
    ///     not a sum over coordinates may look at all of them.
    /// - Returns: as many values as `metaParameters`, summed over coordinates in an order that does not depend on
    ///   the number of threads.
    func metaGradient(of period: borrowing RecordedPeriod<State>, sample: CoordinateSample) -> [Float]
}

/// A learned optimizer whose steps several kernels can compute.
public protocol KernelChoosing: LearnedOptimizer {
    /// The kernels that it uses.
    var kernels: Kernels { get }

    /// The same rule and weights, computed by other kernels: `Kernels.bfloat16` for instance.
    func with(kernels: Kernels) -> Self
}

extension KernelChoosing {
    /// What the rule's name has to end with: kernels other than those that everything uses give other numbers, and
    /// results are kept by names.
    public var kernelSuffix: String {
        if kernels.factors != .single { return "+\(kernels.factors)" }
        return kernels.name == Kernels.selected.name ? "" : "+\(kernels.name)"
    }
}

/// A learned optimizer that can keep its state in fewer bits.
public protocol CompactStateOffering: LearnedOptimizer {
    /// The same rule with a smaller state, for use, not for training.
    var withSmallState: any Optimizer { get }
}

/// One period of an optimization: what a first-order meta-gradient is computed from.
public struct RecordedPeriod<State: Sendable>: Sendable {
    /// The state before the period's first update.
    public var startState: State
    /// θ_0, the parameters before the period's first update.
    public var startParameters: [Float]
    /// ∇f(θ_0) … ∇f(θ_{T−1}), one after the other, as many floats each as there are parameters. There may be more rows
    /// than steps; those are ignored.
    public var gradients: AlignedFloats
    /// w_0 … w_{T−1}.
    public var lossWeights: [Float]

    /// Makes a period from its parts.
    /// - Precondition: there are gradients for each weight.
    public init(startState: State, startParameters: [Float], gradients: AlignedFloats, lossWeights: [Float]) {
        precondition(
            gradients.count >= lossWeights.count * startParameters.count, "a period has a gradient for each step")
        self.startState = startState
        self.startParameters = startParameters
        self.gradients = gradients
        self.lossWeights = lossWeights
    }

    /// The number of parameters.
    public var parameterCount: Int { startParameters.count }

    /// Σ_{s>t} w_s ∇f(θ_s), the derivative of the loss with respect to the update of step t, for each step: as many rows
    /// as there are steps, the last one 0.
    public var laterGradients: AlignedFloats {
        let (count, weights) = (parameterCount, lossWeights)
        var later = AlignedFloats(count: count * weights.count)
        gradients.withPointer { gradients in
            later.withMutablePointer { later in
                for t in weights.indices.dropLast().reversed() {
                    let (row, next) = (later + t * count, later + (t + 1) * count)
                    let gradient = gradients + (t + 1) * count
                    for i in 0..<count { row[i] = next[i] + weights[t + 1] * gradient[i] }
                }
            }
        }
        return later
    }

    /// Calls `body` for each step but the last, whose update no loss sees.
    ///
    /// - Parameter body: gets θ, which it has to move on, the step's gradient, and its row of `laterGradients`.
    func replay(
        _ body: (
            _ parameters: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>, _ later: UnsafePointer<Float>
        ) -> Void
    ) {
        guard parameterCount > 0 else { return }
        var parameters = AlignedFloats(startParameters)
        parameters.withMutablePointer { parameters in
            laterGradients.withPointer { later in
                gradients.withPointer { gradients in
                    for row in stride(from: 0, to: (lossWeights.count - 1) * parameterCount, by: parameterCount) {
                        body(parameters, gradients + row, later + row)
                    }
                }
            }
        }
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

    /// All coordinates.
    public static let all = CoordinateSample(stride: 1, offset: 0)
}
