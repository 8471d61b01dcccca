import NumericCore

/// What a period is judged by: a function of its losses, which meta-training makes small.
///
/// A task's first loss, before any update, is handed along, so that tasks of every scale can weigh the same.
public protocol MetaLoss: PlanPart, Equatable {
    /// Which of the losses count.
    var losses: LossWindow { get set }
    /// A loss counts as so many times the first one where it is more, or not finite; nil where it counts as it is.
    var clip: Double? { get set }

    /// The meta-loss of a period.
    ///
    /// - Parameters:
    ///   - losses: each before its update.
    ///   - first: the task's first loss.
    func value(of losses: [Float], first: Float) -> Double

    /// The derivative with respect to each loss.
    func slopes(of losses: [Float], first: Float) -> [Float]
}

extension MetaLoss {
    /// A loss as it counts, and whether the limit stands in for it.
    func counted(_ loss: Float, first: Float) -> (loss: Double, isClipped: Bool) {
        guard let clip else { return (Double(loss), false) }
        let limit = clip * Double(first)
        return Double(loss) <= limit ? (Double(loss), false) : (limit, true)
    }

    /// Σ w h(f), where a loss without weight does not count, whatever it is.
    func sum(_ losses: [Float], first: Float, _ transform: (Double) -> Double) -> Double {
        zip(losses, self.losses.weights(losses.count)).reduce(0) { sum, pair in
            pair.1 == 0 ? sum : sum + transform(counted(pair.0, first: first).loss) * Double(pair.1)
        }
    }

    /// w h′(f), and 0 where the limit stands in for f.
    func slopes(_ losses: [Float], first: Float, _ derivative: (Double) -> Double) -> [Float] {
        zip(losses, self.losses.weights(losses.count)).map { loss, weight in
            let (value, isClipped) = counted(loss, first: first)
            return weight == 0 || isClipped ? 0 : Float(Double(weight) * derivative(value))
        }
    }
}

/// The fields of every meta-loss.
func metaLossFields<Part: MetaLoss>(
    losses: any WritableKeyPath<Part, LossWindow> & Sendable, clip: any WritableKeyPath<Part, Double?> & Sendable
) -> [PlanField<Part>] {
    [
        .word(
            "losses", losses, domain: "last, mean, or last-4 for the last four",
            "which of a period's losses count"),
        .optionalNumber(
            "clip", clip, 1...1e6, "a loss counts as so many times the task's first where it is more or not finite"),
    ]
}

/// Σ w f: the losses as they are.
public struct RawMetaLoss: MetaLoss {
    public static let kind = "raw"
    public static let summary = "the losses as they are, as in the papers"
    public static let fields = metaLossFields(losses: \Self.losses, clip: \Self.clip)

    public var losses = LossWindow.last
    public var clip: Double?

    public init() {}

    /// The losses as they are.
    public init(losses: LossWindow) { self.losses = losses }

    public func value(of losses: [Float], first: Float) -> Double { sum(losses, first: first) { $0 } }

    public func slopes(of losses: [Float], first: Float) -> [Float] {
        clip == nil ? self.losses.weights(losses.count) : slopes(losses, first: first) { _ in 1 }
    }
}

/// Σ w f / f₀: losses relative to the task's first.
public struct RelativeMetaLoss: MetaLoss {
    public static let kind = "relative"
    public static let summary = "losses divided by the task's first, so that tasks of every scale weigh the same"
    public static let fields = metaLossFields(losses: \Self.losses, clip: \Self.clip)

    public var losses = LossWindow.mean
    public var clip: Double? = 3

    public init() {}

    public func value(of losses: [Float], first: Float) -> Double {
        sum(losses, first: first) { $0 / positive(first) }
    }

    public func slopes(of losses: [Float], first: Float) -> [Float] {
        slopes(losses, first: first) { _ in 1 / positive(first) }
    }
}

/// Σ w log((f + δ) / f₀): late losses, which are small, weigh as much as early ones.
public struct LogMetaLoss: MetaLoss {
    public static let kind = "log"
    public static let summary = "logarithms of losses relative to the task's first, so that late steps count too"
    public static let fields =
        metaLossFields(losses: \Self.losses, clip: \Self.clip) + [
            .number("offset", \.offset, 0...1e6, "added to a loss before the logarithm")
        ]

    public var losses = LossWindow.mean
    public var clip: Double? = 3
    /// δ.
    public var offset = 0.01

    public init() {}

    public func value(of losses: [Float], first: Float) -> Double {
        sum(losses, first: first) { log(($0 + offset) / positive(first)) }
    }

    public func slopes(of losses: [Float], first: Float) -> [Float] {
        slopes(losses, first: first) { 1 / ($0 + offset) }
    }
}

/// log(Σ w f / f₀), whose slopes are w divided by the period's mean loss; with the mean of all losses they are exact,
/// with other windows the mean counts as a constant.
public struct PeriodMeanMetaLoss: MetaLoss {
    public static let kind = "period-mean"
    public static let summary = "losses divided by their period's mean: periods of every level weigh the same"
    public static let fields = metaLossFields(losses: \Self.losses, clip: \Self.clip)

    public var losses = LossWindow.mean
    public var clip: Double? = 3

    public init() {}

    public func value(of losses: [Float], first: Float) -> Double {
        log(sum(losses, first: first) { $0 } / positive(first))
    }

    public func slopes(of losses: [Float], first: Float) -> [Float] {
        let mean = losses.reduce(0) { $0 + counted($1, first: first).loss } / Double(losses.count)
        return slopes(losses, first: first) { _ in 1 / max(mean, Double(Float.leastNormalMagnitude)) }
    }
}

/// A first loss to divide by.
private func positive(_ first: Float) -> Double { Double(max(first, Float.leastNormalMagnitude)) }
