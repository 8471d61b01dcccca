public import NumericCore

/// f(x) = Σ xᵢ² + 10 (1 − cos 2πxᵢ): a minimum of 0 at the origin among a lattice of local ones.
///
/// Starts uniformly within the usual domain, −5.12 … 5.12. Rastrigin 1974, generalised to any dimension by
/// Mühlenbein, Schomisch, Born 1991, *The parallel genetic algorithm as function optimizer*.
public struct Rastrigin: Optimizee {
    /// The number of coordinates.
    public let dimension: Int

    /// - Parameter dimension: the number of coordinates.
    /// - Precondition: the dimension is positive.
    public init(dimension: Int = 2) {
        precondition(dimension > 0, "Rastrigin's function needs coordinates")
        self.dimension = dimension
    }

    public var name: String { optionName("rastrigin", [("n", "\(dimension)", dimension != 2)]) }

    public var shapes: [ParameterShape] { [ParameterShape("x", [dimension])] }

    public func instance(key: RandomKey) -> any OptimizeeInstance {
        var stream = RandomStream(key.child(0))
        let start = (0..<dimension).map { _ in stream.uniform(in: -5.12...5.12) }
        return AnalyticInstance(Function(), initialParameters: start)
    }

    private struct Function: AnalyticFunction {
        func valueAndGradient(_ x: Span<Float>, _ gradient: inout MutableSpan<Float>) -> Float {
            var total = 0.0
            for index in 0..<x.count {
                let here = Double(x[index])
                total += here * here + 10 * (1 - cos(2 * .pi * here))
                gradient[index] = Float(2 * here + 20 * .pi * sin(2 * .pi * here))
            }
            return Float(total)
        }
    }
}
