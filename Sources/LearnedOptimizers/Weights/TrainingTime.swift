import Files

/// What a weight file calls the minutes that its training took.
package let minutesName = "minutes"

extension WeightsOrigin {
    /// How long the weights were trained, as far as it is known: what the file says, else what is noted of shipped ones, else
    /// what the log beside a checkpoint has come to.
    public var trainingMinutes: Double? {
        let metadata = (try? file())?.metadata ?? [:]
        if let minutes = metadata[minutesName].flatMap({ Double($0) }) { return Self.time(minutes) }
        switch self {
        case .shipped(let weights): return weights.trainingMinutes
        case .file(let path):
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
            guard metadata["iteration"] != nil, let log = try? readFile(folder + "metrics.jsonl") else { return nil }
            return Self.seconds(in: log).flatMap { Self.time($0 / 60) }
        }
    }

    private static func time(_ minutes: Double) -> Double? { minutes.isFinite && minutes > 0 ? minutes : nil }

    /// The `"seconds"` of the log's last whole line.
    private static func seconds(in log: [UInt8]) -> Double? {
        guard let end = log.lastIndex(of: UInt8(ascii: "\n")),
            let line = log[..<end].split(separator: UInt8(ascii: "\n")).last,
            let value = try? JSONValue(parsing: Array(line), path: "metrics.jsonl"),
            case .number(let seconds)? = value["seconds"]
        else { return nil }
        return seconds
    }
}
