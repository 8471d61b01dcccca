import Dispatch
import GRDB
import Platform

/// This process's use of a store: a sign of life in the file, by which others tell whether its claims still hold.
///
/// A claim keeps other processes from computing the same run. Claims of a process that has died are void: at once where
/// it ran on the same machine, after `lifetime` where that cannot be seen.
final class Session: Sendable {
    private static let lifetime = 20.0
    private let id: String
    private let host: String
    private let pulse: DispatchSourceHolder

    init(_ database: any DatabaseWriter) throws {
        let host = Host.name ?? "?"
        // A store that is opened twice in one process has two sessions.
        let id = "\(host).\(getpid()).\(ContinuousClock.now.hashValue)"
        (self.host, self.id) = (host, id)
        let beat: @Sendable () throws -> Void = {
            try database.write {
                try $0.execute(
                    sql: "INSERT OR REPLACE INTO sessions (id, host, pid, seen) VALUES (?, ?, ?, ?)",
                    arguments: [id, host, getpid(), wallClock()])
            }
        }
        try beat()
        // A beat that fails is followed by another; what cannot be written at all is noticed by the next run.
        pulse = DispatchSourceHolder(seconds: Self.lifetime / 5) { try? beat() }
    }

    /// Gives up everything that is claimed.
    func end(_ database: any DatabaseWriter) {
        pulse.cancel()
        try? database.write { try remove(id, $0) }
    }

    /// Claims a run for this session; false where another one that is alive has it.
    func claim(_ key: RunKey, in database: Database) throws -> Bool {
        let owner = try Row.fetchOne(
            database,
            sql: """
                SELECT claims.session, host, pid, seen FROM claims LEFT JOIN sessions ON sessions.id = claims.session
                WHERE key = ?
                """, arguments: [key.text])
        if let owner {
            if isAlive(owner) { return false }
            try remove(owner.value("session", String.self) ?? "", database)
        }
        try database.execute(
            sql: "INSERT OR REPLACE INTO claims (key, session) VALUES (?, ?)", arguments: [key.text, id])
        return true
    }

    private func isAlive(_ owner: Row) -> Bool {
        guard let seen = owner.value("seen", Double.self), abs(wallClock() - seen) < Self.lifetime else {
            return false
        }
        guard owner.value("host", String.self) == host, let pid = owner.value("pid", Int32.self) else { return true }
        return kill(pid, 0) == 0 || errno != ESRCH
    }

    private func remove(_ session: String, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM claims WHERE session = ?", arguments: [session])
        try database.execute(sql: "DELETE FROM sessions WHERE id = ?", arguments: [session])
    }
}

/// A timer of libdispatch, which does not say that it may be used from any thread.
private final class DispatchSourceHolder: Sendable {
    private nonisolated(unsafe) let source: any DispatchSourceTimer

    init(seconds: Double, _ action: @escaping @Sendable () -> Void) {
        unsafe source = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
        unsafe source.schedule(deadline: .now() + seconds, repeating: seconds)
        unsafe source.setEventHandler(handler: action)
        unsafe source.activate()
    }

    func cancel() { unsafe source.cancel() }
}
