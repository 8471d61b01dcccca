import Evaluation
import Files
import Foundation
import GRDB
import NumericCore
import Optimizees
import ResultsStore
import Synchronization
import Testing

/// Two stores on one file stand for two processes: each has its own connections and its own session.
@Suite("A store that several use")
struct SharingTests {
    @Test(
        "Several at the same time share the work: each run is computed once, as one machine and as many do it",
        arguments: [false, true])
    func shared(manyMachines: Bool) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString)").path
        try makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let expected = try ComputedRuns().perform(requests(Counted()), meter: meter).map(\.finalLoss)
        let counts = try await withThrowingTaskGroup(of: StoredRuns.Count.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let runs = StoredRuns(try open(folder, manyMachines: manyMachines))
                    let got = try runs.perform(requests(Counted(microseconds: 500)), meter: meter)
                    #expect(got.map(\.finalLoss) == expected)
                    return runs.count
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts.reduce(0) { $0 + $1.computed } == 12)
        #expect(counts.allSatisfy { $0.computed + $0.found == 12 })
    }

    @Test("What one machine began, many go on with: the file's journal is one to roll back from then on")
    func journal() throws {
        func mode(_ folder: String) throws -> String? {
            try DatabaseQueue(path: "\(folder)/store.sqlite").read {
                try String.fetchOne($0, sql: "PRAGMA journal_mode")
            }
        }
        try withTemporaryFolder { folder in
            for (manyMachines, wanted, computed) in [(false, "wal", 12), (true, "delete", 0), (false, "delete", 0)] {
                let runs = StoredRuns(try open(folder, manyMachines: manyMachines))
                _ = try runs.perform(requests(Counted()), meter: meter)
                #expect(try mode(folder) == wanted)
                #expect(runs.count.computed == computed)
            }
        }
    }

    @Test("A store that one machine uses at this moment is not for many")
    func inUse() throws {
        try withTemporaryFolder { folder in
            let store = try open(folder)
            _ = try StoredRuns(store).perform(requests(Counted()), meter: meter)
            let error = #expect(throws: InputError.self) { try open(folder, manyMachines: true) }
            #expect(error?.description.contains("locked by another process") == true)
            #expect(try store.count() == 12)
        }
    }

    /// A claim on every run, held by a session that this process did not make.
    private func claimAll(_ folder: String, host: String, pid: Int32, secondsAgo: Double) throws -> ResultsStore {
        let store = try open(folder)
        _ = try StoredRuns(store).perform(requests(Counted()), meter: meter)
        try DatabaseQueue(path: store.path).write { database in
            let seen = Date().timeIntervalSince1970 - secondsAgo
            try database.execute(
                sql: "INSERT INTO sessions VALUES ('other', ?, ?, ?)", arguments: [host, pid, seen])
            try database.execute(sql: "INSERT INTO claims SELECT key, 'other' FROM runs; DELETE FROM runs")
        }
        return store
    }

    @Test("Claims of a process that died, was last seen long ago or never existed are void at once")
    func stale() throws {
        // No process has this number: the kernel's limit is lower.
        for (host, pid, ago) in [("elsewhere", 1, 60.0), (unixHostName(), 1 << 29, 0), ("elsewhere", 1, -3600)] {
            try withTemporaryFolder { folder in
                let store = try claimAll(folder, host: host, pid: Int32(pid), secondsAgo: ago)
                let runs = StoredRuns(store)
                _ = try runs.perform(requests(Counted()), meter: meter)
                #expect(runs.count.computed == 12)
            }
        }
    }

    @Test("Claims of a process that is alive hold until it gives them up, and waiting can be cancelled")
    func alive() throws {
        try withTemporaryFolder { folder in
            let store = try claimAll(folder, host: "elsewhere", pid: 1, secondsAgo: 0)
            let runs = StoredRuns(store)
            let start = ContinuousClock.now
            let asked = Atomic(0)
            let control = RunControl(isCancelled: { asked.wrappingAdd(1, ordering: .relaxed).oldValue > 30 })
            #expect(throws: CancellationError.self) {
                try runs.perform(requests(Counted()), meter: ProgressMeter(control))
            }
            #expect(runs.count.computed == 0 && ContinuousClock.now - start > .milliseconds(100))
        }
    }

    private func unixHostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, 255)
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
