/// What the model says of a number of ranks.
public struct ScalingRow: Sendable {
    public let time: UpdateTime
    public let metaBatch: Int
    public let cores: Int
    public let efficiency: Double
    /// What to change.
    public let advice: String

    public init(_ model: ScalingModel, ranks: Int) {
        // The work of the replay is tasks times updates.
        time = model.update(ranks: ranks, updates: max(10, min(200, 2_000_000 / model.metaBatch)))
        metaBatch = model.metaBatch
        cores = model.cores(ranks: ranks)
        efficiency = time.efficiency(cores: cores)
        advice = efficiency >= 0.9 ? "" : model.advice(ranks: ranks)
    }
}

/// What updates took on the ranks that there are, in seconds, and what the model says of as many.
public struct RealUpdates: Sendable {
    public let seconds: Double
    /// Of these: messages, and the waiting for slower ranks.
    public let exchange: Double
    public let waiting: Double
    public let replayed: UpdateTime

    public init(seconds: Double, exchange: Double, waiting: Double, replayed: UpdateTime) {
        (self.seconds, self.exchange, self.waiting, self.replayed) = (seconds, exchange, waiting, replayed)
    }
}

/// What a model says, for people and for programs.
public struct ScalingReport: Sendable {
    public let model: ScalingModel
    public var rows: [ScalingRow] = []
    public var real: RealUpdates?

    public init(_ model: ScalingModel) { self.model = model }

    public var text: String {
        let mean = model.taskSeconds.reduce(0, +) / Double(model.taskSeconds.count)
        var lines = [
            "\(model.taskSeconds.count) periods of tasks timed, \(number(1000 * mean)) ms in the mean, "
                + "\(number(1000 * (model.taskSeconds.max() ?? 0))) at most; \(number(model.bytesPerResult)) bytes each",
            "messages: \(number(1e6 * model.latency)) µs and \(number(model.bandwidth / 1e6)) MB/s",
        ]
        if let real {
            lines.append(
                "\(real.replayed.ranks) ranks: an update takes \(number(1000 * real.seconds)) ms, replayed "
                    + "\(number(1000 * real.replayed.seconds)); \(number(100 * real.exchange / real.seconds)) % of it "
                    + "messages, \(number(100 * real.waiting / real.seconds)) % waiting for slower ranks")
        }
        lines += [
            "", row(["ranks", "tasks", "update ms", "exchange %", "speed-up", "efficiency %"]) + "  what to change",
        ]
        for item in rows {
            let time = item.time
            lines.append(
                row([
                    "\(time.ranks)", "\(item.metaBatch)", number(1000 * time.seconds),
                    number(100 * time.exchange / time.seconds), number(time.work / time.seconds),
                    number(100 * item.efficiency),
                ]) + "  \(item.advice)")
        }
        lines.append("")
        if let first = rows.first(where: { $0.efficiency < 0.9 }) {
            lines.append("Below 90 % from \(first.time.ranks) ranks on: \(first.advice)")
        } else {
            lines.append("At least 90 % on all of these numbers of ranks")
        }
        return lines.joined(separator: "\n")
    }

    public var json: String {
        let items = rows.map { row in
            "{\"advice\":\"\(row.advice)\",\"cores\":\(row.cores),\"efficiency\":\(row.efficiency),"
                + "\"exchange_seconds\":\(row.time.exchange),\"meta_batch\":\(row.metaBatch),"
                + "\"ranks\":\(row.time.ranks),\"update_seconds\":\(row.time.seconds)}"
        }
        let measured = real.map { real in
            "\"measured\":{\"exchange_seconds\":\(real.exchange),\"ranks\":\(real.replayed.ranks),"
                + "\"replayed_seconds\":\(real.replayed.seconds),\"update_seconds\":\(real.seconds),"
                + "\"waiting_seconds\":\(real.waiting)},"
        }
        return "{\"bandwidth\":\(model.bandwidth),\"bytes_per_result\":\(model.bytesPerResult),"
            + "\"latency\":\(model.latency),\(measured ?? "")\"rows\":[\(items.joined(separator: ","))]}"
    }

    private func row(_ cells: [String]) -> String {
        cells.map { String(repeating: " ", count: max(0, 12 - $0.count)) + $0 }.joined(separator: " ")
    }

    /// Three digits or so.
    private func number(_ value: Double) -> String {
        if abs(value) >= 100 { return "\(Int(value.rounded()))" }
        let digits: Double = abs(value) >= 10 ? 10 : abs(value) >= 1 ? 100 : 10_000
        return "\((value * digits).rounded() / digits)"
    }
}
