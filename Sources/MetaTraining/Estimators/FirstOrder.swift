import Files
public import LearnedOptimizers
import NumericCore
public import Optimizers

/// Backpropagation through a period, the optimizee's gradients being constants (Lv et al. 2017, section 4).
///
/// The estimate leaves out how gradients change with φ, so it is biased: it cannot see where steps become too large.
/// It costs about as much as the steps themselves.
public struct FirstOrder: MetaGradientEstimator {
    public static let kind = "first-order"
    public static let summary = "backpropagation through a period, gradients of the task being constants"
    public static let fields: [PlanField<Self>] = [
        .integer(
            "backward_stride", \.backwardStride, 1...1000,
            "of how many blocks of coordinates one takes part in the backward pass; an unbiased estimate at less cost"
        )
    ]

    /// Of how many blocks of coordinates one takes part in the backward pass: 1 for all, as in the paper. More is an
    /// unbiased estimate of the same meta-gradient (`CoordinateSample`) at less cost.
    public var backwardStride = 1

    public init() {}

    /// - Parameter backwardStride: of how many blocks of coordinates one takes part in the backward pass.
    public init(backwardStride: Int) { self.backwardStride = backwardStride }

    public var runsPerTask: Int { 1 }

    public func check(_ optimizer: some LearnedOptimizer) throws {
        guard optimizer is any FirstOrderLearnedOptimizer else {
            throw InputError(
                "the plan's estimator", "needs a first-order meta-gradient, which \(type(of: optimizer).kind) lacks",
                advice: "choose nres or pes")
        }
    }

    public func run<Learned: LearnedOptimizer>(
        _ task: TrainingTask, _ optimizer: Learned
    ) -> any TaskRun<Learned> {
        FirstOrderRun(RecordedRun(task, optimizer), backwardStride)
    }

    public func run<Learned: LearnedOptimizer>(
        _ task: TrainingTask, _ optimizer: Learned, from record: StateRecord
    ) throws -> any TaskRun<Learned> {
        FirstOrderRun(try RecordedRun(task, optimizer, record), backwardStride)
    }
}

/// One task by `FirstOrder`.
///
/// Unchecked: threads take turns with a run, none shares it.
private final class FirstOrderRun<Learned: LearnedOptimizer>: TaskRun, @unchecked Sendable {
    private let run: RecordedRun<Learned>
    private let backwardStride: Int

    init(_ run: RecordedRun<Learned>, _ backwardStride: Int) {
        self.run = run
        self.backwardStride = backwardStride
    }

    func runPeriod(_ optimizer: Learned, _ period: PeriodSettings) -> PeriodResult {
        let losses = run.runPeriod(optimizer, period.unroll)
        let first = run.firstLoss
        let slopes = period.metaLoss.slopes(of: losses, first: first)
        let isClipped = period.metaLoss.clip != nil
        var gradient: [Float]
        if isClipped && slopes.allSatisfy({ $0 == 0 }) {
            gradient = [Float](repeating: 0, count: optimizer.metaParameters.count)
        } else {
            var stream = RandomStream(period.sampleKey)
            let sample = CoordinateSample(stride: backwardStride, offset: stream.index(below: backwardStride))
            gradient = run.metaGradient(optimizer, lossWeights: slopes, sample: sample)
        }
        // Where losses are clipped, a task that explodes teaches nothing, and keeps no other from teaching.
        if isClipped && !gradient.allSatisfy(\.isFinite) { gradient = gradient.map { _ in 0 } }
        return PeriodResult(
            metaLoss: period.metaLoss.value(of: losses, first: first), lastLoss: Double(losses[losses.count - 1]),
            isLost: !losses.allSatisfy(\.isFinite), gradient: gradient)
    }

    func record(_ optimizer: Learned) -> StateRecord { run.record(optimizer) }
}
