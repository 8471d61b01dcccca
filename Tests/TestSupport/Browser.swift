import Foundation

/// A headless Chromium for tests of pages: the one that `L2O_CHROMIUM` names, or `chromium`.
public enum Browser {
    private static let name = ProcessInfo.processInfo.environment["L2O_CHROMIUM"] ?? "chromium"

    /// What a page came to.
    public struct Outcome: Sendable {
        /// The document after its scripts have run, as HTML.
        public let document: String
        /// What was written to the console, errors among it.
        public let console: [String]
    }

    /// Whether there is one.
    public static let isInstalled: Bool = (try? run(["--version"])) != nil

    /// Loads a page.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - width: the window's, in pixels.
    ///   - isDark: whether the system prefers dark pages.
    public static func load(_ path: String, width: Int = 1280, isDark: Bool = false) throws -> Outcome {
        let outcome = try run([
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr",
            "--virtual-time-budget=5000", "--window-size=\(width),900",
            "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)", "--dump-dom", "file://\(path)",
        ])
        return Outcome(
            document: outcome.output,
            console: outcome.errors.split(separator: "\n").map(String.init).filter { $0.contains("CONSOLE") })
    }

    private struct Failed: Error {}

    private static func run(_ arguments: [String]) throws -> (output: String, errors: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [name] + arguments
        // Errors go to a file: two pipes that are read one after the other could block each other.
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-browser-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: log) }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: log)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed() }
        return (text, String(decoding: try Data(contentsOf: log), as: UTF8.self))
    }
}
