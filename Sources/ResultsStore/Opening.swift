import Files
import GRDB
import Platform

/// What SQLite's header says of whose file it is: "l2o" and a zero.
private let applicationID = 0x6C32_6F00

/// The tables, version by version. A version that was released never changes; the next one is added below it.
private let migrator: DatabaseMigrator = {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
        try database.execute(
            sql: """
                PRAGMA application_id = \(applicationID);
                CREATE TABLE runs (
                    key TEXT NOT NULL PRIMARY KEY, optimizee TEXT NOT NULL, optimizer TEXT NOT NULL,
                    steps INTEGER NOT NULL, seed INTEGER NOT NULL, problem INTEGER NOT NULL, kernels TEXT NOT NULL,
                    revision INTEGER NOT NULL, losses BLOB NOT NULL, final_loss REAL, diverged_step INTEGER,
                    held_out_loss REAL, held_out_accuracy REAL, seconds REAL NOT NULL, digest INTEGER NOT NULL,
                    machine TEXT NOT NULL, version TEXT NOT NULL, finished TEXT NOT NULL);
                CREATE TABLE sessions (
                    id TEXT NOT NULL PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, seen REAL NOT NULL);
                CREATE TABLE claims (key TEXT NOT NULL PRIMARY KEY, session TEXT NOT NULL);
                CREATE TABLE timings (
                    key TEXT NOT NULL PRIMARY KEY, step_ms REAL NOT NULL, update_ms REAL NOT NULL);
                """)
    }
    // Keys tell data sets apart from here on; a run of images that was kept before is not found again.
    migrator.registerMigration("2") { database in
        try database.execute(sql: "ALTER TABLE runs ADD COLUMN data TEXT")
    }
    // A run may be kept without its score on held-out data, and then with its final parameters.
    migrator.registerMigration("3") { database in
        try database.execute(
            sql: """
                ALTER TABLE runs ADD COLUMN scored INTEGER NOT NULL DEFAULT 1;
                CREATE TABLE final_parameters (
                    key TEXT NOT NULL PRIMARY KEY, parameters BLOB NOT NULL, parameter_digest INTEGER NOT NULL);
                """)
    }
    return migrator
}()

/// How long a connection waits for another's transaction. Ours take milliseconds.
private let patience = 20.0

/// What SQLite's header says of a store that many machines may use.
private let manyMachinesMark = 1

/// Opens the file and brings its tables up to date.
///
/// - Parameter manyMachines: whether it may be used from several at once; a file for which that was so once stays so. The
///   write-ahead log, in which readers and a writer do not wait for each other, is for the memory of one machine; a journal
///   to roll back needs nothing but the file system's locks.
func openDatabase(_ path: String, manyMachines: Bool) throws -> any DatabaseWriter {
    // Checked first: to open it changes the file's journal mode.
    let manyMachines = try fileExists(path) && check(path) == manyMachinesMark || manyMachines
    var attempts = 0
    while true {
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(patience)
            if manyMachines {
                configuration.prepareDatabase { database in
                    // Fails where somebody uses the log.
                    try database.execute(sql: "PRAGMA journal_mode = DELETE")
                    if try mark(database) != manyMachinesMark {
                        try database.execute(sql: "PRAGMA user_version = \(manyMachinesMark)")
                    }
                }
            }
            let database: any DatabaseWriter =
                manyMachines
                ? try DatabaseQueue(path: path, configuration: configuration)
                : try DatabasePool(path: path, configuration: configuration)
            try migrator.migrate(database)
            return database
        } catch let error as DatabaseError
            where attempts < 40 && [.SQLITE_BUSY, .SQLITE_ERROR, .SQLITE_CONSTRAINT].contains(error.resultCode)
        {
            // Another process makes the same tables at this moment.
            attempts += 1
            usleep(50_000)
        } catch let error as DatabaseError {
            throw inputError(error, path)
        }
    }
}

private func mark(_ database: Database) throws -> Int? { try Int.fetchOne(database, sql: "PRAGMA user_version") }

/// Refuses files that are not ours, without touching them; of ours, their mark.
private func check(_ path: String) throws -> Int? {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw InputError(path, "is not a regular file", advice: "name a file, or one that does not exist yet")
    }
    return try translatingErrors(path) {
        do {
            return try checkContent(path, readonly: true)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_READONLY {
            // A process died while it wrote, and who only reads may not take that back.
            return try checkContent(path, readonly: false)
        }
    }
}

private func checkContent(_ path: String, readonly: Bool) throws -> Int? {
    var configuration = Configuration()
    configuration.readonly = readonly
    configuration.busyMode = .timeout(patience)
    return try DatabaseQueue(path: path, configuration: configuration).read { database in
        let id = try Int.fetchOne(database, sql: "PRAGMA application_id")
        guard id == applicationID else {
            // None, or that of the migrator alone: another process is about to make the tables, or died before.
            let tables = try Int.fetchOne(
                database, sql: "SELECT count(*) FROM sqlite_master WHERE tbl_name <> 'grdb_migrations'")
            guard tables != 0 else { return nil }
            throw InputError(path, "is another program's database", advice: "name another file or folder")
        }
        guard try !migrator.hasBeenSuperseded(database) else {
            throw InputError(
                path, "was written by a newer version of l2o", advice: "update l2o, or choose another folder")
        }
        return try mark(database)
    }
}

/// Runs `body`; what SQLite complains of becomes a line for the user.
func translatingErrors<T>(_ path: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as DatabaseError { throw inputError(error, path) }
}

private func inputError(_ error: DatabaseError, _ path: String) -> InputError {
    let reason = error.message ?? "error \(error.resultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_NOTADB:
        return InputError(path, "is no results store", advice: "name another file or folder")
    case .SQLITE_CORRUPT, .SQLITE_ERROR, .SQLITE_MISMATCH:
        return damaged(path, reason)
    case .SQLITE_FULL, .SQLITE_IOERR:
        return InputError(path, "cannot be written: \(reason)", advice: "free some space or choose another folder")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
        return InputError(path, "stays locked by another process", advice: "end that one and try again")
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
        return InputError(path, "cannot be opened: \(reason)", advice: "check the folder and its permissions")
    default:
        return InputError(path, "cannot be used: \(reason)", advice: "choose another file or folder")
    }
}

/// The error for a store whose content makes no sense.
func damaged(_ path: String, _ what: String) -> InputError {
    InputError(path, "is damaged (\(what))", advice: "move it away; its runs are then computed again")
}
