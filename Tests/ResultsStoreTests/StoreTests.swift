import Evaluation
import Files
import Foundation
import GRDB
import LearnedOptimizers
import NumericCore
import Optimizees
import Optimizers
import ResultsStore
import Synchronization
import Testing

@Suite("Results store")
struct StoreTests {
    @Test("What comes out of the store is what was computed, diverged runs too, and nothing is computed twice")
    func roundTrip() throws {
        try withTemporaryFolder { folder in
            let wanted = requests(Counted())
            let computed = try ComputedRuns().perform(wanted, meter: meter)
            #expect(computed.contains { $0.divergedStep != nil } && computed.contains { $0.heldOut != nil })
            for pass in 0..<3 {
                let optimizee = Counted()
                let runs = StoredRuns(try open(folder))
                let got = try runs.perform(requests(optimizee), meter: meter)
                for (one, other) in zip(got, computed) {
                    #expect(one.losses.map(\.bitPattern) == other.losses.map(\.bitPattern))
                    #expect(one.finalLoss == other.finalLoss && one.ending == other.ending)
                    #expect(one.heldOut == other.heldOut)
                }
                #expect(optimizee.drawn.load(ordering: .relaxed) == (pass == 0 ? 12 : 0))
                #expect(runs.count.computed == (pass == 0 ? 12 : 0))
                #expect(runs.count.found == (pass == 0 ? 0 : 12))
            }
        }
    }

    @Test("Runs that were not scored on held-out data are scored when that is wanted, and nothing is computed twice")
    func laterScores() throws {
        try withTemporaryFolder { folder in
            let expected = try ComputedRuns().perform(requests(Counted()), meter: meter)
            for (pass, scored) in [false, false, true, true, false].enumerated() {
                let optimizee = Counted()
                let runs = StoredRuns(try open(folder))
                let got = try runs.perform(requests(optimizee, scored: scored), meter: meter)
                #expect(got.map(\.finalLoss) == expected.map(\.finalLoss))
                #expect(got.map(\.ending) == expected.map(\.ending))
                // Of the 12 runs 4 diverged, and have no parameters to score.
                #expect(got.map(\.heldOut) == (pass < 2 ? got.map { _ in nil } : expected.map(\.heldOut)))
                #expect(optimizee.drawn.load(ordering: .relaxed) == [12, 0, 8, 0, 0][pass])
                #expect(runs.count.computed == (pass == 0 ? 12 : 0))
                let kept = try DatabaseQueue(path: "\(folder)/store.sqlite").read {
                    try Int.fetchOne($0, sql: "SELECT count(*) FROM final_parameters WHERE length(parameters) = 12")
                }
                #expect(kept == (pass < 2 ? 8 : 0))
            }
        }
    }

    @Test("Whatever decides the numbers tells runs apart")
    func keys() throws {
        try withTemporaryFolder { folder in
            let runs = StoredRuns(try open(folder))
            func request(
                _ optimizer: any Optimizer = SGD(learningRate: 0.1), _ name: String = "a", data: String? = nil,
                steps: Int = 5, seed: UInt64 = 1, problem: Int = 0
            ) -> RunRequest {
                RunRequest(
                    optimizer: optimizer, optimizee: Counted(name, data: data), steps: steps, seed: seed,
                    problem: problem)
            }
            let different = [
                request(), request(SGD(learningRate: 0.2)), request(Momentum(learningRate: 0.1)),
                request(SGD(learningRate: 0.1, schedule: .cosine(steps: 5))), request(steps: 6), request(seed: 2),
                request(problem: 1), request(SGD(learningRate: 0.1), "b"),
                request(data: "1/-"), request(data: "2/-"),
            ]
            for wanted in different { _ = try runs.perform([wanted], meter: meter) }
            #expect(runs.count.computed == different.count)
        }
    }

    /// Kernels differ in the order of their sums.
    @Test(
        "Other kernels than those that everything uses are another key; these are none of their own",
        .enabled(if: Kernels.all.count > 1, "this processor has one set of kernels"))
    func kernels() throws {
        try withTemporaryFolder { folder in
            let runs = StoredRuns(try open(folder))
            let learned = RNNprop(key: RandomKey(seed: 1))
            func wanted(_ optimizer: any Optimizer) -> [RunRequest] {
                [RunRequest(optimizer: optimizer, optimizee: Counted(), steps: 5, seed: 1, problem: 0)]
            }
            for kernels in Kernels.all {
                let optimizer = learned.with(kernels: kernels)
                _ = try runs.perform(wanted(optimizer), meter: meter)
                _ = try runs.perform(wanted(optimizer.withSmallState), meter: meter)
            }
            #expect(runs.count.computed == 2 * Kernels.all.count)
            _ = try runs.perform(wanted(learned), meter: meter)
            #expect(runs.count.computed == 2 * Kernels.all.count && runs.count.found == 1)
            #expect(
                learned.name.wholeMatch(of: #/rnnprop\(weights=[0-9a-f]+\)/#) != nil
                    || learned.kernels.factors != .single)
        }
    }

    @Test("A request that comes twice in one call is computed once")
    func duplicates() throws {
        try withTemporaryFolder { folder in
            let runs = StoredRuns(try open(folder))
            let wanted = requests(Counted())
            let got = try runs.perform(wanted + wanted, meter: meter)
            #expect(got.prefix(12).map(\.finalLoss) == got.suffix(12).map(\.finalLoss))
            #expect(runs.count.computed == 12 && runs.count.found == 12)
        }
    }

    @Test("A run that is wanted scored and not, in one call, is computed once", arguments: [true, false])
    func mixed(scoredFirst: Bool) throws {
        try withTemporaryFolder { folder in
            let expected = try ComputedRuns().perform(requests(Counted()), meter: meter)
            let runs = StoredRuns(try open(folder))
            let wanted = [scoredFirst, !scoredFirst].map { requests(Counted(), scored: $0) }
            let got = try runs.perform(wanted[0] + wanted[1], meter: meter)
            #expect((scoredFirst ? got.prefix(12) : got.suffix(12)).map(\.heldOut) == expected.map(\.heldOut))
            #expect(got.map(\.finalLoss) == (expected + expected).map(\.finalLoss))
            #expect(runs.count.computed == 12 && runs.count.found == 12)
        }
    }

    @Test(
        "Sweeps and races come to the same with a store, and the second time from the store alone",
        arguments: [true, false])
    func sweepAndRace(scoresSweep: Bool) throws {
        try withTemporaryFolder { folder in
            func all(_ performer: any RunPerformer) throws -> ([Double], RaceResult) {
                var search = LearningRateSweep(on: Counted(), of: SGD(), steps: 6, problems: 2)
                search.scoresHeldOut = scoresSweep
                let sweep = try search.run(performer: performer)
                let entrants = [Entrant(sweep), Entrant(Adam())]
                let race = Race(on: Counted(), steps: 6, problems: 2, entrants: entrants)
                return (sweep.trials.flatMap(\.finalLosses), try race.run(performer: performer))
            }
            let expected = try all(ComputedRuns())
            let first = try all(StoredRuns(open(folder)))
            let again = StoredRuns(try open(folder))
            let second = try all(again)
            #expect(first.0 == expected.0 && second.0 == expected.0)
            #expect(second.1.results.map(\.curve) == expected.1.results.map(\.curve))
            #expect(second.1.results.map(\.heldOutLoss) == expected.1.results.map(\.heldOutLoss))
            #expect(second.1.results.allSatisfy { $0.heldOutLoss != nil })
            // Times come from the store too.
            #expect(try first.1.json() == second.1.json())
            #expect(again.count.computed == 0 && again.count.found > 20)
        }
    }

    @Test("Progress ends complete, whether runs are computed or found")
    func progress() throws {
        try withTemporaryFolder { folder in
            for _ in 0..<2 {
                let last = OrderedMutex<RunControl.Progress?>(nil)
                let meter = ProgressMeter(RunControl(progress: { progress in last.withLock { $0 = progress } }))
                let wanted = requests(Counted(), steps: 70)
                meter.expect(wanted.reduce(0) { $0 + $1.work })
                _ = try StoredRuns(open(folder)).perform(wanted, meter: meter)
                #expect(last.withLock { $0?.completed } == 12 * 2 * 70)
            }
        }
    }

    @Test("Cancelled, it keeps what was done and gives up its claims")
    func cancellation() throws {
        try withTemporaryFolder { folder in
            let store = try open(folder)
            let asked = Atomic(0)
            let control = RunControl(isCancelled: { asked.wrappingAdd(1, ordering: .relaxed).oldValue > 60 })
            #expect(throws: CancellationError.self) {
                try StoredRuns(store).perform(requests(Counted()), meter: ProgressMeter(control))
            }
            let kept = try store.count()
            #expect(kept > 0 && kept < 12)
            // The same process asks again: its own claims are no obstacle.
            let runs = StoredRuns(store)
            _ = try runs.perform(requests(Counted()), meter: meter)
            #expect(runs.count.computed == 12 - kept && runs.count.found == kept)
        }
    }

    @Test("Rows are readable for other programs")
    func columns() throws {
        try withTemporaryFolder { folder in
            _ = try StoredRuns(open(folder)).perform(requests(Counted(data: "images")), meter: meter)
            let rows = try DatabaseQueue(path: "\(folder)/store.sqlite").read {
                try Row.fetchAll($0, sql: "SELECT * FROM runs ORDER BY optimizer, problem")
            }
            #expect(rows.count == 12)
            let adam = rows[0]
            let texts = ["optimizee", "optimizer", "version", "machine"].map { adam[$0] as String? ?? "" }
            #expect(texts[0] == "counted" && texts[2] == "test" && texts[3].hasSuffix("cores"))
            #expect(texts[1].hasPrefix("adam(lr=0.1"))
            #expect(adam["steps"] as Int? == 10)
            #expect(adam["data"] as String? == "images")
            #expect(adam["final_loss"] as Double? != nil)
            #expect(adam["diverged_step"] as Int? == nil)
            let diverged = rows.filter { $0["diverged_step"] as Int? != nil }
            #expect(diverged.count == 4 && diverged.allSatisfy { $0["final_loss"] as Double? == nil })
        }
    }

    @Test("What a process that died had half written is taken back")
    func hotJournal() throws {
        try withTemporaryFolder { folder in
            _ = try StoredRuns(open(folder)).perform(requests(Counted()), meter: meter)
            let path = "\(folder)/store.sqlite"
            try DatabaseQueue(path: path).writeWithoutTransaction { database in
                // So few pages in memory that the file itself is written to before the transaction ends.
                try database.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN IMMEDIATE")
                try database.execute(sql: "UPDATE runs SET losses = randomblob(20000), final_loss = 0")
                for suffix in ["", "-journal"] {
                    try FileManager.default.copyItem(atPath: path + suffix, toPath: "\(folder)/died.sqlite\(suffix)")
                }
                try database.execute(sql: "ROLLBACK")
            }
            let runs = StoredRuns(try ResultsStore(path: "\(folder)/died.sqlite", version: "test"))
            _ = try runs.perform(requests(Counted()), meter: meter)
            #expect(runs.count.found == 12)
        }
    }

    @Test("A store whose maker died before it had made the first table is completed")
    func begun() throws {
        try withTemporaryFolder { folder in
            try DatabaseQueue(path: "\(folder)/store.sqlite").write {
                try $0.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
            }
            let runs = StoredRuns(try open(folder))
            _ = try runs.perform(requests(Counted()), meter: meter)
            #expect(runs.count.computed == 12)
        }
    }

    @Test("A store of the first version is opened, and its runs of optimizees without data are found")
    func firstVersion() throws {
        try withTemporaryFolder { folder in
            let store = try open(folder)
            _ = try StoredRuns(store).perform(requests(Counted()), meter: meter)
            try DatabaseQueue(path: store.path).write {
                try $0.execute(
                    sql: """
                        ALTER TABLE runs DROP COLUMN data; ALTER TABLE runs DROP COLUMN scored;
                        DROP TABLE final_parameters; DELETE FROM grdb_migrations WHERE identifier > '1'
                        """)
            }
            let runs = StoredRuns(try open(folder))
            _ = try runs.perform(requests(Counted()) + requests(Counted(data: "images")), meter: meter)
            #expect(runs.count.found == 12 && runs.count.computed == 12)
        }
    }
}
