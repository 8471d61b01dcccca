import Evaluation
import Files
import GRDB
import NumericCore
import Optimizees
import Platform

/// Runs that were computed, in one SQLite file: nothing is computed twice, and what was interrupted continues.
///
///     let store = try ResultsStore(path: "runs/store.sqlite", version: "1.0")
///     let result = try race.run(performer: StoredRuns(store))
///
/// Several processes may work on one file at the same time, those of several machines too where it lies on a network's file
/// system with locks. A run is committed as soon as it
/// has ended, so that a process which dies loses its runs in flight and nothing else. One row of the table `runs` is one
/// run, with readable columns for other programs; `final_parameters` are those of runs that were not scored on held-out data.
public final class ResultsStore: Sendable {
    /// The file.
    public let path: String
    let database: any DatabaseWriter
    let session: Session
    private let version: String
    private let machine = Host.text

    /// Opens a store, or makes one where nothing is yet.
    ///
    /// - Parameters:
    ///   - path: the file; its folder exists.
    ///   - version: the program's, kept with every run.
    ///   - manyMachines: whether several machines may use it at once; nil to see by where it lies.
    /// - Throws: `InputError` where the file is damaged, belongs to another program or a newer version of this one, or
    ///   cannot be written.
    public init(path: String, version: String, manyMachines: Bool? = nil) throws {
        self.path = path
        self.version = version
        database = try openDatabase(path, manyMachines: manyMachines ?? SharedFolders.contain(folder(of: path)))
        session = try translatingErrors(path) { [database] in try Session(database) }
    }

    deinit {
        session.end(database)
        // The last to close the file puts its log away, which no reader can.
        (database as? DatabasePool)?.invalidateReadOnlyConnections()
        try? database.close()
    }

    // MARK: Runs

    /// The runs that are there as they are wanted, by key.
    func runs(_ keys: [RunKey]) throws -> [RunKey: Run] {
        try translatingErrors(path) {
            try database.read { database in
                var found: [RunKey: Run] = [:]
                for key in keys where found[key] == nil { found[key] = try self.run(key, in: database) }
                return found
            }
        }
    }

    /// A run; nil where it is not there, or not scored on held-out data while the key says that it has to be.
    func run(_ key: RunKey, in database: Database) throws -> Run? {
        let condition = key.scoresHeldOut ? " AND scored = 1" : ""
        let statement = try database.cachedStatement(sql: "SELECT * FROM runs WHERE key = ?" + condition)
        return try Row.fetchOne(statement, arguments: [key.text])
            .map { try Run(row: $0, key: key, path: path) }
    }

    /// A run that was not scored, with its final parameters; nil where there is none.
    func unscoredRun(_ key: RunKey, in database: Database) throws -> Run? {
        try Row.fetchOne(
            database, sql: "SELECT * FROM runs LEFT JOIN final_parameters USING (key) WHERE key = ?",
            arguments: [key.text]
        ).map { try Run(unscored: $0, key: key, path: path) }
    }

    /// Keeps a run and gives up the claim on it.
    func save(_ run: Run, for key: RunKey) throws {
        try translatingErrors(path) {
            try database.write { database in
                // Two may have computed it, where one was thought dead; their numbers are the same.
                try database.execute(
                    sql: """
                        INSERT OR REPLACE INTO runs (key, optimizee, data, optimizer, steps, seed, problem, kernels,
                            revision, losses, final_loss, diverged_step, held_out_loss, held_out_accuracy, seconds,
                            scored, digest, machine, version, finished)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, datetime('now'))
                        """,
                    arguments: StatementArguments(key.columns) + StatementArguments(run.columns(key))
                        + [machine, version])
                try database.execute(sql: "DELETE FROM final_parameters WHERE key = ?", arguments: [key.text])
                if let parameters = run.parameterColumns(key) {
                    try database.execute(
                        sql: "INSERT INTO final_parameters (key, parameters, parameter_digest) VALUES (?, ?, ?)",
                        arguments: StatementArguments(parameters))
                }
                try database.execute(sql: "DELETE FROM claims WHERE key = ?", arguments: [key.text])
            }
        }
    }

    /// How many runs it holds.
    public func count() throws -> Int {
        try translatingErrors(path) {
            try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM runs") ?? 0 }
        }
    }

    /// Moves everything from the write-ahead log into the one file, for copying it.
    public func checkpoint() throws {
        try translatingErrors(path) { _ = try database.writeWithoutTransaction { try $0.checkpoint(.truncate) } }
    }

    // MARK: Timings

    /// A step's time as it was measured before on this machine; else measured now, and kept.
    func timing(_ key: String, measure: () throws -> StepTiming) throws -> StepTiming {
        let key = "\(key)|threads=\(Threads.current.count)|\(machine)"
        let row = try translatingErrors(path) {
            try database.read { try Row.fetchOne($0, sql: "SELECT * FROM timings WHERE key = ?", arguments: [key]) }
        }
        if let row, let step = row.value("step_ms", Double.self),
            let update = row.value("update_ms", Double.self)
        {
            return StepTiming(stepMilliseconds: step, updateMilliseconds: update)
        }
        let timing = try measure()
        try translatingErrors(path) {
            try database.write {
                try $0.execute(
                    sql: "INSERT OR REPLACE INTO timings (key, step_ms, update_ms) VALUES (?, ?, ?)",
                    arguments: [key, timing.stepMilliseconds, timing.updateMilliseconds])
            }
        }
        return timing
    }
}
