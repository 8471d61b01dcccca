#if canImport(_Differentiation)
    public import NumericCore
    import _Differentiation

    /// A function written in Swift, whose gradient the compiler derives.
    ///
    ///     import _Differentiation
    ///
    ///     @differentiable(reverse)
    ///     func valley(_ x: [Float]) -> Float { (1 - x[0]) * (1 - x[0]) + 100 * x[1] * x[1] }
    ///
    ///     let optimizee = DifferentiableOptimizee(name: "valley", initial: [0, 1], function: valley)
    ///
    /// For small functions: each gradient allocates, and each subscript of an array costs as much again as the whole
    /// array on the way back. Swift's `_Differentiation` module is experimental and comes with the toolchains of
    /// swift.org; where it is missing, this type is too. Nothing else depends on it.
    public struct DifferentiableOptimizee: Optimizee {
        public let name: String
        /// The start point, before noise.
        public let initial: [Float]
        /// The standard deviation of the start point's noise.
        public let noise: Float
        private let function: @differentiable(reverse) @Sendable ([Float]) -> Float

        /// - Parameters:
        ///   - name: the name under which results are kept.
        ///   - initial: the start point; its length is the number of parameters.
        ///   - noise: the standard deviation of what is added to the start point for each instance.
        ///   - function: the loss. It is called from many threads.
        /// - Precondition: there are parameters.
        public init(
            name: String, initial: [Float], noise: Float = 0,
            function: @escaping @differentiable(reverse) @Sendable ([Float]) -> Float
        ) {
            precondition(!initial.isEmpty, "a function needs parameters")
            self.name = name
            self.initial = initial
            self.noise = noise
            self.function = function
        }

        public var shapes: [ParameterShape] { [ParameterShape("x", [initial.count])] }

        public func instance(key: RandomKey) -> any OptimizeeInstance {
            AnalyticInstance(
                Function(body: function), initialParameters: noisyStart(initial, noise: noise, key: key.child(0)))
        }

        private struct Function: AnalyticFunction {
            let body: @differentiable(reverse) @Sendable ([Float]) -> Float

            func valueAndGradient(_ x: Span<Float>, _ gradient: inout MutableSpan<Float>) -> Float {
                let point = x.withUnsafeBufferPointer { Array($0) }
                let (value, pullback) = valueWithPullback(at: point, of: body)
                let slopes = pullback(1).base
                // A coordinate that the function never reads may be missing from the tangent vector.
                for index in 0..<gradient.count { gradient[index] = index < slopes.count ? slopes[index] : 0 }
                return value
            }
        }
    }
#endif
