import Files
import NumericCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Standard output and standard error; nothing else writes to them.
enum Output {
    /// Writes results. Where the reader has gone (`| head -1`), the process ends without a word: nobody would read more.
    ///
    /// - Throws: `InputError` where the text cannot be written.
    static func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// Writes results that are bytes already.
    static func write(_ bytes: [UInt8]) throws {
        guard let reason = send(bytes, to: STDOUT_FILENO) else { return }
        if reason == EPIPE { exit(0) }
        throw InputError(
            "standard output", "cannot be written: \(errorText(reason))", advice: "check where it goes to")
    }

    /// Writes a value as JSON in one line, keys sorted.
    static func write(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        try write(Array(try encoder.encode(value)) + [UInt8(ascii: "\n")])
    }

    /// Writes what is no result: progress, warnings, errors. What cannot be written is lost.
    static func note(_ text: String) { _ = send(Array(text.utf8), to: STDERR_FILENO) }

    /// Writes all of it; returns the error number where that fails.
    private static func send(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                let count = NumericCore.write(descriptor, buffer.baseAddress! + written, buffer.count - written)
                if count < 0 && errno == EINTR { continue }
                if count < 0 { return errno }
                written += count
            }
            return nil
        }
    }
}
