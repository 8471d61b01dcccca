import NumericCore

/// Runs the jobs of a meta-batch, wherever there are processors for them.
///
/// A job's place stays with whoever runs it: tasks under way are kept there, only results travel. Losses, meta-gradients
/// and records of tasks all come this way. What else several processes have to settle among themselves has defaults for
/// one that is alone.
public protocol MetaBatchExecutor: Sendable {
    /// `[job(0), … job(count − 1)]`, in this order whoever ran them; job i always runs in the same process, and every
    /// process gets all results.
    func results<Result: MetaBatchResult>(_ count: Int, _ job: @escaping @Sendable (Int) -> Result) -> [Result]

    /// Whether this process keeps the run's files; one of all does.
    var isWriter: Bool { get }

    /// As `results`, for the writer alone: the others get none.
    func writersResults<Result: MetaBatchResult>(
        _ count: Int, _ job: @escaping @Sendable (Int) -> Result
    ) -> [Result]

    /// What the writer reads, in every process; no other reads anything.
    func fromWriter(_ read: () throws -> [UInt8]) rethrows -> [UInt8]

    /// Whether any process wants to.
    func isWanted(_ wish: Bool) -> Bool

    /// Compares what all processes must have in common; one that is alone need not ask for it.
    ///
    /// - Throws: `InputError`, in every process, where one differs from the writer.
    func agree(on facts: () throws -> [SharedFact]) throws
}

/// Something that all processes of a run must have in common.
public struct SharedFact: Sendable, Equatable {
    public let name: String
    public let value: String
    /// What to do where processes differ.
    public let advice: String

    public init(_ name: String, _ value: String, advice: String) {
        self.name = name
        self.value = value
        self.advice = advice
    }
}

extension MetaBatchExecutor {
    public var isWriter: Bool { true }

    public func writersResults<Result: MetaBatchResult>(
        _ count: Int, _ job: @escaping @Sendable (Int) -> Result
    ) -> [Result] { results(count, job) }

    public func fromWriter(_ read: () throws -> [UInt8]) rethrows -> [UInt8] { try read() }

    public func isWanted(_ wish: Bool) -> Bool { wish }

    public func agree(on facts: () throws -> [SharedFact]) throws {}
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

/// The mean of the meta-batch's gradients, summed in the order of its tasks.
func mean(_ gradients: [[Float]]) -> [Float] {
    guard gradients.count > 1 else { return gradients[0] }
    return gradients[0].indices.map { index in
        Float(gradients.reduce(0.0) { $0 + Double($1[index]) } / Double(gradients.count))
    }
}

func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
