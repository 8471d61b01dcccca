import NumericCore
public import Optimizers
import Statistics

/// How φ takes a step: Adam, with a rate that may fall, gradients clipped at their running norm, and averages of φ.
public struct MetaOptimizer: PlanPart, Equatable {
    public static let kind = "adam"
    public static let summary = "Adam on the weights, with a rate that may fall, clipping, and averaged weights"
    public static let fields: [PlanField<Self>] = [
        .number("rate", \.rate, 0...1000, "the learning rate on the weights, where it is highest"),
        .number("beta1", \.beta1, 0...Double(1).nextDown, "decay of the gradients' average"),
        .number("beta2", \.beta2, 0...Double(1).nextDown, "decay of the squared gradients' average"),
        .number("epsilon", \.epsilon, 0...1, "added to the root of the squares"),
        .word("schedule", \.schedule, domain: "constant or cosine", "how the rate changes"),
        .number("final_rate", \.finalRate, 0...1000, "where a cosine ends"),
        .integer("warm_up", \.warmUp, 0...1_000_000_000, "updates over which the rate rises from 0"),
        .optionalNumber("clip", \.clip, 1e-3...1e6, "gradients are shortened to so many times their running norm"),
        .optionalNumber(
            "task_clip", \.taskClip, 1...1e6,
            "a task's gradient is shortened to so many times the meta-batch's median norm"),
        .number("clip_decay", \.clipDecay, 0...Double(1).nextDown, "decay of the running norm"),
        .numbers(
            "averages", \.averages, 0...Double(1).nextDown, atMost: 8,
            "decays of moving averages of the weights, kept side by side"),
        .optionalNumber(
            "use", \.use, 0...Double(1).nextDown, "the average that is saved as the optimizer; else the weights"),
    ]

    /// η, where it is highest.
    public var rate = 1e-4
    public var beta1 = 0.9
    public var beta2 = 0.999
    public var epsilon = 1e-8
    public var schedule = RateSchedule.constant
    /// Where a cosine ends.
    public var finalRate = 0.0
    /// Updates over which the rate rises from 0.
    public var warmUp = 0
    /// How many times the running norm a gradient may have; nil for any.
    public var clip: Double?
    /// How many times the median norm of the meta-batch's gradients a task's may have; nil for any.
    ///
    /// Of long tasks a few have gradients that are many times those of the rest, and are mostly noise.
    public var taskClip: Double?
    /// Decay of the running norm.
    public var clipDecay = 0.95
    /// Decays of moving averages of φ.
    public var averages: [Double] = []
    /// The average that is the optimizer to use; nil for φ itself.
    public var use: Double?

    public init() {}

    public var conflict: PlanConflict? {
        if let use, !averages.contains(use) {
            return PlanConflict("use = \(use), which is no average", advice: "give one of averages")
        }
        if schedule == .cosine && finalRate > rate {
            return PlanConflict("final_rate \(finalRate) above rate \(rate)", advice: "give a lower one")
        }
        return nil
    }

    /// Whether the number of updates that are planned decides what is done in one.
    public var spansPlan: Bool { schedule == .cosine }

    /// The learning rate of an update.
    ///
    /// - Parameters:
    ///   - update: counts from 0.
    ///   - updates: how many are planned; nil where nobody said.
    public func rate(update: Int, of updates: Int?) -> Double {
        if update < warmUp { return rate * (Double(update + 1) / Double(warmUp)) }
        guard schedule == .cosine, let updates else { return rate }
        let share = min(1, Double(update - warmUp) / Double(max(updates - warmUp, 1)))
        return finalRate + (rate - finalRate) * (1 + cos(Double.pi * share)) / 2
    }

    /// What takes the steps, at a rate.
    package func adam(_ rate: Double) -> Adam {
        Adam(learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon)
    }

    /// Takes one step on `weights`.
    ///
    /// - Parameters:
    ///   - update: counts from 0, those that were skipped included.
    ///   - updates: how many are planned.
    package func step(
        _ weights: inout [Float], gradient: [Float], state: inout MetaOptimizerState, update: Int, of updates: Int?
    ) {
        adam(rate(update: update, of: updates)).update(
            &weights, gradient: clipped(gradient, &state), state: &state.adam)
        state.average(weights, averages)
    }

    /// The gradients of a meta-batch's tasks, each no longer than `taskClip` times their median norm.
    package func clipped(tasks gradients: [[Float]]) -> [[Float]] {
        guard let taskClip, !gradients.isEmpty else { return gradients }
        let norms = gradients.map(norm)
        let limit = taskClip * Statistics(norms).median
        return zip(gradients, norms).map { gradient, norm in
            guard norm > limit else { return gradient }
            let factor = Float(limit / norm)
            return gradient.map { $0 * factor }
        }
    }

    /// The gradient, shortened where it is longer than usual; the first sets what is usual.
    private func clipped(_ gradient: [Float], _ state: inout MetaOptimizerState) -> [Float] {
        guard let clip else { return gradient }
        let norm = norm(gradient)
        // After a norm of 0 nothing would ever pass again.
        let usual = state.runningNorm.flatMap { $0 > 0 ? $0 : nil } ?? norm
        let limit = clip * usual
        state.runningNorm = clipDecay * usual + (1 - clipDecay) * min(norm, limit)
        guard norm > limit else { return gradient }
        let factor = Float(limit / norm)
        return gradient.map { $0 * factor }
    }

    /// Nothing done yet on so many weights.
    package func initialState(count: Int) -> MetaOptimizerState {
        MetaOptimizerState(
            adam: Adam().initialState(parameterCount: count),
            averages: averages.map { _ in [Float](repeating: 0, count: count) })
    }
}

/// What a `MetaOptimizer` remembers.
public struct MetaOptimizerState: Sendable, Equatable {
    /// The moments of Adam on φ.
    public internal(set) var adam: Slots
    /// The moving average of the gradients' norms; nil where none is kept.
    public internal(set) var runningNorm: Double?
    /// The averages of φ, in the plan's order.
    public internal(set) var averages: [[Float]]

    /// With weights (1 − d) dᵏ for φ of k updates ago, divided by their sum, so that the first φ does not linger.
    mutating func average(_ weights: [Float], _ decays: [Double]) {
        for (index, decay) in decays.enumerated() {
            let share = Float((1 - decay) / (1 - pow(decay, Double(adam.step))))
            for element in weights.indices {
                averages[index][element] += share * (weights[element] - averages[index][element])
            }
        }
    }
}

/// The Euclidean norm.
func norm(_ values: [Float]) -> Double { values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }
