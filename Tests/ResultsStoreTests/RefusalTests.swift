import Evaluation
import Files
import Foundation
import GRDB
import NumericCore
import Optimizees
import ResultsStore
import Testing

@Suite("Stores that are refused")
struct RefusalTests {
    private func refusal(_ path: String) -> String {
        #expect(throws: InputError.self) { try ResultsStore(path: path, version: "test") }?.description ?? ""
    }

    @Test("A file that is no database, and a folder", arguments: ["", "text", String(repeating: "x", count: 5000)])
    func noDatabase(content: String) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/store.sqlite"
            try writeFileAtomically(path, text: content)
            if content.isEmpty {
                _ = try ResultsStore(path: path, version: "test")
            } else {
                #expect(refusal(path).contains("is no results store"))
                #expect(try readFile(path) == Array(content.utf8), "it is left as it was")
            }
            #expect(refusal(folder).contains("is not a regular file"))
            #expect(refusal("\(folder)/none/store.sqlite").contains("cannot be opened"))
        }
    }

    @Test("Another program's database, which is left as it was")
    func foreign() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/store.sqlite"
            try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE runs (x)") }
            let before = try readFile(path)
            #expect(refusal(path).contains("is another program's database"))
            #expect(try readFile(path) == before)
        }
    }

    @Test("A newer version's store")
    func newer() throws {
        try withTemporaryFolder { folder in
            let path = try open(folder).path
            try DatabaseQueue(path: path).write {
                try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('a later one')")
            }
            #expect(refusal(path).contains("was written by a newer version of l2o; update l2o"))
        }
    }

    @Test("A row that was changed")
    func changed() throws {
        for change in [
            "final_loss = final_loss + 1e-9", "losses = x'00'", "losses = zeroblob(400)", "losses = 'text'",
            "diverged_step = 3", "held_out_loss = 7", "seconds = 'long'", "digest = 0",
        ] {
            try withTemporaryFolder { folder in
                let store = try open(folder)
                _ = try StoredRuns(store).perform(requests(Counted()), meter: meter)
                try DatabaseQueue(path: store.path).write {
                    try $0.execute(sql: "UPDATE OR IGNORE runs SET \(change)")
                }
                let error = #expect(throws: InputError.self, "\(change)") {
                    try StoredRuns(store).perform(requests(Counted()), meter: meter)
                }
                #expect(error?.description.contains("is damaged") == true, "\(change)")
            }
        }
    }

    @Test("Final parameters that were changed, or taken away")
    func changedParameters() throws {
        for change in [
            "UPDATE final_parameters SET parameters = zeroblob(12)", "DELETE FROM final_parameters",
            "UPDATE final_parameters SET parameters = zeroblob(16)", "UPDATE final_parameters SET parameters = x'00'",
            "UPDATE final_parameters SET parameters = 'text'", "UPDATE final_parameters SET parameter_digest = 0",
            "UPDATE runs SET scored = 1", "UPDATE runs SET scored = 'no'",
        ] {
            try withTemporaryFolder { folder in
                let store = try open(folder)
                _ = try StoredRuns(store).perform(requests(Counted(), scored: false), meter: meter)
                try DatabaseQueue(path: store.path).write { try $0.execute(sql: change) }
                let error = #expect(throws: InputError.self, "\(change)") {
                    try StoredRuns(store).perform(requests(Counted()), meter: meter)
                }
                #expect(error?.description.contains("is damaged") == true, "\(change)")
            }
        }
    }

    @Test(
        "Random damage to the file gives one line or the right numbers, never a crash or others",
        arguments: [true, false])
    func fuzz(scored: Bool) throws {
        try withTemporaryFolder { folder in
            let expected = try ComputedRuns().perform(requests(Counted(), steps: 200), meter: meter)
            do {
                let store = try open(folder)
                _ = try StoredRuns(store).perform(requests(Counted(), steps: 200, scored: scored), meter: meter)
                try store.checkpoint()
            }
            let whole = try readFile("\(folder)/store.sqlite")
            #expect(whole.count > 12 * 200)
            var stream = RandomStream(RandomKey(seed: 5))
            var refused = 0
            for round in 0..<60 {
                try withTemporaryFolder { broken in
                    var bytes = whole
                    if round % 4 == 0 {
                        bytes.removeLast(Int(stream.uniform() * Float(bytes.count - 1)))
                    } else {
                        for _ in 0..<1 << (round % 8) {
                            let place = min(bytes.count - 1, Int(stream.uniform() * Float(bytes.count)))
                            bytes[place] ^= UInt8(1 + Int(stream.uniform() * 254))
                        }
                    }
                    try writeFileAtomically("\(broken)/store.sqlite", bytes)
                    do {
                        let runs = try StoredRuns(open(broken)).perform(
                            requests(Counted(), steps: 200), meter: meter)
                        #expect(runs.map(\.finalLoss) == expected.map(\.finalLoss))
                        #expect(runs.map(\.heldOut) == expected.map(\.heldOut))
                        #expect(
                            runs.map { $0.losses.map(\.bitPattern) } == expected.map { $0.losses.map(\.bitPattern) })
                    } catch let error as InputError {
                        refused += 1
                        #expect(!error.description.contains("\n"))
                    }
                }
            }
            #expect(refused > 15)
        }
    }
}
