import Platform

/// How a learning rate changes over a run: a factor for each step, 1 at its highest.
///
///     let adam = Adam(learningRate: 0.01, schedule: .cosine(steps: 1000))
///
/// Cosine decay without restarts: Loshchilov and Hutter 2017, *SGDR: Stochastic gradient descent with warm restarts*.
public struct Schedule: Sendable, Hashable {
    /// Steps of linear warm-up; 0 for none.
    public let warmUpSteps: Int
    /// Steps, warm-up included, after which the rate is zero; nil where it stays constant.
    public let steps: Int?

    private init(warmUpSteps: Int, steps: Int?) {
        self.warmUpSteps = warmUpSteps
        self.steps = steps
    }

    /// The factor 1 at every step.
    public static let constant = Schedule(warmUpSteps: 0, steps: nil)

    /// `(1 + cos(π t / steps)) / 2`, and zero from `steps` on.
    public static func cosine(steps: Int) -> Schedule { warmUpCosine(warmUpSteps: 0, steps: steps) }

    /// `(t + 1) / warmUpSteps` for the first `warmUpSteps` steps, then a cosine from 1 down to 0 at `steps`.
    ///
    /// - Precondition: `0 ≤ warmUpSteps < steps`.
    public static func warmUpCosine(warmUpSteps: Int, steps: Int) -> Schedule {
        precondition(0 <= warmUpSteps && warmUpSteps < steps, "a warm-up is shorter than its schedule")
        return Schedule(warmUpSteps: warmUpSteps, steps: steps)
    }

    /// The factor at `step`, which counts from zero.
    public func callAsFunction(_ step: Int) -> Double {
        guard let steps else { return 1 }
        if step < warmUpSteps { return Double(step + 1) / Double(warmUpSteps) }
        guard step < steps else { return 0 }
        let share = Double(step - warmUpSteps) / Double(steps - warmUpSteps)
        return (1 + cos(Double.pi * share)) / 2
    }

    /// The catalogue's options that give this schedule; empty for a constant one.
    public var options: [String] {
        guard let steps else { return [] }
        return ["cosine=\(steps)"] + (warmUpSteps > 0 ? ["warmup=\(warmUpSteps)"] : [])
    }
}
