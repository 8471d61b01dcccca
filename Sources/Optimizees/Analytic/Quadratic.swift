public import NumericCore

/// f(x) = ½ Σ λᵢ xᵢ², with random curvatures λᵢ between 1 / `condition` and 1, log-uniformly distributed.
///
/// Starts near (1, …, 1): standard normal noise of scale `noise` is added.
public struct Quadratic: Optimizee {
    /// The number of coordinates.
    public let dimension: Int
    /// The largest curvature divided by the smallest possible one.
    public let condition: Float
    /// The standard deviation of the start point's noise.
    public let noise: Float

    /// - Parameters:
    ///   - dimension: the number of coordinates.
    ///   - condition: the largest curvature divided by the smallest possible one.
    ///   - noise: the standard deviation of the start point's noise.
    /// - Precondition: the dimension is positive and the condition at least 1.
    public init(dimension: Int = 20, condition: Float = 1000, noise: Float = 0.1) {
        precondition(dimension > 0 && condition >= 1, "a quadratic needs coordinates and a condition of 1 or more")
        self.dimension = dimension
        self.condition = condition
        self.noise = noise
    }

    public var name: String {
        optionName(
            "quadratic",
            [
                ("n", "\(dimension)", dimension != 20), ("condition", "\(condition)", condition != 1000),
                ("noise", "\(noise)", noise != 0.1),
            ])
    }

    public var shapes: [ParameterShape] { [ParameterShape("x", [dimension])] }

    public func instance(key: RandomKey) -> any OptimizeeInstance {
        var stream = RandomStream(key.child(1))
        let curvatures = (0..<dimension).map { _ in pow(condition, -stream.uniform()) }
        let start = noisyStart(Array(repeating: 1, count: dimension), noise: noise, key: key.child(0))
        return AnalyticInstance(Function(curvatures: curvatures), initialParameters: start)
    }

    private struct Function: AnalyticFunction {
        let curvatures: [Float]

        func valueAndGradient(_ x: Span<Float>, _ gradient: inout MutableSpan<Float>) -> Float {
            var total = 0.0
            for index in 0..<curvatures.count {
                gradient[index] = curvatures[index] * x[index]
                total += 0.5 * Double(gradient[index]) * Double(x[index])
            }
            return Float(total)
        }
    }
}

/// A start point with normal noise added.
func noisyStart(_ start: [Float], noise: Float, key: RandomKey) -> [Float] {
    var stream = RandomStream(key)
    return start.map { $0 + noise * stream.normal() }
}
