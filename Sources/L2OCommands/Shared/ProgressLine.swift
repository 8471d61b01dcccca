import Platform
import Reporting
import Synchronization

/// How far long work has come, on standard error.
///
///     let line = ProgressLine("meta-training", unit: "iterations", isShown: shared.showsProgress)
///     for iteration in 1...count { line.update(iteration, of: count, detail: "loss 0.31") }
///     line.finish()
///
/// On a terminal one line that is overwritten, ten times a second at most; elsewhere plain lines at intervals that
/// grow from five seconds to five minutes, so that a log stays short. May be called from several threads.
final class ProgressLine: Sendable {
    private struct State {
        /// Where the work stood at the first update, and when: continued work does not start at 0.
        var start: (completed: Int, time: ContinuousClock.Instant)?
        var nextUpdate: ContinuousClock.Instant?
        var interval: Duration = .seconds(5)
        var isDrawn = false
    }

    private let title: String
    private let unit: String
    private let isShown: Bool
    private let isTerminal: Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - title: what is going on.
    ///   - unit: what is counted, in the plural.
    ///   - start: how much is done before anything was.
    ///   - isShown: whether to write at all.
    init(_ title: String, unit: String = "steps", start: Int = 0, isShown: Bool = true) {
        self.title = title
        self.unit = unit
        self.isShown = isShown
        isTerminal = isatty(STDERR_FILENO) == 1 && environmentVariable("TERM") ?? "dumb" != "dumb"
        state.withLock { $0.start = (start, .now) }
    }

    /// Shows that `completed` of `total` is done, if it is time to show anything.
    ///
    /// - Parameters:
    ///   - share: the part of all work that is done, where the units differ in the time they take; between 0 and 1.
    ///   - detail: what else there is to say, such as the loss; evaluated only where it is shown.
    func update(_ completed: Int, of total: Int, share: Double? = nil, detail: @autoclosure () -> String = "") {
        guard isShown else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            let due = state.nextUpdate ?? state.start!.time + (isTerminal ? .milliseconds(200) : state.interval)
            guard now >= due else { return }
            let reading = Reading(
                title: title, unit: unit, detail: detail(), completed: completed, total: total, share: share,
                sinceStart: completed - state.start!.completed, seconds: (now - state.start!.time).seconds)
            if isTerminal {
                state.nextUpdate = now + .milliseconds(100)
                state.isDrawn = true
                Output.note("\r\(reading.bar(columns: Self.columns - 1))\u{1B}[K")
            } else {
                state.interval = min(state.interval * 2, .seconds(300))
                state.nextUpdate = now + state.interval
                Output.note(reading.text + "\n")
            }
        }
    }

    /// Writes a line that stays, above the moving one.
    func message(_ text: String) {
        guard isShown else { return }
        finish()
        Output.note(text + "\n")
    }

    /// Wipes the moving line.
    func finish() {
        state.withLock { state in
            if state.isDrawn { Output.note("\r\u{1B}[K") }
            state.isDrawn = false
        }
    }

    private static var columns: Int { terminalColumns(of: STDERR_FILENO) ?? 80 }
}

/// What one update says.
private struct Reading {
    let title: String
    let unit: String
    let detail: String
    let completed: Int
    let total: Int
    let share: Double?
    let sinceStart: Int
    let seconds: Double

    private var fraction: Double { share ?? (total > 0 ? min(1, Double(completed) / Double(total)) : 0) }
    private var rate: Double { seconds > 0 ? Double(sinceStart) / seconds : 0 }

    private var parts: [String] {
        var parts: [String] = []
        if total > 0 { parts.append("\(count(completed))/\(count(total)) \(unit)") }
        if total <= 0 { parts.append("\(count(completed)) \(unit)") }
        if !detail.isEmpty { parts.append(detail) }
        if rate > 0 {
            parts.append("\(numberText(rate, digits: 3, trimsZeros: true)) \(unit)/s")
            if let share, share > 0, share < 1 {
                parts.append("\(clockText(seconds * (1 - share) / share)) left")
            } else if total > completed {
                parts.append("\(clockText(Double(total - completed) / rate)) left")
            }
        }
        return parts
    }

    /// For a log.
    var text: String { "\(title): \(percent), \(parts.joined(separator: ", "))" }

    /// For a terminal; what does not fit is cut off, the bar first.
    func bar(columns: Int) -> String {
        let rest = "\(percent)  \(parts.joined(separator: "  "))"
        let room = columns - title.count - rest.count - 4
        let line = room >= 8 ? "\(title)  \(bar(width: min(room, 30)))  \(rest)" : "\(title)  \(rest)"
        return String(line.prefix(columns))
    }

    private func bar(width: Int) -> String {
        guard TerminalStyle.standardOutput.unicode else {
            let filled = Int(fraction * Double(width - 2))
            let empty = String(repeating: ".", count: width - 2 - filled)
            return "[\(String(repeating: "#", count: filled))\(empty)]"
        }
        let eighths = Int(fraction * Double(8 * width))
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        let filled = String(repeating: "█", count: eighths / 8) + partial
        return filled + String(repeating: "░", count: width - filled.count)
    }

    private var percent: String {
        let whole = "\(Int(100 * fraction))"
        return String(repeating: " ", count: 3 - whole.count) + whole + " %"
    }

    private func count(_ value: Int) -> String { numberText(Double(value), digits: 15, trimsZeros: true) }
}

/// Seconds as `0:07`, `12:05` or `3:04:05`.
func clockText(_ seconds: Double) -> String {
    let whole = Int(min(max(seconds, 0), 3.6e8).rounded(.up))
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
}
