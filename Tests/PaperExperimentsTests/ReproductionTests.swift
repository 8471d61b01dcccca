import Datasets
import Evaluation
import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizees
import Optimizers
import PaperExperiments
import ResultsStore
import Statistics
import Synchronization
import Testing

/// No data set but few digits.
private struct FewDigits: DataProvider {
    func mnist() throws -> ImageSplit { throw InputError("mnist", "is missing", advice: "fetch it") }
    func cifar10() throws -> ImageSplit { throw InputError("cifar10", "is missing", advice: "fetch it") }
    func digits() throws -> ImageSplit { ImageSplit(training: Digits.generate(count: 300, seed: 0)) }
}

/// Experiments as the paper's, on problems that take milliseconds.
private let experiments = [
    Experiment(
        id: "T1", title: "curves", claim: "", panels: [Panel("quadratic", "quadratic", steps: 20)]),
    Experiment(
        id: "T2", title: "rates", claim: "", figure: .learningRates,
        panels: [
            Panel("quadratic", "quadratic", steps: 20),
            Panel("heavy", "convex", steps: 10, isHeavy: true, paperBaseline: PaperBaseline("adam", halfPower: -3)),
            Panel("no data", "mnist-mlp", steps: 10), Panel("unknown", "no-such-optimizee", steps: 10),
        ]),
    Experiment(
        id: "T3", title: "ablation", claim: "", panels: [Panel("convex", "convex", steps: 10)],
        ablations: [
            Ablation(
                name: "a", label: "all", kind: "rnnprop", scales: true, addsConvex: true, quarters: [1, 2, 3, 4]),
            Ablation(name: "b", label: "dm", kind: "dm", scales: false, addsConvex: false),
        ]),
]

private func reproduction(_ folder: String, problems: Int = 2) -> Reproduction {
    var settings = ReproductionSettings(problems: problems, metaIterations: 5)
    settings.tuned = [SGD(), Adam()]
    var reproduction = Reproduction(
        catalogue: OptimizeeCatalogue(data: FewDigits()),
        learned: [Entrant(RNNprop(key: RandomKey(seed: 1)), label: "untrained")], settings: settings,
        ablationFolder: "\(folder)/ablations")
    reproduction.trainingOptimizee = "quadratic"
    return reproduction
}

private func store(_ folder: String) throws -> StoredRuns {
    StoredRuns(try ResultsStore(path: "\(folder)/store.sqlite", version: "test"))
}

private func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
}

@Suite("Reproduction", .serialized)
struct ReproductionTests {
    @Test("Runs panels once, skips what is not there, and the second time computes nothing")
    func twice() throws {
        try withTemporaryFolder { folder in
            let first = try store(folder)
            let result = try reproduction(folder).run(experiments, performer: first)
            #expect(
                result.panels.map(\.id) == [
                    "quadratic@20", "convex@10", "mnist-mlp@10", "no-such-optimizee@10", "T3/convex@10",
                ])
            #expect(result.experiments[0].panels == ["quadratic@20"])
            #expect(result.panels[2].skipped == "mnist: is missing; fetch it")
            #expect(result.panels[3].skipped?.contains("is not a known optimizee") == true)
            #expect(first.count.computed > 100)

            let second = try store(folder)
            let again = try reproduction(folder).run(experiments, performer: second)
            #expect(second.count.computed == 0 && second.count.found == first.count.computed + first.count.found)
            #expect(try again.json() == result.json(), "times too come from the store")
        }
    }

    @Test("A panel has the race between what its sweeps found, the learned and the untuned")
    func panel() throws {
        try withTemporaryFolder { folder in
            let result = try reproduction(folder).run([experiments[1]], performer: store(folder))
            for panel in result.panels.prefix(2) {
                #expect(panel.results(.learned).map(\.label) == ["untrained"])
                #expect(panel.results(.untuned).map(\.label) == ["adamw untuned"])
                #expect(panel.results(.tuned).count == 2 && panel.sweeps.map(\.optimizer) == ["sgd", "adam"])
                for (sweep, tuned) in zip(panel.sweeps, panel.results(.tuned)) {
                    #expect(tuned.learningRate == exp2(Double(sweep.best) / 2) && !sweep.isOnEdge)
                    #expect(tuned.trials == sweep.trials.count)
                    let best = try #require(sweep.trials.first { $0.halfPower == sweep.best })
                    #expect(best.losses == tuned.finalLoss, "the sweep's runs are the race's")
                    let full = sweep.trials.filter { $0.losses.count == 2 }
                    #expect(full.allSatisfy { mean($0.losses) >= mean(best.losses) })
                }
                #expect(
                    panel.bestTuned?.finalStatistics.mean
                        == panel.sweeps.map { sweep in
                            mean(sweep.trials.first { $0.halfPower == sweep.best }!.losses)
                        }.min())
            }
            #expect(result.panels[0].search == RateSearch(spacing: 1, problems: 2).text)
            #expect(result.panels[1].search == RateSearch(spacing: 1, problems: 2, coarseProblems: 1).text)
            #expect(result.panels[1].sweeps[1].distance(to: PaperBaseline("adam", halfPower: -3)) != nil)
            #expect(result.panels[1].sweeps[0].distance(to: PaperBaseline("adam", halfPower: -3)) == nil)
        }
    }

    @Test("A heavy panel's searches begin at the best rates of the panel before that is of its kind")
    func starts() throws {
        try withTemporaryFolder { folder in
            let heavy = Experiment(
                id: "T4", title: "heavy", claim: "",
                panels: [
                    Panel("first", "convex", steps: 10, isHeavy: true), Panel("other", "rosenbrock", steps: 10),
                    Panel("second", "convex", steps: 12, isHeavy: true),
                ])
            let panels = try reproduction(folder).run([heavy], performer: store(folder)).panels
            var search = RateSearch.frugal(spacing: 4, problems: 2)
            #expect(panels[0].search == search.text)
            search.starts = .init(panels[0])
            #expect(panels[2].search == search.text && search.text.contains("“first”"))
            for (sweep, before) in zip(panels[2].sweeps, panels[0].sweeps) {
                #expect(Set([-2, 0, 2].map { before.best + $0 }).isSubset(of: sweep.trials.map(\.halfPower)))
            }
        }
    }

    @Test("Schedules are tuned from the best constant rate on, and compute nothing but themselves")
    func schedules() throws {
        try withTemporaryFolder { folder in
            var wanted = reproduction(folder)
            let constant = try store(folder)
            let before = try wanted.run(experiments, performer: constant)
            wanted.settings.schedules = ScheduleShape.cosines
            let first = try store(folder)
            let result = try wanted.run(experiments, performer: first)
            for (panel, old) in zip(result.panels.prefix(2), before.panels) {
                #expect(panel.sweeps.map(\.schedule) == [nil, nil, .cosine, .warmUpCosine])
                let best = try #require(old.bestTuned)
                let results = try #require(panel.race?.results)
                #expect(results.prefix(4).map(\.optimizer) == old.race?.results.map(\.optimizer))
                #expect(results.prefix(4).map(\.finalLoss) == old.race?.results.map(\.finalLoss))
                let steps = panel.panel.steps
                let options = [" cosine=\(steps)", " cosine=\(steps) warmup=\(steps / 10)"]
                for ((sweep, tuned), option) in zip(zip(panel.sweeps, results.dropFirst(2)).dropFirst(2), options) {
                    #expect(best.label.hasPrefix(sweep.optimizer + " ") && tuned.label.hasSuffix(option))
                    #expect(tuned.role == .tuned && tuned.trials == sweep.trials.count && !sweep.isOnEdge)
                    #expect(tuned.learningRate == exp2(Double(sweep.best) / 2))
                    #expect(sweep.trials.allSatisfy { $0.losses.count == 2 })
                    #expect(sweep.trials.contains { $0.learningRate == best.learningRate })
                    #expect(sweep.distance(to: PaperBaseline(sweep.optimizer, halfPower: 0)) == nil)
                }
                #expect(panel.search.hasPrefix(old.search + "; with schedules"))
            }
            let ablation = try #require(result.panels.last)
            #expect(ablation.sweeps.isEmpty && ablation.race?.results.count == 5)
            // Each rate on two problems.
            let trials = result.panels.flatMap { $0.sweeps.filter { $0.schedule != nil } }.map(\.trials.count)
            #expect(trials.count == 4 && first.count.computed == 2 * trials.reduce(0, +))
            let second = try store(folder)
            #expect(try wanted.run(experiments, performer: second).json() == result.json())
            #expect(second.count.computed == 0)
        }
    }

    @Test(
        "The strongest is a second bar that changes nothing else, is kept in the file, and is found the second time")
    func strongest() throws {
        try withTemporaryFolder { folder in
            var wanted = reproduction(folder)
            let plain = try wanted.run(experiments, performer: store(folder))
            wanted.settings.strongest = StrongestSearch(
                further: [NAdam(), SeedRule()], schedules: [.warmUp, .cosine])
            let first = try store(folder)
            let result = try wanted.run(experiments, performer: first)
            var without = result
            for (index, panel) in result.panels.enumerated() {
                guard panel.race != nil, !panel.id.hasPrefix("T3") else {
                    #expect(panel.strongest == nil)
                    continue
                }
                let strongest = try #require(panel.strongest)
                #expect(strongest.sweeps.prefix(2).map(\.text) == ["nadam", "seed-rule"])
                // All four under both schedules; on the heavy panel, three of them.
                #expect(strongest.sweeps.count == 2 + 2 * (panel.panel.isHeavy ? 3 : 4))
                let best = try #require(panel.bestTuned)
                #expect(strongest.result.finalStatistics.mean <= best.finalStatistics.mean)
                #expect(strongest.runs > panel.tuningRuns && panel.tuningRuns > 20)
                let trials = (panel.sweeps + strongest.sweeps).reduce(0) { $0 + $1.trials.count }
                #expect(strongest.result.trials == trials && panel.search.contains("; the strongest: 2 more"))
                without.panels[index].strongest = nil
                without.panels[index].search = plain.panels[index].search
            }
            #expect(try without.json() == plain.json())
            let lines = ReproductionResult.finalsCSV(result.panels).split(separator: "\n")
            #expect(lines.count { $0.contains(",\"strongest\",") } == 2 * 2)
            let file = "\(folder)/results.json"
            try writeFileAtomically(file, result.json())
            #expect(try ReproductionResult(file: file).json() == result.json())
            let second = try store(folder)
            #expect(try wanted.run(experiments, performer: second).json() == result.json())
            #expect(second.count.computed == 0 && first.count.computed > 0)
        }
    }

    @Test("Ablations race at their quarters, are trained once, and continue where they were interrupted")
    func ablations() throws {
        func labels(_ result: ReproductionResult) -> [String] { result.panels[0].race!.results.map(\.label) }
        try withTemporaryFolder { folder in
            let wanted = [experiments[2]]
            let whole = try reproduction(folder).run(wanted, performer: store(folder))
            #expect(
                labels(whole) == [
                    "all, 1 iterations", "all, 2 iterations", "all, 3 iterations", "all, 5 iterations", "dm",
                ])
            let names = whole.panels[0].race!.results.map(\.optimizer)
            #expect(Set(names).count == 5 && names[4].hasPrefix("dm("))
            try withTemporaryFolder { broken in
                let done = Atomic(0)
                #expect(throws: CancellationError.self) {
                    try reproduction(broken).run(
                        wanted, performer: store(broken),
                        progress: { if $0.text.contains("iteration") { done.add(1, ordering: .relaxed) } },
                        isCancelled: { done.load(ordering: .relaxed) >= 3 })
                }
                let resumed = try reproduction(broken).run(wanted, performer: store(broken))
                #expect(resumed.panels[0].race!.results.map(\.optimizer) == names, "the same weights, bit for bit")
                #expect(resumed.panels[0].race!.results.map(\.curve) == whole.panels[0].race!.results.map(\.curve))
            }
            var other = reproduction(folder)
            other.settings.seed = 7
            let error = #expect(throws: InputError.self) { try other.run(wanted, performer: store(folder)) }
            #expect(error?.description.contains("was made with seed = 0, not 7") == true)
        }
    }

    @Test("Where nothing is there, the reason is the error")
    func nothing() throws {
        try withTemporaryFolder { folder in
            let wanted = Experiment(id: "T", title: "", claim: "", panels: [Panel("no data", "mnist-mlp")])
            #expect(throws: InputError("mnist", "is missing", advice: "fetch it")) {
                try reproduction(folder).run([wanted], performer: store(folder))
            }
        }
    }

    @Test("Progress grows to its end, panel by panel", arguments: [[], ScheduleShape.cosines])
    func progress(schedules: [ScheduleShape]) throws {
        try withTemporaryFolder { folder in
            let seen = OrderedMutex<[ReproductionProgress]>([])
            var wanted = reproduction(folder)
            wanted.settings.schedules = schedules
            if !schedules.isEmpty { wanted.settings.strongest = .everything }
            _ = try wanted.run(
                experiments, performer: store(folder), progress: { step in seen.withLock { $0.append(step) } })
            let steps = seen.withLock { $0 }
            #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.share <= $1.share && $0.runs <= $1.runs })
            #expect(steps.allSatisfy { $0.runs <= $0.totalRuns && $0.share <= 1 })
            #expect(steps.first?.text.hasPrefix("T1 quadratic (1/5): sweeps of 2 optimizers") == true)
            #expect(steps.last?.text.hasPrefix("T3 convex (5/5): race") == true)
            #expect(steps.contains { $0.text.hasSuffix(" under schedules") } == !schedules.isEmpty)
            #expect(steps.last.map { $0.runs == $0.totalRuns } == true)
        }
    }

    @Test("Quick means fewer steps, and rates that are tried on one problem")
    func quick() throws {
        try withTemporaryFolder { folder in
            var quick = reproduction(folder)
            let runs = try store(folder)
            let slow = try quick.run([experiments[0]], performer: runs).panels[0]
            quick.settings.isQuick = true
            let panel = try quick.run([experiments[0]], performer: runs).panels[0]
            #expect(panel.panel.steps == 4 && panel.id == "quadratic@4")
            #expect(panel.sweeps[0].trials.allSatisfy { $0.losses.count == 1 })
            #expect(slow.sweeps[0].trials.allSatisfy { $0.losses.count == 2 })
        }
    }
}

private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
