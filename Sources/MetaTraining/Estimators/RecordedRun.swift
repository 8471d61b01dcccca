package import LearnedOptimizers
import NumericCore
import Optimizees
import Optimizers

/// A task whose periods are recorded: the state each begins with, and the optimizee's gradients.
///
/// Unchecked: threads take turns with a run, none shares it.
package final class RecordedRun<Learned: LearnedOptimizer>: @unchecked Sendable {
    private let instance: any OptimizeeInstance
    private var trajectory: Trajectory<Learned>
    private var startState: Learned.State
    private var startParameters: [Float]
    private var gradients = AlignedFloats(count: 0)

    /// A task at its beginning.
    package init(_ task: TrainingTask, _ optimizer: Learned) {
        instance = task.optimizee.instance(key: task.key)
        trajectory = Trajectory(instance, task, optimizer)
        (startState, startParameters) = (trajectory.state, trajectory.parameters)
    }

    /// A task where a record left it.
    init(_ task: TrainingTask, _ optimizer: Learned, _ record: StateRecord) throws {
        instance = task.optimizee.instance(key: task.key)
        trajectory = try Trajectory(record, "", task.optimizee.layout, optimizer)
        (startState, startParameters) = (trajectory.state, trajectory.parameters)
    }

    func record(_ optimizer: Learned) -> StateRecord {
        var record = StateRecord.empty
        trajectory.write(to: &record, "", optimizer)
        return record
    }

    /// The loss before any update; NaN before the first step.
    package var firstLoss: Float { trajectory.firstLoss ?? .nan }

    /// Optimizes for one period; returns the loss before each update.
    package func runPeriod(_ optimizer: Learned, _ unroll: Int) -> [Float] {
        (startState, startParameters) = (trajectory.state, trajectory.parameters)
        let count = startParameters.count
        if gradients.count != unroll * count { gradients = AlignedFloats(count: unroll * count) }
        return unsafe gradients.withMutablePointer { gradients in
            (0..<unroll).map { step in
                unsafe trajectory.advance(
                    instance, optimizer,
                    gradient: UnsafeMutableBufferPointer(start: gradients + step * count, count: count))
            }
        }
    }

    /// ∂(Σ w f)/∂φ of the period that ran last, the optimizee's gradients being constants.
    ///
    /// - Precondition: the rule is a `FirstOrderLearnedOptimizer`.
    package func metaGradient(_ optimizer: Learned, lossWeights: [Float], sample: CoordinateSample) -> [Float] {
        guard let optimizer = optimizer as? any FirstOrderLearnedOptimizer else {
            preconditionFailure("\(Learned.kind) has no first-order meta-gradient")
        }
        return derivative(by: optimizer, lossWeights, sample)
    }

    /// Opens the existential: the rule is `Learned` again.
    private func derivative<Rule: FirstOrderLearnedOptimizer>(
        by optimizer: Rule, _ lossWeights: [Float], _ sample: CoordinateSample
    ) -> [Float] {
        guard let startState = startState as? Rule.State else { preconditionFailure("the state is the rule's") }
        return optimizer.metaGradient(
            of: RecordedPeriod(
                startState: startState, startParameters: startParameters, gradients: gradients,
                lossWeights: lossWeights), sample: sample)
    }

    /// ∇f of the period that ran last at some coordinates: a row for each step.
    package func recordedGradients(_ coordinates: [Int]) -> [[Float]] {
        let count = startParameters.count
        let steps = gradients.count / max(count, 1)
        return unsafe gradients.withPointer { gradients in
            (0..<steps).map { step in coordinates.map { unsafe gradients[step * count + $0] } }
        }
    }
}
