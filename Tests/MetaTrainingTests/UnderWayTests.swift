import Files
import Foundation
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Optimizers
import Testing

private func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// Tasks of several lengths, begun at several times, of two kinds, with averages and a falling rate.
private func plan(
    _ estimator: any MetaGradientEstimator, iterations: Int, _ change: (inout MetaTrainingPlan) -> Void = { _ in }
) -> MetaTrainingPlan {
    var plan = MetaTrainingPlan.dmPaper
    plan.iterations = iterations
    plan.metaBatch = 3
    plan.estimator = estimator
    var schedule = LogUniformTruncation()
    (schedule.unroll, schedule.shortest, schedule.longestAtFirst, schedule.longest) = (5, 10, 20, 200)
    schedule.wantedValidationHorizon = 20
    (schedule.late, schedule.latest) = (0.4, 60)
    plan.truncation = schedule
    plan.metaLoss = LogMetaLoss()
    plan.metaOptimizer.rate = 0.01
    plan.metaOptimizer.schedule = .cosine
    plan.metaOptimizer.warmUp = 5
    plan.metaOptimizer.clip = 2
    plan.metaOptimizer.taskClip = 1.5
    plan.metaOptimizer.averages = [0.9, 0.99]
    plan.metaOptimizer.use = 0.99
    change(&plan)
    return plan
}

private let tasks = try! TaskNames("mixture:scaled(quadratic:n=3..9,L=1);convex:n=5").distribution(smallCatalogue)

private func start<Learned: LearnedOptimizer>(
    _ optimizer: Learned, _ folder: String, _ plan: MetaTrainingPlan, resumes: Bool = false
) throws -> MetaTrainingRun<Learned> {
    var saving = MetaTrainingSaving(folder: folder)
    saving.checkpointEvery = 500
    return try MetaTrainingRun(
        optimizer: optimizer, tasks: tasks, plan: plan, seed: 7, saving: saving, resumes: resumes)
}

/// Every file of a run; of the metrics all but the seconds, which differ from run to run.
private func content(_ folder: String) throws -> [String: [UInt8]] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    return try Dictionary(
        uniqueKeysWithValues: names.filter { $0 != "lock" }.map { name in
            let bytes = try readFile("\(folder)/\(name)")
            guard name == "metrics.jsonl" else { return (name, bytes) }
            let log = String(decoding: bytes, as: UTF8.self)
            return (name, Array(log.replacing(#/"seconds":[^,]*/#, with: "").utf8))
        })
}

/// Runs to the end at once, and stopped and taken up at each of the points; returns both folders' files.
private func wholeAndBroken<Learned: LearnedOptimizer>(
    _ optimizer: Learned, _ plan: MetaTrainingPlan, stops: [Int]
) throws -> (whole: [String: [UInt8]], broken: [String: [UInt8]]) {
    try withTemporaryFolder { whole in
        try withTemporaryFolder { broken in
            try start(optimizer, whole, plan).run(until: plan.iterations!, shouldStop: { false }, report: { _, _ in })
            for (number, stop) in (stops + [plan.iterations!]).enumerated() {
                let run = try start(optimizer, broken, plan, resumes: number > 0)
                #expect(run.trainer.state.iteration == (number > 0 ? stops[number - 1] : 0))
                var done = run.trainer.state.iteration
                try run.run(
                    until: plan.iterations!, shouldStop: { done == stop },
                    report: { report, _ in done = report.iteration })
            }
            return (try content(whole), try content(broken))
        }
    }
}

@Suite("Tasks under way are kept") struct UnderWayTests {
    private static let estimators: [any MetaGradientEstimator] = {
        var (reused, persistent) = (ReusedNoise(), PersistentNoise())
        (reused.pairs, persistent.pairs) = (2, 2)
        return [FirstOrder(), reused, persistent]
    }()

    @Test(
        "A run of 2,000 iterations, stopped and taken up five times, leaves the files of one that was not",
        arguments: 0..<3)
    func longRun(_ index: Int) throws {
        let plan = plan(Self.estimators[index], iterations: 2000)
        let (whole, broken) = try wholeAndBroken(
            LogRateDescent(rate: 0.02), plan, stops: [1, 2, 399, 1000, 1999])
        #expect(whole.count == 7, "latest, four numbered ones, the best, metrics: \(whole.keys)")
        #expect(whole == broken)
    }

    @Test("So does one of RNNprop, whose state is large", arguments: 0..<3)
    func network(_ index: Int) throws {
        let plan = plan(Self.estimators[index], iterations: 12) {
            $0.metaOptimizer.rate = 1e-3
            $0.metaBatch = 2
        }
        let (whole, broken) = try wholeAndBroken(RNNprop(key: RandomKey(seed: 1)), plan, stops: [1, 3, 7])
        #expect(whole == broken)
    }

    @Test("A checkpoint is a weight file of the averaged weights")
    func weights() throws {
        try withTemporaryFolder { folder in
            let plan = plan(ReusedNoise(), iterations: 20) { $0.metaOptimizer.rate = 1e-3 }
            let run = try start(RNNprop(key: RandomKey(seed: 1)), folder, plan)
            try run.run(until: 20, shouldStop: { false }, report: { _, _ in })
            let loaded = try loadLearnedOptimizer(path: "\(folder)/latest.safetensors")
            #expect(loaded.metaParameters == run.trainer.trained.metaParameters)
            #expect(loaded.metaParameters != run.trainer.optimizer.metaParameters)
            let checkpoint = try Checkpoint<RNNprop>(path: "\(folder)/latest.safetensors")
            #expect(checkpoint.optimizer.metaParameters == run.trainer.optimizer.metaParameters)
            #expect(checkpoint.state == run.trainer.state)
            #expect(try checkpoint.plan(path: folder).metaLoss is LogMetaLoss)
        }
    }

    @Test("A checkpoint whose tasks are damaged is refused, in one line")
    func damage() throws {
        try withTemporaryFolder { folder in
            let plan = plan(PersistentNoise(), iterations: 20)
            try start(LogRateDescent(rate: 0.02), folder, plan).run(
                until: 3, shouldStop: { false }, report: { _, _ in })
            let latest = "\(folder)/latest.safetensors"
            let file = try SafetensorsFile(path: latest)
            let key = try #require(file.metadata.keys.filter { $0.hasPrefix("task.") }.sorted().first)
            func refuses(_ tensors: [Tensor], _ metadata: [String: String], _ what: String) throws {
                try SafetensorsFile(tensors, metadata: metadata).write(to: latest)
                let error = #expect(throws: InputError.self, "\(what)") {
                    try start(LogRateDescent(rate: 0.02), folder, plan, resumes: true)
                }
                #expect(error.map { !$0.description.contains("\n") } == true)
            }
            let text = try #require(file.metadata[key])
            for change in [text.dropLast(3), "{}", text.replacing("\"done\": ", with: "\"done\": 99")]
                as [any StringProtocol]
            {
                try refuses(file.tensors, file.metadata.merging([key: String(change)]) { $1 }, String(change))
            }
            try refuses(file.tensors, file.metadata.merging(["task.77": text]) { $1 }, "a place that is not there")
            for tensor in file.tensors where tensor.name.hasPrefix("\(key).") || tensor.name.hasPrefix("meta_") {
                try refuses(file.tensors.filter { $0 != tensor }, file.metadata, tensor.name)
            }
            try file.write(to: latest)
            _ = try start(LogRateDescent(rate: 0.02), folder, plan, resumes: true)
        }
    }

    @Test("A run that is laid out over its iterations is not continued for others")
    func otherLength() throws {
        try withTemporaryFolder { folder in
            try start(LogRateDescent(rate: 0.02), folder, plan(ReusedNoise(), iterations: 20)).run(
                until: 2, shouldStop: { false }, report: { _, _ in })
            let error = #expect(throws: InputError.self) {
                try start(
                    LogRateDescent(rate: 0.02), folder, plan(ReusedNoise(), iterations: 30), resumes: true)
            }
            #expect(error?.description.contains("iterations = 20, not 30") == true)
        }
    }

    @Test("A task that is lost makes room for another, and keeps no other from teaching")
    func lostTasks() throws {
        var plan = plan(FirstOrder(), iterations: 10)
        plan.metaOptimizer.averages = []
        plan.metaOptimizer.use = nil
        let names = "mixture:scaled(quadratic:n=4,L=20);convex:n=5"
        let trainer = MetaTrainer(
            optimizer: LogRateDescent(rate: 5), tasks: try TaskNames(names).distribution(smallCatalogue), plan: plan)
        let reports = (0..<10).map { _ in trainer.iterate() }
        #expect(reports.allSatisfy { $0.skipped == 0 && $0.metaLoss.isFinite })
        #expect(reports.contains { $0.lastLosses.contains { !$0.isFinite } }, "some are lost")
        #expect(trainer.optimizer.metaParameters[0] != LogRateDescent(rate: 5).metaParameters[0])
    }
}
