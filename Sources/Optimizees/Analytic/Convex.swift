public import NumericCore

/// g(x) = (1/n) Σ min((xᵢ − aᵢ)², clip) with aᵢ ~ U[−1, 1] for each instance, started from 0.
///
/// The convex function of Lv, Jiang, Li 2017, section 4.3; the clipping is from the authors' code. Where a term is
/// clipped, its gradient is 0.
public struct Convex: Optimizee {
    /// The number of coordinates, n.
    public let dimension: Int
    /// The largest value of a term; infinity for no clipping.
    public let clip: Float

    /// - Parameters:
    ///   - dimension: the number of coordinates, n.
    ///   - clip: the largest value of a term; infinity for no clipping.
    /// - Precondition: both are positive.
    public init(dimension: Int = 20, clip: Float = 10) {
        precondition(dimension > 0 && clip > 0, "dimension and clip must be positive")
        self.dimension = dimension
        self.clip = clip
    }

    public var name: String {
        optionName(
            "convex",
            [
                ("n", "\(dimension)", dimension != 20),
                ("clip", clip.isInfinite ? "infinity" : "\(clip)", clip != 10),
            ])
    }

    public var shapes: [ParameterShape] { [ParameterShape("x", [dimension])] }

    public func instance(key: RandomKey) -> any OptimizeeInstance {
        var stream = RandomStream(key)
        let centers = (0..<dimension).map { _ in stream.uniform(in: -1...1) }
        return AnalyticInstance(
            Function(centers: centers, clip: clip), initialParameters: Array(repeating: 0, count: dimension))
    }

    private struct Function: AnalyticFunction {
        let centers: [Float]
        let clip: Float

        func valueAndGradient(_ x: Span<Float>, _ gradient: inout MutableSpan<Float>) -> Float {
            var total = 0.0
            let share = 2 / Float(centers.count)
            for index in 0..<centers.count {
                let distance = x[index] - centers[index]
                let square = distance * distance
                // A NaN is not above the clip and so reaches the loss.
                let isClipped = square > clip
                total += Double(isClipped ? clip : square)
                gradient[index] = isClipped ? 0 : share * distance
            }
            return Float(total / Double(centers.count))
        }
    }
}

/// A name with those options that differ from their defaults.
func optionName(_ base: String, _ options: [(key: String, value: String, differs: Bool)]) -> String {
    let given = options.filter(\.differs).map { "\($0.key)=\($0.value)" }
    return given.isEmpty ? base : "\(base):\(given.joined(separator: ","))"
}
