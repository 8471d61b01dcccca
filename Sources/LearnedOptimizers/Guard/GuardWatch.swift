import Optimizers

/// What a guard saw in some steps one after the other.
package struct GuardWindow: Sendable, Equatable {
    /// Steps, and those among them whose losses are known.
    package private(set) var steps = 0
    private(set) var losses = 0
    private var sum = 0.0
    private var squares = 0.0
    private(set) var least = Float.infinity
    private(set) var largest = -Float.infinity
    /// The largest magnitude of a partial derivative.
    private(set) var gradient: Float = 0

    var mean: Double { sum / Double(max(losses, 1)) }
    private var variance: Double { max(squares / Double(max(losses, 1)) - mean * mean, 0) }

    mutating func add(_ sight: GuardSight) {
        steps += 1
        if let size = sight.gradient { gradient = max(gradient, size) }
        guard let loss = sight.loss else { return }
        losses += 1
        sum += Double(loss)
        squares += Double(loss) * Double(loss)
        least = min(least, loss)
        largest = max(largest, loss)
    }

    /// The largest loss that is no sign of harm after this window.
    var ceiling: Double {
        guard losses > 0 else { return .infinity }
        let (least, largest) = (Double(least), Double(largest))
        return largest + 10 * (largest - least) + (losses == 1 ? 1 : GuardWatch.slack) * abs(largest)
    }

    /// The largest mean loss over so many steps that is no sign of harm after this window.
    func bound(_ count: Int) -> Double {
        guard losses > 0, count > 0 else { return .infinity }
        let noise = (variance * (1 / Double(losses) + 1 / Double(count))).squareRoot()
        return mean + 6 * noise + (losses == 1 ? 0.5 : GuardWatch.slack) * abs(mean)
    }

    // MARK: Files

    static let counts = [
        "steps", "losses", "sum.high", "sum.low", "squares.high", "squares.low", "least", "largest", "gradient",
    ]

    /// As whole numbers, bit for bit.
    var record: [Int] {
        func halves(_ value: Double) -> [Int] { [Int(value.bitPattern >> 32), Int(value.bitPattern & 0xFFFF_FFFF)] }
        return [steps, losses] + halves(sum) + halves(squares)
            + [least, largest, gradient].map { Int($0.bitPattern) }
    }

    init() {}

    /// - Parameter record: as many numbers as `counts` has names.
    init(record: [Int]) {
        func double(_ index: Int) -> Double {
            Double(
                bitPattern: UInt64(truncatingIfNeeded: record[index]) << 32
                    | UInt64(UInt32(truncatingIfNeeded: record[index + 1])))
        }
        func float(_ index: Int) -> Float { Float(bitPattern: UInt32(truncatingIfNeeded: record[index])) }
        (steps, losses) = (record[0], record[1])
        (sum, squares) = (double(2), double(4))
        (least, largest, gradient) = (float(6), float(7), float(8))
    }
}

/// What a guard sees of one step: what is known of f(θ) and, now and then, of the largest magnitude in ∇f(θ).
struct GuardSight: Sendable {
    var loss: Float?
    var gradient: Float?

    var isFinite: Bool { loss?.isFinite ?? true && gradient?.isFinite ?? true }
}

/// Judges the steps of a rule by the losses that they lead to.
///
/// It looks at windows of 10, 20, 40, 80 and from then on 160 steps. A window is harmful if its mean loss is higher than
/// that of the best window before it, by more than noise of the losses' own size explains and by more than a hundredth. A
/// single loss is harmful that is not finite, or higher than all of the best window by far.
package struct GuardWatch: Sendable, Equatable {
    /// What losses may rise by, relative to what they are.
    static let slack = 0.01
    private static let shortest = 10
    private static let longest = 160
    /// How much larger gradients may become, where losses are not known.
    private static let growth: Float = 100

    enum Verdict: Equatable {
        /// Nothing speaks against the rule.
        case fine
        /// A window of so many steps has ended well: what parameters are now is worth keeping.
        case good(steps: Int)
        case harm
    }

    /// What losses are compared with.
    private(set) var best = GuardWindow()
    package private(set) var current = GuardWindow()
    /// Steps of the current window.
    private(set) var length = Self.shortest

    /// - Parameter best: what was seen before the rule's first step.
    init(after best: GuardWindow = GuardWindow()) { self.best = best }

    mutating func see(_ sight: GuardSight) -> Verdict {
        if let loss = sight.loss, !loss.isFinite || Double(loss) > best.ceiling { return .harm }
        if let size = sight.gradient, !size.isFinite || isTooLarge(size) { return .harm }
        // The first loss of all is what the first window is compared with.
        if best.steps == 0 { best.add(sight) }
        current.add(sight)
        guard current.steps >= length else { return .fine }
        guard current.losses == 0 || current.mean <= best.bound(current.losses) else { return .harm }
        if best.losses <= 1 || current.losses > 0 && current.mean < best.mean { best = current }
        current = GuardWindow()
        defer { length = min(2 * length, Self.longest) }
        return .good(steps: length)
    }

    /// Sees what a later try of the rule is to be compared with: the last steps, from 20 to 60, before it.
    mutating func note(_ sight: GuardSight, remaining: Int) {
        if current.steps >= 40 && remaining > 20 { current = GuardWindow() }
        current.add(sight)
    }

    private func isTooLarge(_ gradient: Float) -> Bool {
        best.losses == 0 && best.gradient > 0 && gradient > Self.growth * best.gradient
    }

    // MARK: Files

    static let counts =
        ["length"] + GuardWindow.counts.map { "best.\($0)" } + GuardWindow.counts.map { "current.\($0)" }

    var record: [Int] { [length] + best.record + current.record }

    /// - Parameter record: as many numbers as `counts` has names.
    init(record: [Int]) {
        let size = GuardWindow.counts.count
        length = min(max(record[0], Self.shortest), Self.longest)
        best = GuardWindow(record: Array(record[1..<1 + size]))
        current = GuardWindow(record: Array(record[(1 + size)...]))
    }
}
