import Files
import LearnedOptimizers
import NumericCore
import Optimizees
import Optimizers

/// A task that is optimized with φ + σε and with φ − σε, in step, by an `EvolutionStrategy`.
///
/// Unchecked: threads take turns with a run, none shares it.
final class EvolutionRun<Learned: LearnedOptimizer>: TaskRun, @unchecked Sendable {
    private let instance: any OptimizeeInstance
    private let sigma: Double
    private var perturbation: Perturbation
    private var plus: Trajectory<Learned>
    private var minus: Trajectory<Learned>
    private var gradient: [Float]

    init(_ task: TrainingTask, _ optimizer: Learned, _ perturbation: Perturbation, sigma: Double) {
        instance = task.optimizee.instance(key: task.key)
        self.perturbation = perturbation
        self.sigma = sigma
        plus = Trajectory(instance, task, optimizer)
        minus = plus
        gradient = [Float](repeating: 0, count: plus.parameters.count)
    }

    func runPeriod(_ optimizer: Learned, _ period: PeriodSettings) -> PeriodResult {
        perturbation.begin(period: plus.step / period.unroll)
        let (raised, lowered) = (perturbed(optimizer, 1), perturbed(optimizer, -1))
        var losses: (plus: [Float], minus: [Float]) = ([], [])
        unsafe gradient.withUnsafeMutableBufferPointer { gradient in
            for _ in 0..<period.unroll {
                unsafe losses.plus.append(plus.advance(instance, raised, gradient: gradient))
                unsafe losses.minus.append(minus.advance(instance, lowered, gradient: gradient))
            }
        }
        // Both begin at the same parameters.
        let first = plus.firstLoss ?? losses.plus[0]
        let values = (
            plus: period.metaLoss.value(of: losses.plus, first: first),
            minus: period.metaLoss.value(of: losses.minus, first: first)
        )
        let slope = (values.plus - values.minus) / (2 * sigma)
        let ends = (Double(losses.plus[period.unroll - 1]), Double(losses.minus[period.unroll - 1]))
        return PeriodResult(
            metaLoss: (values.plus + values.minus) / 2, lastLoss: (ends.0 + ends.1) / 2,
            isLost: !(losses.plus + losses.minus).allSatisfy(\.isFinite),
            gradient: perturbation.gradient(slope: slope, count: optimizer.metaParameters.count), slope: slope)
    }

    private func perturbed(_ optimizer: Learned, _ sign: Double) -> Learned {
        var weights = optimizer.metaParameters
        for (index, place) in perturbation.places.enumerated() {
            weights[place] = Float(Double(weights[place]) + sign * sigma * Double(perturbation.noise[index]))
        }
        return optimizer.optimizer(weights)
    }

    // MARK: Records

    /// One as it was recorded.
    init(
        _ task: TrainingTask, _ optimizer: Learned, _ perturbation: Perturbation, sigma: Double, _ record: StateRecord
    ) throws {
        instance = task.optimizee.instance(key: task.key)
        self.perturbation = perturbation
        self.sigma = sigma
        let layout = task.optimizee.layout
        plus = try Trajectory(record, "plus.", layout, optimizer)
        minus = try Trajectory(record, "minus.", layout, optimizer)
        gradient = [Float](repeating: 0, count: layout.count)
    }

    func record(_ optimizer: Learned) -> StateRecord {
        var record = StateRecord.empty
        plus.write(to: &record, "plus.", optimizer)
        minus.write(to: &record, "minus.", optimizer)
        if perturbation.isRenewed {
            record.tensors.append(Tensor("noise", shape: [perturbation.sum.count], values: perturbation.sum))
        }
        return record
    }
}
