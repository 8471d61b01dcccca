public import NumericCore

/// f_c(θ) = f(c ⊙ θ), started from θ₀ / c, with random scales c drawn for each instance.
///
/// Trick 1 of Lv, Jiang, Li 2017 (section 4.1), by which a learned optimizer meets gradients of every size. The
/// default draws cᵢ = exp(uᵢ), uᵢ ~ U[−L, L], for each coordinate; the other draws are the paper's alternatives.
///
///     let training = RandomScaling(MLP(dataset: "mnist", images: images), range: 3)
public struct RandomScaling: Optimizee {
    /// Which coordinates share a scale.
    public enum Granularity: String, Sendable, CaseIterable {
        /// One scale for each coordinate.
        case coordinate
        /// One scale for each tensor.
        case tensor
        /// One scale for the whole function.
        case function
    }

    /// How a scale between e^−L and e^L is drawn.
    public enum Distribution: String, Sendable, CaseIterable {
        /// exp(u) with u ~ U[−L, L].
        case exponential
        /// U[e^−L, e^L].
        case uniform
    }

    /// f, the optimizee that is scaled.
    public let wrapped: any Optimizee
    /// L: scales lie between e^−L and e^L.
    public let range: Float
    /// Which coordinates share a scale.
    public let granularity: Granularity
    /// How a scale is drawn.
    public let distribution: Distribution
    /// The probability that a coordinate takes part.
    public let keep: Float

    /// - Parameters:
    ///   - wrapped: f, the optimizee that is scaled.
    ///   - range: L; scales lie between e^−L and e^L.
    ///   - granularity: which coordinates share a scale.
    ///   - distribution: how a scale is drawn.
    ///   - keep: the probability that a coordinate takes part. The others are dropped for the whole instance: the
    ///     function holds them at their initial value and their gradient is 0.
    /// - Precondition: `range` is not negative, `keep` is a probability.
    public init(
        _ wrapped: any Optimizee, range: Float = 3, granularity: Granularity = .coordinate,
        distribution: Distribution = .exponential, keep: Float = 1
    ) {
        precondition(range >= 0, "a range is not negative")
        precondition((0...1).contains(keep), "keep is a probability")
        self.wrapped = wrapped
        self.range = range
        self.granularity = granularity
        self.distribution = distribution
        self.keep = keep
    }

    /// `scaled(mnist-mlp,L=3.0)`
    public var name: String {
        var name = "scaled(\(wrapped.name),L=\(range)"
        if granularity != .coordinate { name += ",per=\(granularity.rawValue)" }
        if distribution != .exponential { name += ",draw=\(distribution.rawValue)" }
        if keep != 1 { name += ",keep=\(keep)" }
        return name + ")"
    }

    public var shapes: [ParameterShape] { wrapped.shapes }

    public var dataFingerprint: String? { wrapped.dataFingerprint }

    /// With scales, and parameters before and after scaling.
    public var instanceBytes: Int { wrapped.instanceBytes + 4 * parameterCount * MemoryLayout<Float>.stride }

    /// Draws the wrapped instance from `key.child(0)`, whatever the options.
    public func instance(key: RandomKey) -> any OptimizeeInstance {
        RandomScalingInstance(
            wrapped: wrapped.instance(key: key.child(0)), scales: scales(key: key.child(1)),
            isKept: kept(key: key.child(2)))
    }

    private func scales(key: RandomKey) -> [Float] {
        var stream = RandomStream(key)
        func draw() -> Float {
            switch distribution {
            case .exponential: Float(exp(Double(stream.uniform(in: -range...range))))
            case .uniform: stream.uniform(in: exp(-range)...exp(range))
            }
        }
        switch granularity {
        case .coordinate: return (0..<wrapped.parameterCount).map { _ in draw() }
        case .tensor: return wrapped.shapes.flatMap { Array(repeating: draw(), count: $0.count) }
        case .function: return Array(repeating: draw(), count: wrapped.parameterCount)
        }
    }

    private func kept(key: RandomKey) -> [Bool]? {
        guard keep < 1 else { return nil }
        var stream = RandomStream(key)
        return (0..<wrapped.parameterCount).map { _ in stream.uniform() < keep }
    }
}

/// One drawn problem of `RandomScaling`.
public final class RandomScalingInstance: OptimizeeInstance {
    public let initialParameters: [Float]
    /// f's instance.
    public let wrapped: any OptimizeeInstance
    /// c
    public let scales: [Float]

    /// What each parameter is multiplied by: its scale, or 0 where its coordinate is dropped.
    private let factors: [Float]
    /// Where dropped coordinates stay.
    private let start: [Float]
    private let hasDropped: Bool
    private let scaled: UnsafeMutableBufferPointer<Float>
    private let workspace = Workspace()

    init(wrapped: any OptimizeeInstance, scales: [Float], isKept: [Bool]?) {
        self.wrapped = wrapped
        self.scales = scales
        start = wrapped.initialParameters
        initialParameters = zip(start, scales).map { $0 / $1 }
        factors = isKept.map { zip($0, scales).map { $0 ? $1 : 0 } } ?? scales
        hasDropped = isKept != nil
        scaled = UnsafeMutableBufferPointer(start: workspace.floats(start.count), count: start.count)
    }

    public func loss(at step: Int, parameters: Span<Float>) -> Float {
        scale(parameters)
        let scaled = UnsafeBufferPointer(scaled)
        return wrapped.loss(at: step, parameters: scaled.span)
    }

    public func lossAndGradient(
        at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>
    ) -> Float {
        scale(parameters)
        let scaled = UnsafeBufferPointer(scaled)
        let loss = wrapped.lossAndGradient(at: step, parameters: scaled.span, gradient: &gradient)
        let factors = factors
        precondition(gradient.count == factors.count, "the gradient does not fit the optimizee")
        for index in 0..<gradient.count { gradient[index] *= factors[index] }
        if hasDropped {
            // Not left to the factor 0, which would make NaN of an infinite gradient.
            for index in 0..<gradient.count where factors[index] == 0 { gradient[index] = 0 }
        }
        return loss
    }

    /// How c ⊙ θ does, with dropped coordinates where they started.
    public func heldOut(parameters: Span<Float>) -> HeldOut? {
        scale(parameters)
        let scaled = UnsafeBufferPointer(scaled)
        return wrapped.heldOut(parameters: scaled.span)
    }

    public func averageLoss(steps: Int, parameters: Span<Float>, isCancelled: () -> Bool) -> Double? {
        scale(parameters)
        let scaled = UnsafeBufferPointer(scaled)
        return wrapped.averageLoss(steps: steps, parameters: scaled.span, isCancelled: isCancelled)
    }

    private func scale(_ parameters: Span<Float>) {
        let (factors, start, scaled) = (factors, start, scaled)
        precondition(parameters.count == factors.count, "parameters do not fit the optimizee")
        for index in 0..<parameters.count { scaled[index] = factors[index] * parameters[index] }
        if hasDropped {
            for index in 0..<parameters.count where factors[index] == 0 { scaled[index] = start[index] }
        }
    }
}
