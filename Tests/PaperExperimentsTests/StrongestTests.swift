import Evaluation
import NumericCore
import Optimizers
import PaperExperiments
import Statistics
import TestProblems
import Testing

/// Computes every run, and notes which ones were asked for.
private final class NotedRuns: RunPerformer {
    private let noted = OrderedMutex<Set<String>>([])

    /// How many different runs there were.
    var count: Int { noted.withLock { $0.count } }

    func perform(_ requests: [RunRequest], meter: ProgressMeter) throws -> [Run] {
        noted.withLock { $0.formUnion(requests.map { "\($0.optimizer.name) \($0.problem)" }) }
        return try ComputedRuns().perform(requests, meter: meter)
    }
}

@Suite("The strongest hand-designed optimizer")
struct StrongestTests {
    private static let problems = 3

    private func run(steps: Int, _ search: RateSearch) -> PanelRun {
        PanelRun(
            optimizee: Bowl(size: 4, curvature: 4), steps: steps, problems: Self.problems, seed: 6, entrants: [],
            tuned: [SGD(), Adam()], search: search)
    }

    @Test(
        "It is no weaker than anything that was tried, and every run is counted once", arguments: [1, 12],
        [nil, 1, 2])
    func lowest(steps: Int, scheduled: Int?) throws {
        let run = run(steps: steps, RateSearch(spacing: 4, problems: Self.problems, coarseProblems: 2))
        let plan = StrongestSearch(
            further: [NAdam(), NAdam(epsilon: 0.1), SeedRule()], schedules: ScheduleShape.allCases,
            scheduled: scheduled)
        let runs = NotedRuns()
        let (race, sweeps) = try run.run(performer: runs) { _ in RunControl() }
        let found = try run.strongest(plan, after: race, sweeps, performer: runs) { _ in RunControl() }
        #expect(found.runs == runs.count)
        #expect(found.sweeps.prefix(3).map(\.text) == ["nadam", "nadam epsilon=0.1", "seed-rule"])
        #expect(found.sweeps.count == 3 + (steps > 1 ? 5 * (scheduled ?? 5) : 0))
        let means = (sweeps + found.sweeps).map { sweep in
            sweep.trials.filter { $0.losses.count == Self.problems }.map { $0.losses.reduce(0, +) }.min()!
        }
        let own = found.result.finalLoss.reduce(0, +)
        #expect(abs(own - means.min()!) < 1e-12)
        #expect(found.result.trials == (sweeps + found.sweeps).reduce(0) { $0 + $1.trials.count })
        #expect(found.result.millisecondsPerStep != nil)
        // Under schedules go those that are best at constant rates.
        if let scheduled, steps > 1 {
            let order = zip(sweeps + found.sweeps.prefix(3), means).sorted { $0.1 < $1.1 }.map(\.0.optimizer)
            #expect(Set(found.sweeps.dropFirst(3).map(\.optimizer)).isSubset(of: order.prefix(scheduled)))
        }
    }

    @Test("Where rates meet few problems, the best of them meet all, beside the best of the panel's own")
    func frugal() throws {
        let run = run(steps: 10, .frugal(spacing: 4, problems: Self.problems))
        let runs = NotedRuns()
        let (race, sweeps) = try run.run(performer: runs) { _ in RunControl() }
        let found = try run.strongest(.frugal, after: race, sweeps, performer: runs) { _ in RunControl() }
        #expect(found.runs == runs.count && found.result.finalLoss.count == Self.problems)
        #expect(found.sweeps.count == 6 + 3 * 5)
        let best = race.results.map(\.finalStatistics.mean).min()!
        #expect(found.result.finalStatistics.mean <= best)
        #expect(sweeps.allSatisfy { $0.trials.allSatisfy { $0.losses.count <= 2 } })
    }

    @Test("Where nothing beats the panel's own, it is the best of these")
    func own() throws {
        let run = run(steps: 3, RateSearch(spacing: 4, problems: Self.problems))
        let (race, sweeps) = try run.run(performer: ComputedRuns()) { _ in RunControl() }
        let plan = StrongestSearch(further: [], schedules: [])
        let found = try run.strongest(plan, after: race, sweeps, performer: ComputedRuns()) { _ in RunControl() }
        #expect(found.result.label == "sgd lr=2^0" && found.result.finalLoss == race.results[0].finalLoss)
    }
}
