import Files
import Platform

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Standard output and standard error; nothing else writes to them. Of a group of processes, the first one speaks for all.
enum Output {
    /// Writes results. Where the reader has gone (`| head -1`), the process ends without a word: nobody would read more.
    ///
    /// - Throws: `InputError` where the text cannot be written.
    static func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// Writes results that are bytes already.
    static func write(_ bytes: [UInt8]) throws {
        guard Team.isFirst else { return }
        do { try writeWhole(bytes.span, to: STDOUT_FILENO) } catch {
            if error == PlatformError(EPIPE) { exit(0) }
            throw InputError("standard output", "cannot be written: \(error)", advice: "check where it goes to")
        }
    }

    /// Writes a value as JSON in one line, keys sorted.
    static func write(json value: some Encodable) throws { try write(line(json: value)) }

    /// The same as bytes, for a file.
    static func line(json value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    /// Writes what is no result: progress, warnings, errors. What cannot be written is lost.
    ///
    /// - Parameter evenOfOthers: whether any process of a group may say it.
    static func note(_ text: String, evenOfOthers: Bool = false) {
        guard Team.isFirst || evenOfOthers else { return }
        let bytes = Array(text.utf8)
        try? writeWhole(bytes.span, to: STDERR_FILENO)
    }
}
