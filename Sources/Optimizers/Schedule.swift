import Platform

/// How a learning rate changes over a run: a factor for each step, 1 at its highest.
///
///     let adam = Adam(learningRate: 0.01, schedule: .cosine(steps: 1000))
///
/// A linear warm-up, or none, and then one of the three shapes.
public struct Schedule: Sendable, Hashable {
    /// What comes after the warm-up.
    public enum Shape: Sendable, Hashable {
        /// The factor 1 for ever.
        case constant
        /// A cosine down to zero, which it reaches `steps` steps after the run's start, warm-up included.
        case cosine(steps: Int)
        /// `1 / √(1 + s / timescale)`, s steps after the warm-up.
        case inverseSquareRoot(timescale: Int)
    }

    /// Steps of linear warm-up; 0 for none.
    public let warmUpSteps: Int
    /// What comes after it.
    public let shape: Shape

    /// Steps, warm-up included, after which the rate is zero; nil where it never is.
    public var steps: Int? { if case .cosine(let steps) = shape { steps } else { nil } }

    private init(warmUpSteps: Int, _ shape: Shape) {
        self.warmUpSteps = warmUpSteps
        self.shape = shape
    }

    /// The factor 1 at every step.
    public static let constant = Schedule(warmUpSteps: 0, .constant)

    /// `(t + 1) / steps` for the first `steps` steps, then 1.
    ///
    /// - Precondition: `0 ≤ steps`.
    public static func warmUp(steps: Int) -> Schedule {
        precondition(steps >= 0, "a warm-up is not negative")
        return Schedule(warmUpSteps: steps, .constant)
    }

    /// `(1 + cos(π t / steps)) / 2`, and zero from `steps` on.
    ///
    /// Loshchilov and Hutter 2017, *SGDR: Stochastic gradient descent with warm restarts*, without restarts.
    public static func cosine(steps: Int) -> Schedule { warmUpCosine(warmUpSteps: 0, steps: steps) }

    /// `(t + 1) / warmUpSteps` for the first `warmUpSteps` steps, then a cosine from 1 down to 0 at `steps`.
    ///
    /// - Precondition: `0 ≤ warmUpSteps < steps`.
    public static func warmUpCosine(warmUpSteps: Int, steps: Int) -> Schedule {
        precondition(0 <= warmUpSteps && warmUpSteps < steps, "a warm-up is shorter than its schedule")
        return Schedule(warmUpSteps: warmUpSteps, .cosine(steps: steps))
    }

    /// `(t + 1) / warmUpSteps` for the first `warmUpSteps` steps, then `1 / √(1 + (t − warmUpSteps) / timescale)`, which
    /// falls for ever: the run's length need not be known.
    ///
    /// The form of Zhai et al. 2022, *Scaling vision transformers* (`rsqrt` of their program). With a timescale as long as
    /// the warm-up w it is the usual `√(w / t)` of Vaswani et al. 2017, *Attention is all you need*; without a warm-up,
    /// `1 / √(1 + t / timescale)`.
    ///
    /// - Precondition: `0 < timescale` and `0 ≤ warmUpSteps`.
    public static func inverseSquareRoot(timescale: Int, warmUpSteps: Int = 0) -> Schedule {
        precondition(timescale > 0 && warmUpSteps >= 0, "a timescale is positive, a warm-up not negative")
        return Schedule(warmUpSteps: warmUpSteps, .inverseSquareRoot(timescale: timescale))
    }

    /// The factor at `step`, which counts from zero.
    public func callAsFunction(_ step: Int) -> Double {
        if step < warmUpSteps { return Double(step + 1) / Double(warmUpSteps) }
        let since = Double(step - warmUpSteps)
        switch shape {
        case .constant: return 1
        case .cosine(let steps):
            guard step < steps else { return 0 }
            return (1 + cos(Double.pi * (since / Double(steps - warmUpSteps)))) / 2
        case .inverseSquareRoot(let timescale): return 1 / (1 + since / Double(timescale)).squareRoot()
        }
    }

    /// The catalogue's options that give this schedule; empty for a constant one.
    public var options: [String] {
        let own =
            switch shape {
            case .constant: [String]()
            case .cosine(let steps): ["cosine=\(steps)"]
            case .inverseSquareRoot(let timescale): ["rsqrt=\(timescale)"]
            }
        return own + (warmUpSteps > 0 ? ["warmup=\(warmUpSteps)"] : [])
    }
}
