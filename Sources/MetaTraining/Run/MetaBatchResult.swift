import Files

/// What a job returns, as it travels between processes.
public protocol MetaBatchResult: Sendable {
    var bytes: [UInt8] { get }

    /// - Precondition: the bytes are those of such a result.
    init(bytes: [UInt8])
}

/// What a task's period came to.
public struct PeriodResult: MetaBatchResult, Equatable {
    /// The meta-loss; where a task runs several times at once, the mean.
    public var metaLoss: Double
    /// The last of the period's losses.
    public var lastLoss: Double
    /// Whether a loss was not finite, so that nothing more is to be learned from the task.
    public var isLost: Bool
    /// The meta-gradient; empty where the result came from another process and `slope` says it all.
    public var gradient: [Float]
    /// The derivative along the run's `Perturbation`, which makes the gradient: of an evolution strategy nothing longer
    /// travels.
    public var slope: Double?

    public init(metaLoss: Double, lastLoss: Double, isLost: Bool, gradient: [Float], slope: Double? = nil) {
        self.metaLoss = metaLoss
        self.lastLoss = lastLoss
        self.isLost = isLost
        self.gradient = gradient
        self.slope = slope
    }

    public var bytes: [UInt8] {
        let start =
            littleEndianBytes([metaLoss.bitPattern, lastLoss.bitPattern])
            + [(isLost ? 1 : 0) + (slope == nil ? 0 : 2)]
        return start
            + (slope.map { littleEndianBytes($0.bitPattern) } ?? littleEndianBytes(gradient.map(\.bitPattern)))
    }

    public init(bytes: [UInt8]) {
        let isSlope = bytes[16] & 2 != 0
        let losses = doubles(bytes[..<16])
        self.init(
            metaLoss: losses[0], lastLoss: losses[1], isLost: bytes[16] & 1 != 0,
            gradient: isSlope ? [] : littleEndianNumbers(bytes[17...]).map(Float.init(bitPattern:)),
            slope: isSlope ? doubles(bytes[17...])[0] : nil)
    }
}

/// The meta-loss of a validation task.
struct ValidationResult: MetaBatchResult {
    let metaLoss: Double

    init(metaLoss: Double) { self.metaLoss = metaLoss }

    var bytes: [UInt8] { littleEndianBytes(metaLoss.bitPattern) }

    init(bytes: [UInt8]) { metaLoss = doubles(bytes)[0] }
}

/// What went wrong in a job; empty where nothing did.
struct Complaint: MetaBatchResult {
    let text: String

    init(_ text: String = "") { self.text = text }

    var bytes: [UInt8] { Array(text.utf8) }

    init(bytes: [UInt8]) { text = String(decoding: bytes, as: UTF8.self) }
}

private func doubles(_ bytes: some Collection<UInt8>) -> [Double] {
    littleEndianNumbers(bytes).map(Double.init(bitPattern:))
}
