import Files

/// `metrics.jsonl`: one JSON object a meta-iteration, appended as it ends.
final class MetricsLog {
    private let file: GrowingFile
    /// What the last kept line says of the time that training had taken; 0 where there is none.
    let secondsBefore: Double

    /// Opens the log, dropping what lies beyond the first `count` iterations: a run that died after its last checkpoint
    /// repeats those.
    init(path: String, keepingIterations count: Int) throws {
        var kept: [UInt8] = []
        if count > 0, fileExists(path) {
            let lines = try readFile(path).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            for line in lines.prefix(count) where line.last == UInt8(ascii: "}") {
                kept += line
                kept.append(UInt8(ascii: "\n"))
            }
        }
        secondsBefore = Self.seconds(String(decoding: kept, as: UTF8.self)) ?? 0
        try writeFileAtomically(path, kept)
        file = try GrowingFile(path, isNew: false)
    }

    func append(_ iteration: MetaIteration, seconds: Double) throws {
        let line =
            "{\"iteration\":\(iteration.iteration),\"meta_loss\":\(number(iteration.metaLoss)),"
            + "\"period_losses\":\(array(iteration.periodLosses)),"
            + "\"gradient_norms\":\(array(iteration.gradientNorms)),\"seconds\":\(number(seconds)),"
            + "\"skipped\":\(iteration.skipped)}\n"
        try file.append(Array(line.utf8))
    }

    /// The value of the last `"seconds"` in the log.
    private static func seconds(_ log: String) -> Double? {
        guard let key = log.split(separator: "\n").last?.split(separator: "\"seconds\":").last else { return nil }
        return Double(key.prefix { "0123456789.e+-".contains($0) })
    }

    private func array(_ values: [Double]) -> String { "[\(values.map(number).joined(separator: ","))]" }

    /// JSON has no infinity.
    private func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "null" }
}
