import Files
import Foundation
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import TestSupport
import Testing

private func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// Losses and gradients over many orders of magnitude, so that another order of sums would show.
private let tasks = try! TaskNames("mixture:scaled(quadratic:n=3..9,L=5);convex:n=5;scaled(quadratic:n=4,L=3)")
    .distribution(smallCatalogue)

private func plan(_ change: (inout MetaTrainingPlan) -> Void) -> MetaTrainingPlan {
    var plan = MetaTrainingPlan.dmPaper
    plan.iterations = 24
    plan.metaBatch = 5
    plan.metaOptimizer.rate = 0.01
    plan.truncation = FixedTruncation(horizon: 12, unroll: 4)
    plan.metaLoss = LogMetaLoss()
    plan.selection = ValidationSelection()
    change(&plan)
    return plan
}

/// Tasks that are under way at every update, some met late.
private func staggered(_ estimator: any MetaGradientEstimator) -> MetaTrainingPlan {
    plan {
        var schedule = LogUniformTruncation()
        (schedule.unroll, schedule.shortest, schedule.longestAtFirst, schedule.longest) = (4, 8, 16, 60)
        (schedule.late, schedule.latest, schedule.wantedValidationHorizon) = (0.5, 40, 12)
        $0.truncation = schedule
        $0.estimator = estimator
        $0.metaOptimizer.averages = [0.9]
        $0.metaOptimizer.use = 0.9
    }
}

private let plans: [MetaTrainingPlan] = {
    var (reused, persistent) = (ReusedNoise(), PersistentNoise())
    (reused.pairs, persistent.pairs) = (2, 2)
    persistent.tensors = ["rate"]
    return [plan { _ in }, staggered(FirstOrder()), staggered(reused), staggered(persistent)]
}()

/// Trains in a folder until an iteration is done, on so many ranks or, for 0, without any.
private func train(
    _ plan: MetaTrainingPlan, _ folder: String, ranks: Int, until last: Int = 24, resumes: Bool = false,
    threads: Int = 1,
    stop: @escaping @Sendable (_ rank: Int, _ done: Int) -> Bool = { _, _ in false }
) throws {
    @Sendable func train(_ rank: Int, _ executor: any MetaBatchExecutor) throws {
        var saving = MetaTrainingSaving(folder: folder)
        saving.checkpointEvery = 8
        let run = try MetaTrainingRun(
            optimizer: LogRateDescent(rate: 0.02), tasks: tasks, plan: plan, seed: 5, saving: saving,
            resumes: resumes, executor: executor)
        var (asked, done) = (0, run.trainer.state.iteration)
        try run.run(
            until: 24,
            shouldStop: {
                asked += 1
                return done == last || stop(rank, asked)
            }, report: { iteration, _ in done = iteration.iteration })
    }
    if ranks == 0 { return try train(0, ThreadExecutor()) }
    _ = try ThreadGroup.run(ranks) { group in try Threads(threads).run { try train(group.rank, GroupExecutor(group)) }
    }
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

@Suite("Several processes train as one") struct GroupTests {
    @Test("Every file has the same bytes on any number of ranks and threads", arguments: 0..<4)
    func ranks(_ index: Int) throws {
        let whole = try withTemporaryFolder { folder in
            try train(plans[index], folder, ranks: 0)
            return try content(folder)
        }
        #expect(whole.count == 6)
        // More ranks than tasks, too.
        for (ranks, threads) in [(1, 2), (2, 1), (3, 2), (4, 1), (13, 1)] {
            try withTemporaryFolder { folder in
                try train(plans[index], folder, ranks: ranks, threads: threads)
                #expect(try content(folder) == whole, "\(ranks) ranks")
            }
        }
    }

    @Test("A run is continued on other numbers of ranks", arguments: 0..<4)
    func resumes(_ index: Int) throws {
        let whole = try withTemporaryFolder { folder in
            try train(plans[index], folder, ranks: 0)
            return try content(folder)
        }
        try withTemporaryFolder { folder in
            try train(plans[index], folder, ranks: 3, until: 5)
            try train(plans[index], folder, ranks: 2, until: 11, resumes: true)
            try train(plans[index], folder, ranks: 0, until: 13, resumes: true)
            try train(plans[index], folder, ranks: 4, until: 24, resumes: true)
            #expect(try content(folder) == whole)
        }
    }

    @Test("All stop where one wants to, between the updates of an iteration too", arguments: [0, 1, 2])
    func stops(_ stopping: Int) throws {
        let whole = try withTemporaryFolder { folder in
            try train(plans[0], folder, ranks: 0)
            return try content(folder)
        }
        for updates in [1, 2, 3, 7] {
            try withTemporaryFolder { folder in
                try train(plans[0], folder, ranks: 3) { rank, asked in rank == stopping && asked == updates }
                let stopped = try Checkpoint<LogRateDescent>(path: "\(folder)/latest.safetensors")
                #expect(stopped.state.iteration == updates / 3)
                try train(plans[0], folder, ranks: 2, resumes: true)
                #expect(try content(folder) == whole, "after \(updates) updates")
            }
        }
    }

    @Test("One that was told something else is named, in every process")
    func differences() throws {
        let message = try withTemporaryFolder { folder in
            try ThreadGroup.run(3) { group in
                let error = try #require(throws: InputError.self) {
                    _ = try MetaTrainingRun(
                        optimizer: LogRateDescent(rate: 0.02), tasks: tasks, plan: plans[0],
                        seed: group.rank == 1 ? 6 : 5, saving: MetaTrainingSaving(folder: folder), resumes: false,
                        executor: GroupExecutor(group))
                }
                return "\(error)"
            }
        }
        #expect(Set(message).count == 1)
        #expect(message[0].hasPrefix("rank 1 on "))
        #expect(message[0].contains("has seed = 6, not 5 as rank 0 on "))
        #expect(message[0].hasSuffix("give the same arguments everywhere"))
    }

    @Test("One whose arithmetic differs is named")
    func arithmetic() throws {
        let message = try withTemporaryFolder { folder in
            try ThreadGroup.run(2) { group in
                let error = try #require(throws: InputError.self) {
                    // As another processor or library might make it.
                    _ = try MetaTrainingRun(
                        optimizer: LogRateDescent(rate: group.rank == 1 ? 0.02000001 : 0.02),
                        tasks: tasks, plan: plan { $0.metaOptimizer.rate = 0.02 }, seed: 5,
                        saving: MetaTrainingSaving(folder: folder), resumes: false, executor: GroupExecutor(group))
                }
                return "\(error)"
            }
        }
        #expect(message[0].contains("first steps"))
    }

    @Test("Byte strings are packed and unpacked")
    func packing() {
        for parts in [[], [[]], [[1, 2, 3], [], [255]], [[UInt8](repeating: 7, count: 300)]] as [[[UInt8]]] {
            #expect(unpacked(packed(parts)) == parts)
        }
    }

    @Test("Shares follow each other and differ by one at most")
    func shares() throws {
        for (jobs, ranks) in [(0, 3), (2, 3), (8, 3), (13, 4), (5, 5), (10_000, 7)] {
            let shares = try ThreadGroup.run(ranks) { $0.share(of: jobs) }
            #expect(shares.flatMap(Array.init) == Array(0..<jobs))
            #expect(shares.map(\.count).max()! - shares.map(\.count).min()! <= 1)
        }
    }

    @Test("Of an evolution strategy a score travels, of backpropagation a gradient")
    func sizes() {
        let result = PeriodResult(
            metaLoss: 1, lastLoss: 2, isLost: false, gradient: [Float](repeating: 1, count: 999))
        #expect(result.bytes.count == 17 + 4 * 999)
        var score = result
        score.slope = -0.125
        #expect(score.bytes.count == 25)
        #expect(PeriodResult(bytes: score.bytes).slope == -0.125)
    }
}
