import Foundation

/// What a run of the command came to.
struct Outcome {
    let exitCode: Int32
    let output: String
    let errors: String

    /// The lines on standard error.
    var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

    /// Standard output as one JSON value.
    func json() throws -> Any { try JSONSerialization.jsonObject(with: Data(output.utf8)) }
}

/// Runs the command that was built beside these tests.
///
/// - Parameters:
///   - environment: what differs from this process's.
///   - command: another copy of the command.
///   - folder: where to run it; else here.
func l2o(
    _ arguments: [String], environment: [String: String] = [:], command: String? = nil, folder: String? = nil
) throws -> Outcome {
    let process = Process()
    process.executableURL = command.map { URL(fileURLWithPath: $0) } ?? productsFolder.appendingPathComponent("l2o")
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    process.arguments = arguments
    process.environment = childEnvironment.merging(environment) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // Errors are short and fit their pipe, so that one may be read after the other.
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaints = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
        exitCode: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
        output: String(decoding: text, as: UTF8.self), errors: String(decoding: complaints, as: UTF8.self))
}

/// The words between the spaces.
func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

/// A fresh folder that is removed again.
func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
}

/// Where the build puts its products.
let productsFolder: URL = {
    #if os(macOS)
        for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") {
            return bundle.bundleURL.deletingLastPathComponent()
        }
    #endif
    return Bundle.main.bundleURL
}()

/// Nothing of the caller's decides what a child does. What its stack holds when the command calls `exit` is no leak.
let childEnvironment = ProcessInfo.processInfo.environment
    .merging(["L2O_KERNELS": "", "L2O_DATA_DIR": "", "SWIFT_BACKTRACE": "enable=no"]) { $1 }
    .merging(["ASAN_OPTIONS": "detect_leaks=0"]) { $1 }
