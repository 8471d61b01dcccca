import Foundation
import NumericCore
import Synchronization

/// How a worker is started.
struct WorkerCommandLine: Sendable {
    var program: String
    var arguments: [String]
    /// Added to the harness's own environment.
    var environment: [String: String] = [:]
}

/// A worker that went away or answered with an error.
struct WorkerFailure: Error, CustomStringConvertible {
    let description: String
}

/// A worker, ours or a peer's, that sleeps except while it is asked something.
///
/// Between its turns it is stopped by a signal: threads that spin while they wait for work, as those of OpenMP and
/// of JAX do, would otherwise take the cores from the other side of the pair.
final class WorkerProcess {
    private let process = Process()
    private let requests = Pipe()
    private let answers = Pipe()
    private let complaints: String
    private var unread: [UInt8] = []

    /// Starts it on the first `threads` of the cores that the harness may use, where the system can pin processes.
    init(_ command: WorkerCommandLine, threads: Int) throws {
        complaints = "\(FileManager.default.temporaryDirectory.path)/l2o-bench-\(UUID().uuidString)"
        let pinning = Machine.pinning(threads: threads)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = pinning + [command.program] + command.arguments
        process.environment = ProcessInfo.processInfo.environment.merging(command.environment) { $1 }
        process.standardInput = requests
        process.standardOutput = answers
        _ = FileManager.default.createFile(atPath: complaints, contents: nil)
        process.standardError = FileHandle(forWritingAtPath: complaints) ?? .nullDevice
        try process.run()
        Self.running.withLock { _ = $0.insert(process.processIdentifier) }
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        Self.running.withLock { _ = $0.remove(process.processIdentifier) }
        try? FileManager.default.removeItem(atPath: complaints)
    }

    /// Wakes the worker, asks, and puts it to sleep once it has answered.
    func ask(_ request: Request) throws -> Answer {
        kill(process.processIdentifier, SIGCONT)
        defer { kill(process.processIdentifier, SIGSTOP) }
        let line = try JSONEncoder().encode(request) + Data("\n".utf8)
        try requests.fileHandleForWriting.write(contentsOf: line)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let answer = try decoder.decode(Answer.self, from: Data(try readLine()))
        if let error = answer.error { throw WorkerFailure(description: error) }
        return answer
    }

    private func readLine() throws -> [UInt8] {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                defer { unread.removeSubrange(...end) }
                return Array(unread[..<end])
            }
            let more = answers.fileHandleForReading.availableData
            guard !more.isEmpty else { throw WorkerFailure(description: lastComplaint) }
            unread += more
        }
    }

    /// The last line of the worker's standard error.
    private var lastComplaint: String {
        let text = (try? String(contentsOfFile: complaints, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").last.map { String($0.prefix(200)) } ?? "ended without a word"
    }

    // MARK: Interruption

    private static let running = Mutex<Set<Int32>>([])

    /// Makes Ctrl-C end the workers too, which are stopped and in process groups of their own.
    /// - Returns: what must be kept for as long as that shall hold.
    static func endAllOnInterrupt() -> [any DispatchSourceSignal] {
        // Writing to a worker that has died is then an error of `write`.
        signal(SIGPIPE, SIG_IGN)
        return [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                running.withLock { for identifier in $0 { kill(identifier, SIGKILL) } }
                NumericCore.exit(128 + number)
            }
            source.resume()
            return source
        }
    }
}
