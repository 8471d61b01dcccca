import Files
import Foundation

/// A Python for tests that hold ours against another program: the one that `L2O_PYTHON` names, or `python3`.
public enum Python {
    private static let interpreter = ProcessInfo.processInfo.environment["L2O_PYTHON"] ?? "python3"

    /// Whether a module can be imported.
    public static func has(_ module: String) -> Bool { (try? run("import \(module)")) != nil }

    /// What a program prints.
    ///
    /// - Throws: `InputError` where it fails or there is no Python.
    public static func run(_ program: String, _ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [interpreter, "-c", program] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw InputError(interpreter, "failed", advice: "see the test") }
        return text
    }
}
