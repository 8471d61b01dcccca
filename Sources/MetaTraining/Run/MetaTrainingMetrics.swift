import Files

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One line of a run's `metrics.jsonl`.
public struct MetaTrainingMetrics: Sendable, Equatable, Decodable {
    /// Counts from 1.
    public let iteration: Int
    /// The mean of the periods' meta-losses; nil where it was not finite.
    public let metaLoss: Double?
    /// Each period's meta-loss.
    public let periodLosses: [Double?]
    /// The Euclidean norm of each period's meta-gradient.
    public let gradientNorms: [Double?]
    /// Seconds of training when it ended.
    public let seconds: Double
    /// Updates not taken.
    public let skipped: Int

    /// All lines of the run in `folder`, in order.
    ///
    /// - Throws: `InputError` where the log cannot be read or a line is not one of ours.
    public static func read(folder: String) throws -> [MetaTrainingMetrics] {
        let path = "\(folder)/metrics.jsonl"
        return try read(readFile(path), path: path)
    }

    /// The same, without a last line that is cut short: of a process that died while it wrote, or writes just now.
    public static func readWholeLines(folder: String) throws -> (metrics: [MetaTrainingMetrics], isCutShort: Bool) {
        let path = "\(folder)/metrics.jsonl"
        let bytes = try readFile(path)
        let end = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return (try read(bytes[..<end], path: path), end < bytes.count)
    }

    private static func read(_ bytes: some Collection<UInt8>, path: String) throws -> [MetaTrainingMetrics] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try bytes.split(separator: UInt8(ascii: "\n")).enumerated().map { number, line in
            do {
                return try decoder.decode(Self.self, from: Data(line))
            } catch {
                throw InputError(
                    "\(path):\(number + 1)", "is no line of metrics", advice: "delete the line or start a new run")
            }
        }
    }
}
