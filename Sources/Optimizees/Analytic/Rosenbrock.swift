public import NumericCore

/// f(x) = Σ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)², a curved valley with its minimum 0 at (1, …, 1).
///
/// Starts near the usual (−1.2, 1, −1.2, 1, …). Rosenbrock 1960, *An automatic method for finding the greatest or
/// least value of a function*, in the chained form for more than two coordinates.
public struct Rosenbrock: Optimizee {
    /// The number of coordinates.
    public let dimension: Int
    /// The standard deviation of the start point's noise.
    public let noise: Float

    /// - Parameters:
    ///   - dimension: the number of coordinates.
    ///   - noise: the standard deviation of the start point's noise.
    /// - Precondition: there are at least two coordinates.
    public init(dimension: Int = 2, noise: Float = 0.1) {
        precondition(dimension >= 2, "Rosenbrock's function needs two coordinates")
        self.dimension = dimension
        self.noise = noise
    }

    public var name: String {
        optionName("rosenbrock", [("n", "\(dimension)", dimension != 2), ("noise", "\(noise)", noise != 0.1)])
    }

    public var shapes: [ParameterShape] { [ParameterShape("x", [dimension])] }

    public func instance(key: RandomKey) -> any OptimizeeInstance {
        let start = (0..<dimension).map { $0.isMultiple(of: 2) ? Float(-1.2) : 1 }
        return AnalyticInstance(Function(), initialParameters: noisyStart(start, noise: noise, key: key.child(0)))
    }

    private struct Function: AnalyticFunction {
        func valueAndGradient(_ x: Span<Float>, _ gradient: inout MutableSpan<Float>) -> Float {
            var total = 0.0
            var carried = 0.0
            for index in 0..<x.count - 1 {
                let here = Double(x[index])
                let rise = Double(x[index + 1]) - here * here
                total += 100 * rise * rise + (1 - here) * (1 - here)
                gradient[index] = Float(carried - 400 * here * rise - 2 * (1 - here))
                carried = 200 * rise
            }
            gradient[x.count - 1] = Float(carried)
            return Float(total)
        }
    }
}
