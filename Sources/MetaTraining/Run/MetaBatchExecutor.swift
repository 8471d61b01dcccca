import NumericCore

/// Runs the jobs of a meta-batch, wherever there are processors for them.
///
/// A job's place stays with whoever runs it: tasks under way are kept there, only results travel. Losses, meta-gradients
/// and records of tasks all come this way, so an executor for several processes has one method to write.
public protocol MetaBatchExecutor: Sendable {
    /// `[job(0), … job(count − 1)]`, in this order whoever ran them; job i always runs in the same process, and every
    /// process gets all results.
    func results<Result: MetaBatchResult>(_ count: Int, _ job: @escaping @Sendable (Int) -> Result) -> [Result]
}

/// What a job returns, as it travels between processes.
public protocol MetaBatchResult: Sendable {
    var bytes: [UInt8] { get }

    /// - Precondition: the bytes are those of such a result.
    init(bytes: [UInt8])
}

/// All jobs run in this process, in parallel over jobs or, for one job, within it.
public struct ThreadExecutor: MetaBatchExecutor {
    public init() {}

    public func results<Result: MetaBatchResult>(
        _ count: Int, _ job: @escaping @Sendable (Int) -> Result
    ) -> [Result] {
        // One job alone leaves the threads to the loops inside it.
        count == 1 ? [job(0)] : parallelMap(count, job)
    }
}

/// What a task's period came to.
public struct PeriodResult: MetaBatchResult, Equatable {
    /// The meta-loss; where a task runs several times at once, the mean.
    public var metaLoss: Double
    /// The last of the period's losses.
    public var lastLoss: Double
    /// Whether a loss was not finite, so that nothing more is to be learned from the task.
    public var isLost: Bool
    /// The meta-gradient.
    public var gradient: [Float]

    public init(metaLoss: Double, lastLoss: Double, isLost: Bool, gradient: [Float]) {
        self.metaLoss = metaLoss
        self.lastLoss = lastLoss
        self.isLost = isLost
        self.gradient = gradient
    }

    public var bytes: [UInt8] {
        var bytes = littleEndian(metaLoss.bitPattern) + littleEndian(lastLoss.bitPattern) + [isLost ? 1 : 0]
        for value in gradient { bytes += littleEndian(value.bitPattern) }
        return bytes
    }

    public init(bytes: [UInt8]) {
        self.init(
            metaLoss: Double(bitPattern: integer(bytes[..<8])), lastLoss: Double(bitPattern: integer(bytes[8..<16])),
            isLost: bytes[16] != 0,
            gradient: stride(from: 17, to: bytes.count, by: 4).map {
                Float(bitPattern: integer(bytes[$0..<$0 + 4]))
            })
    }
}

/// The meta-loss of a validation task.
struct ValidationResult: MetaBatchResult {
    let metaLoss: Double

    init(metaLoss: Double) { self.metaLoss = metaLoss }

    var bytes: [UInt8] { littleEndian(metaLoss.bitPattern) }

    init(bytes: [UInt8]) { metaLoss = Double(bitPattern: integer(bytes[...])) }
}

private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    unsafe withUnsafeBytes(of: value.littleEndian) { unsafe Array($0) }
}

private func integer<Value: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>) -> Value {
    bytes.reversed().reduce(0) { $0 << 8 | Value($1) }
}

/// The mean of the meta-batch's gradients, summed in the order of its tasks.
func mean(_ gradients: [[Float]]) -> [Float] {
    guard gradients.count > 1 else { return gradients[0] }
    return gradients[0].indices.map { index in
        Float(gradients.reduce(0.0) { $0 + Double($1[index]) } / Double(gradients.count))
    }
}

func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
