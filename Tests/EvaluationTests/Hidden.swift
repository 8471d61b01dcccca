import NumericCore
import Optimizees
import Optimizers

/// A loss that hides broken parameters: its gradient is NaN, its value always 1.
struct Hidden: Optimizee {
    var name: String { "hidden" }
    var shapes: [ParameterShape] { [ParameterShape("x", [2])] }
    func instance(key: RandomKey) -> any OptimizeeInstance { Instance() }

    private final class Instance: OptimizeeInstance {
        var initialParameters: [Float] { [0, 0] }
        func loss(at step: Int, parameters: Span<Float>) -> Float { 1 }
        func lossAndGradient(at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>) -> Float {
            for i in 0..<gradient.count { gradient[i] = .nan }
            return 1
        }
    }
}

/// Every hand-designed optimizer, at a learning rate at which the bowl's loss falls.
let everyOptimizer: [any Optimizer] = OptimizerCatalogue.all.map { $0.with(learningRate: 0.05) }
