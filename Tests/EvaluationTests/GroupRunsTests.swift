import Evaluation
import Files
import LearnedOptimizers
import NumericCore
import Optimizees
import Optimizers
import Synchronization
import TestProblems
import TestSupport
import Testing

/// Runs computed, whoever asked.
private final class Tally: Sendable {
    let total = Mutex(0)
}

@Suite("Several processes share runs") struct GroupRunsTests {
    private let problem = Bowl(curvature: 3)

    /// What decides a race: everything but times.
    private func numbers(_ runs: [Run]) -> [[UInt64]] {
        runs.map { run in
            run.losses.map { UInt64($0.bitPattern) }
                + [run.finalLoss.bitPattern, UInt64(bitPattern: Int64(run.divergedStep ?? -1))]
                + (run.finalParameters ?? []).map { UInt64($0.bitPattern) }
                + (run.heldOut.map { [$0.loss.bitPattern] } ?? [])
        }
    }

    private func requests() -> [RunRequest] {
        // The last diverges.
        let optimizers: [any Optimizer] = [SGD(learningRate: 1e-4), Adam(learningRate: 0.01), SGD(learningRate: 10)]
        return optimizers.flatMap { optimizer in
            (0..<3).map { number in
                var request = RunRequest(
                    optimizer: optimizer, optimizee: problem, steps: 150, seed: 4, problem: number)
                request.scoresHeldOut = number != 1
                return request
            }
        }
    }

    @Test("The same runs on any number of ranks, and all work is counted", arguments: [1, 2, 3, 4, 12])
    func runs(_ ranks: Int) throws {
        let expected = try ComputedRuns().perform(requests(), meter: ProgressMeter(RunControl()))
        let all = try ThreadGroup.run(ranks) { group in
            let counted = Tally()
            let meter = ProgressMeter(RunControl(progress: { now in counted.total.withLock { $0 = now.completed } }))
            let runs = try GroupRuns(group).perform(requests(), meter: meter)
            #expect(counted.total.withLock { $0 } == requests().reduce(0) { $0 + $1.work })
            return runs
        }
        #expect(expected.contains { $0.divergedStep != nil } && expected.contains { $0.finalParameters != nil })
        for runs in all { #expect(numbers(runs) == numbers(expected)) }
    }

    @Test("A sweep and a race come to the same")
    func sweeps() throws {
        let sweep = LearningRateSweep(on: problem, of: Momentum(), steps: 60, problems: 2, seed: 1)
        let expected = try sweep.run()
        for result in try ThreadGroup.run(3, { try sweep.run(performer: GroupRuns($0)) }) {
            #expect(result.best == expected.best && result.trials.count == expected.trials.count)
        }
    }

    @Test("All are cancelled where one is")
    func cancellation() throws {
        _ = try ThreadGroup.run(3) { group in
            let meter = ProgressMeter(RunControl(isCancelled: { group.rank == 1 }))
            #expect(throws: CancellationError.self) { try GroupRuns(group).perform(requests(), meter: meter) }
        }
    }

    @Test("Ranks that are asked for other runs are refused")
    func differences() throws {
        let messages = try ThreadGroup.run(3) { group in
            var own = requests()
            if group.rank == 2 { own[4].scoresHeldOut.toggle() }
            return try #require(throws: InputError.self) {
                try GroupRuns(group).perform(own, meter: ProgressMeter(RunControl()))
            }.description
        }
        #expect(messages.allSatisfy { $0.hasPrefix("rank 2: is asked for other runs") || $0.contains("rank 2") })
    }

    @Test("One measures a step's time for all")
    func timings() throws {
        let timings = try ThreadGroup.run(3) {
            try GroupRuns($0).timing(of: SGD(), on: problem, steps: 2, isCancelled: { false })
        }
        #expect(Set(timings.map(\.stepMilliseconds)).count == 1 && timings[0].stepMilliseconds > 0)
    }
}
