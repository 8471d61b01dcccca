public import NumericCore
public import Optimizees

/// `(curvature / 2) Σ (x_i − a_i)² / n + n_t`, with targets a drawn from the key and a noise n_t for each step's minibatch.
///
/// Its best SGD learning rate is n / curvature, which reaches the targets in one step.
public struct Bowl: Optimizee {
    /// The number of coordinates.
    public let size: Int
    public let curvature: Float

    public init(size: Int = 5, curvature: Float = 1) {
        self.size = size
        self.curvature = curvature
    }

    public var name: String { "bowl:size=\(size),curvature=\(curvature)" }
    public var shapes: [ParameterShape] { [ParameterShape("x", [size])] }

    public func instance(key: RandomKey) -> any OptimizeeInstance { Instance(self, key: key) }

    private final class Instance: OptimizeeInstance {
        let bowl: Bowl
        let key: RandomKey
        let targets: [Float]
        let initialParameters: [Float]

        init(_ bowl: Bowl, key: RandomKey) {
            self.bowl = bowl
            self.key = key
            var stream = RandomStream(key)
            targets = (0..<bowl.size).map { _ in stream.uniform(in: -1...1) }
            initialParameters = (0..<bowl.size).map { _ in stream.normal() }
        }

        func loss(at step: Int, parameters: Span<Float>) -> Float {
            var stream = RandomStream(key.child(step))
            var loss = 0.01 * stream.uniform()
            for i in 0..<bowl.size {
                let distance = parameters[i] - targets[i]
                loss += 0.5 * bowl.curvature / Float(bowl.size) * distance * distance
            }
            return loss
        }

        func lossAndGradient(at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>) -> Float {
            for i in 0..<bowl.size {
                gradient[i] = bowl.curvature / Float(bowl.size) * (parameters[i] - targets[i])
            }
            return loss(at: step, parameters: parameters)
        }
    }
}
