import Files
import Foundation
import NumericCore
import TestSupport
import Testing

/// What an earlier build computed, bit for bit, as Scripts/make_golden.py recorded it: a seed gives the same later.
enum Golden {
    /// A fixture's content.
    static func read<Content: Decodable>(_ name: String) throws -> Content {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Content.self, from: Data(fixture(name)))
    }

    /// The kernels that values were recorded for and that this processor has.
    ///
    /// glibc's functions are in the values, though not its choice of instructions.
    static let kernels: [String] = {
        #if os(Linux) && arch(x86_64)
            Kernels.available.map(\.name).filter { ["baseline", "avx2"].contains($0) }
        #else
            []
        #endif
    }()

    /// What is said where tests are skipped.
    static let needsAVX2: Comment = "values were recorded on Linux, on x86-64 with AVX2"

    /// Whether this processor has both kinds of kernels.
    static var isComparable: Bool { kernels.contains("avx2") }

    /// Vendor and family of the processor, as `GenuineIntel 6`.
    static let processor: String = {
        var fields: [Substring: String] = [:]
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
        for pair in lines.map({ $0.split(separator: ":", maxSplits: 1) }) where pair.count == 2 {
            let name = pair[0].prefix { $0 != "\t" }
            if fields[name] == nil { fields[name] = pair[1].trimmingCharacters(in: .whitespaces) }
        }
        return "\(fields["vendor_id"] ?? "unknown") \(fields["cpu family"] ?? "")"
    }()

    /// Runs the command with these kernels and with oneDNN's code for AVX2, as the values were made.
    static func run(_ arguments: [String], kernels: String) throws -> Outcome {
        let outcome = try l2o(arguments, environment: ["L2O_KERNELS": kernels, "ONEDNN_MAX_CPU_ISA": "AVX2"])
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        return outcome
    }

    /// A file of weights that the repository ships, without its extension.
    static func weights(_ name: String) -> String {
        let root = fixturePath("").split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return "\(root.joined(separator: "/"))/Sources/CShippedWeights/\(name).safetensors"
    }

    /// FNV-1a of 64 bits, in hexadecimal digits.
    static func digest(_ bytes: some Sequence<UInt8>) -> String {
        hexadecimal(bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
    }

    /// The digits of a number's IEEE format.
    static func hexadecimal(_ number: Double) -> String { hexadecimal(number.bitPattern) }

    private static func hexadecimal(_ bits: UInt64) -> String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// The bytes of numbers, little-endian.
func littleEndianBytes<Bits: FixedWidthInteger>(_ values: some Sequence<Bits>) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
}
