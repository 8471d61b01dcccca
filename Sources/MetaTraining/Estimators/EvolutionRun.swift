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
    private let noiseKey: RandomKey
    /// Where in φ the perturbed weights are.
    private let places: [Int]
    private let sigma: Double
    private let renewsNoise: Bool
    private var plus: Trajectory<Learned>
    private var minus: Trajectory<Learned>
    /// ε of the last period at `places`, and the sum of all of them so far.
    private var noise: [Float] = []
    private var sum: [Float]
    private var gradient: [Float]

    init(_ task: TrainingTask, _ optimizer: Learned, _ places: [Int], sigma: Double, renewsNoise: Bool) {
        instance = task.optimizee.instance(key: task.key)
        noiseKey = task.noiseKey
        self.places = places
        self.sigma = sigma
        self.renewsNoise = renewsNoise
        plus = Trajectory(instance, task, optimizer)
        minus = plus
        sum = [Float](repeating: 0, count: places.count)
        gradient = [Float](repeating: 0, count: plus.parameters.count)
    }

    func runPeriod(_ optimizer: Learned, _ period: PeriodSettings) -> PeriodResult {
        drawNoise(period: plus.step / period.unroll)
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
        var estimate = [Float](repeating: 0, count: optimizer.metaParameters.count)
        let direction = renewsNoise ? sum : noise
        for (index, place) in places.enumerated() { estimate[place] = Float(slope * Double(direction[index])) }
        let ends = (Double(losses.plus[period.unroll - 1]), Double(losses.minus[period.unroll - 1]))
        return PeriodResult(
            metaLoss: (values.plus + values.minus) / 2, lastLoss: (ends.0 + ends.1) / 2,
            isLost: !(losses.plus + losses.minus).allSatisfy(\.isFinite), gradient: estimate)
    }

    /// ε of a period; where it is reused, it is drawn once.
    private func drawNoise(period: Int) {
        guard renewsNoise || noise.isEmpty else { return }
        var stream = RandomStream(renewsNoise ? noiseKey.child(period) : noiseKey)
        noise = places.map { _ in stream.normal() }
        if renewsNoise { for index in sum.indices { sum[index] += noise[index] } }
    }

    private func perturbed(_ optimizer: Learned, _ sign: Double) -> Learned {
        var weights = optimizer.metaParameters
        for (index, place) in places.enumerated() {
            weights[place] = Float(Double(weights[place]) + sign * sigma * Double(noise[index]))
        }
        return optimizer.optimizer(weights)
    }

    // MARK: Records

    init(
        _ task: TrainingTask, _ optimizer: Learned, _ places: [Int], sigma: Double, renewsNoise: Bool,
        _ record: StateRecord
    ) throws {
        instance = task.optimizee.instance(key: task.key)
        noiseKey = task.noiseKey
        self.places = places
        self.sigma = sigma
        self.renewsNoise = renewsNoise
        let layout = task.optimizee.layout
        plus = try Trajectory(record, "plus.", layout, optimizer)
        minus = try Trajectory(record, "minus.", layout, optimizer)
        sum = try renewsNoise ? record.tensor("noise", shape: [places.count]) : []
        gradient = [Float](repeating: 0, count: layout.count)
    }

    func record(_ optimizer: Learned) -> StateRecord {
        var record = StateRecord.empty
        plus.write(to: &record, "plus.", optimizer)
        minus.write(to: &record, "minus.", optimizer)
        if renewsNoise { record.tensors.append(Tensor("noise", shape: [sum.count], values: sum)) }
        return record
    }
}
