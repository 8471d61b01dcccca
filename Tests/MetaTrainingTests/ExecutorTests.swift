import Files
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Optimizers
import Synchronization
import Testing

/// Runs jobs last to first, and sends each result through bytes, as between processes.
private struct ParcelExecutor: MetaBatchExecutor {
    func results<Result: MetaBatchResult>(
        _ count: Int, _ job: @escaping @Sendable (Int) -> Result
    ) -> [Result] {
        (0..<count).reversed().map { job($0).bytes }.reversed().map(Result.init(bytes:))
    }
}

@Suite struct ExecutorTests {
    private let tasks = try! TaskNames("mixture:scaled(quadratic:n=3..9,L=1);convex:n=5").distribution(smallCatalogue)

    private func plan(_ change: (inout MetaTrainingPlan) -> Void) -> MetaTrainingPlan {
        var plan = MetaTrainingPlan.dmPaper
        plan.truncation = FixedTruncation(horizon: 6, unroll: 6)
        plan.metaOptimizer.rate = 0.01
        plan.metaBatch = 5
        change(&plan)
        return plan
    }

    @Test("A meta-batch's gradient is the mean of its tasks'", arguments: [false, true])
    func mean(evolves: Bool) {
        let plan = plan { if evolves { $0.estimator = ReusedNoise() } }
        let optimizer = LogRateDescent(rate: 0.02)
        let trainer = MetaTrainer(optimizer: optimizer, tasks: tasks, plan: plan, seed: 3)
        let report = trainer.iterate()

        let keys = [MetaTrainingBranch.training, .perturbations].map { $0.key(seed: 3).child(0) }
        let settings = PeriodSettings(unroll: 6, metaLoss: plan.metaLoss, sampleKey: RandomKey(seed: 9))
        let alone = (0..<5).map { task in
            let key = keys[0].child(task)
            let drawn = TrainingTask(
                optimizee: tasks.optimizee(key: key), key: key, noiseKey: keys[1].child(task).child(0))
            return plan.estimator.run(drawn, optimizer).runPeriod(optimizer, settings)
        }
        let gradient = (0..<2).map { index in Float(alone.reduce(0.0) { $0 + Double($1.gradient[index]) } / 5) }
        var weights = optimizer.metaParameters
        let adam = Adam(learningRate: 0.01)
        var state = adam.initialState(parameterCount: 2)
        adam.update(&weights, gradient: gradient, state: &state)
        #expect(trainer.optimizer.metaParameters == weights)
        #expect(trainer.state.adam == state)
        #expect(abs(report.metaLoss - alone.reduce(0) { $0 + $1.metaLoss } / 5) < 1e-12)
        #expect(Set(alone.map(\.metaLoss)).count == 5, "five different tasks")
    }

    @Test("Results that travelled between processes, in any order, give the same bits")
    func parcels() {
        let plan = plan {
            $0.estimator = PersistentNoise()
            var schedule = LogUniformTruncation()
            (schedule.unroll, schedule.shortest, schedule.longestAtFirst) = (4, 4, 20)
            (schedule.longest, schedule.wantedValidationHorizon) = (40, 12)
            $0.truncation = schedule
            $0.iterations = 12
        }
        func train(_ executor: any MetaBatchExecutor) -> ([MetaIteration], [Float], Double) {
            let trainer = MetaTrainer(
                optimizer: LogRateDescent(rate: 0.02), tasks: tasks, plan: plan, executor: executor)
            let reports = (0..<12).map { _ in trainer.iterate() }
            return (reports, trainer.optimizer.metaParameters, trainer.validationLoss(tasks: 3))
        }
        #expect(train(ThreadExecutor()) == train(ParcelExecutor()))
    }

    @Test func resultsAreReadBackFromTheirBytes() {
        let result = PeriodResult(
            metaLoss: -1.25e-7, lastLoss: .infinity, isLost: true, gradient: [1.5, -0.1, 0, .leastNonzeroMagnitude])
        #expect(PeriodResult(bytes: result.bytes) == result)
        let record = StateRecord(counts: ["steps": 7], tensors: [Tensor("x", shape: [2, 1], values: [0.5, -2])])
        #expect(StateRecord(bytes: record.bytes) == record)
        let empty = StateRecord(counts: [:], tensors: [])
        #expect(StateRecord(bytes: empty.bytes) == empty)
    }
}
