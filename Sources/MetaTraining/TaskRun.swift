package import LearnedOptimizers
package import NumericCore
package import Optimizees
import Optimizers

/// One task being optimized: parameters and optimizer state are carried from period to period.
///
/// Unchecked: threads take turns with a run, none shares it.
package final class TaskRun<Learned: FirstOrderLearnedOptimizer>: @unchecked Sendable {
    private let instance: any OptimizeeInstance
    private let unroll: Int
    private var parameters: [Float]
    private var state: Learned.State
    private var startState: Learned.State
    private var startParameters: [Float]
    private var gradients: AlignedFloats
    private var step = 0

    package init(_ optimizee: any Optimizee, key: RandomKey, optimizer: Learned, unroll: Int) {
        instance = optimizee.instance(key: key)
        self.unroll = unroll
        parameters = instance.initialParameters
        state = optimizer.initialState(for: optimizee.layout)
        (startState, startParameters) = (state, parameters)
        gradients = AlignedFloats(count: unroll * parameters.count)
    }

    /// Optimizes for one period; returns the loss before each update.
    package func runPeriod(_ optimizer: Learned) -> [Float] {
        (startState, startParameters) = (state, parameters)
        let count = parameters.count
        return gradients.withMutablePointer { gradients in
            (0..<unroll).map { t in
                let row = UnsafeMutableBufferPointer(start: gradients + t * count, count: count)
                var gradient = row.mutableSpan
                let loss = instance.lossAndGradient(at: step, parameters: parameters.span, gradient: &gradient)
                var span = parameters.mutableSpan
                optimizer.update(
                    parameters: &span, gradient: UnsafeBufferPointer(row).span, loss: loss, state: &state)
                step += 1
                return loss
            }
        }
    }

    /// ∂(Σ w f)/∂φ of the period that ran last.
    package func metaGradient(_ optimizer: Learned, lossWeights: [Float], sample: CoordinateSample) -> [Float] {
        optimizer.metaGradient(
            of: RecordedPeriod(
                startState: startState, startParameters: startParameters, gradients: gradients,
                lossWeights: lossWeights), sample: sample)
    }

    /// ∇f of the period that ran last at some coordinates: a row for each step.
    package func recordedGradients(_ coordinates: [Int]) -> [[Float]] {
        let count = parameters.count
        return gradients.withPointer { gradients in
            (0..<unroll).map { step in coordinates.map { gradients[step * count + $0] } }
        }
    }
}
