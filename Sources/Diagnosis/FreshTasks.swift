import Evaluation
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Reporting
import Statistics

/// The optimizer at work on tasks of the run's recipe that training never meets; its weights stay as they are.
struct FreshTasks: Sendable {
    /// What one task came to.
    struct TaskOutcome: Sendable {
        /// The meta-loss of each period.
        var periodLosses: [Double] = []
        /// The first loss and the last.
        var ends: (first: Double, last: Double) = (.nan, .nan)
        /// The meta-gradients of the periods that are looked at.
        var metaGradients: [[Float]] = []
        /// The optimizee's gradients at some coordinates, a row for each step of the horizon.
        var gradients: [[Float]] = []

        /// The mean of the periods' meta-losses.
        var metaLoss: Double { periodLosses.reduce(0, +) / Double(periodLosses.count) }
    }

    let outcomes: [TaskOutcome]
    /// The periods whose meta-gradients are looked at, evenly spread.
    let periods: [Int]

    /// How many meta-gradients of a task are looked at, and how many steps of single coordinates.
    private static let (mostPeriods, mostCoordinateSteps) = (10, 10_000)

    init<Learned: LearnedOptimizer>(
        _ tasks: any TaskDistribution, _ optimizer: Learned, _ plan: MetaTrainingPlan, count: Int,
        key: RandomKey, _ control: Diagnosis.Control
    ) throws {
        let all = plan.truncation.validationPeriods
        let looked = min(all, Self.mostPeriods)
        let periods = (0..<looked).map { looked > 1 ? $0 * (all - 1) / (looked - 1) : 0 }
        let done = OrderedMutex(0)
        outcomes = parallelMap(count) { number in
            let key = key.child(number)
            let task = TrainingTask(optimizee: tasks.optimizee(key: key), key: key, noiseKey: key.child(-3))
            let outcome = Self.outcome(task, optimizer, plan, periods, control)
            done.withLock {
                $0 += 1
                control.progress($0)
            }
            return outcome
        }
        self.periods = periods
        if control.isCancelled() { throw CancellationError() }
    }

    /// What a task comes to; its first part where cancelled.
    private static func outcome<Learned: LearnedOptimizer>(
        _ task: TrainingTask, _ optimizer: Learned, _ plan: MetaTrainingPlan, _ periods: [Int],
        _ control: Diagnosis.Control
    ) -> TaskOutcome {
        var outcome = TaskOutcome()
        let run = RecordedRun(task, optimizer)
        // An estimate by forward passes alone needs runs of its own.
        let estimated = plan.estimator is FirstOrder ? nil : plan.estimator.run(task, optimizer)
        let settings = PeriodSettings(
            unroll: plan.truncation.unroll, metaLoss: plan.metaLoss, sampleKey: task.key.child(-4))
        let (steps, total) = (plan.truncation.validationHorizon, task.optimizee.parameterCount)
        let count = min(total, max(8, min(128, mostCoordinateSteps / steps)))
        let coordinates = sample(count, of: total, key: task.key.child(-1))
        for period in 0..<plan.truncation.validationPeriods {
            if control.isCancelled() { return outcome }
            let losses = run.runPeriod(optimizer, settings.unroll)
            if period == 0 { outcome.ends.first = Double(losses[0]) }
            outcome.ends.last = Double(losses[losses.count - 1])
            outcome.periodLosses.append(plan.metaLoss.value(of: losses, first: run.firstLoss))
            outcome.gradients += run.recordedGradients(coordinates)
            let estimate = estimated?.runPeriod(optimizer, settings)
            if periods.contains(period) {
                let slopes = plan.metaLoss.slopes(of: losses, first: run.firstLoss)
                outcome.metaGradients.append(
                    estimate?.gradient ?? run.metaGradient(optimizer, lossWeights: slopes, sample: .all))
            }
        }
        return outcome
    }

    /// Coordinates drawn without repetition, in order.
    private static func sample(_ count: Int, of total: Int, key: RandomKey) -> [Int] {
        guard count < total else { return Array(0..<total) }
        var stream = RandomStream(key)
        var drawn: Set<Int> = []
        while drawn.count < count { drawn.insert(stream.index(below: total)) }
        return drawn.sorted()
    }
}

extension FreshTasks {
    /// - Parameter trainingLosses: the last meta-losses of training.
    func findings(trainingLosses: [Double], _ plan: MetaTrainingPlan) -> [Finding] {
        [usefulness, gap(trainingLosses)].compactMap(\.self) + [MetaGradientNoise(self).finding(plan)]
    }

    /// Whether the optimizer optimizes.
    private var usefulness: Finding {
        let lost = outcomes.count { !$0.ends.last.isFinite || !$0.metaLoss.isFinite }
        let first = Statistics(outcomes.map(\.ends.first)).median
        let last = Statistics(outcomes.map(\.ends.last)).median
        let better = outcomes.count { $0.ends.last < $0.ends.first }
        let numbers = [
            "first_loss": first, "last_loss": last, "improved": Double(better), "diverged": Double(lost),
        ]
        let text = "loss \(short(first)) at first, \(short(last)) at the end; lower in \(better) of \(outcomes.count)"
        guard lost == 0 else {
            return Finding(
                "fresh tasks", "\(text); \(lost) diverged", .bad, numbers: numbers,
                advice: "The optimizer is unstable: lower --meta-learning-rate, or take an earlier checkpoint.")
        }
        return Finding(
            "fresh tasks", text,
            2 * better <= outcomes.count ? .bad : better < outcomes.count ? .look : .fine, numbers: numbers,
            advice: "It fails on what it is trained on: train a young run longer, else take an earlier checkpoint.")
    }

    /// Whether it does as well on fresh tasks as in training.
    private func gap(_ training: [Double]) -> Finding? {
        let fresh = outcomes.map(\.metaLoss)
        guard training.count >= 10, fresh.count >= 2, fresh.allSatisfy(\.isFinite) else { return nil }
        let (seen, unseen) = (Statistics(training), Statistics(fresh))
        let error = (seen.standardError * seen.standardError + unseen.standardError * unseen.standardError)
            .squareRoot()
        let ratio = unseen.mean / max(seen.mean, 1e-30)
        let isReal = unseen.mean - seen.mean > 2 * error
        return Finding(
            "validation gap",
            "meta-loss \(short(seen.mean)) in training, \(short(unseen.mean)) ± \(numberText(unseen.standardError, digits: 2))"
                + " on fresh tasks",
            isReal && ratio > 2 ? .bad : isReal && ratio > 1.2 ? .look : .fine,
            numbers: ["training": seen.mean, "fresh": unseen.mean, "standard_error": error, "ratio": ratio],
            advice: ratio > 2
                ? "It was far better in training: the last updates broke it; take best.safetensors or an earlier one."
                : "The last updates fitted their own tasks: lower --meta-learning-rate or raise --meta-batch.")
    }
}
