public import Evaluation
import NumericCore

/// Computes every run, and counts them.
public final class RequestCount: RunPerformer {
    private let count = OrderedMutex((runs: 0, calls: 0))

    public init() {}

    public var runs: Int { count.withLock { $0.runs } }
    public var calls: Int { count.withLock { $0.calls } }

    public func perform(_ requests: [RunRequest], meter: ProgressMeter) throws -> [Run] {
        count.withLock { $0 = ($0.runs + requests.count, $0.calls + 1) }
        return try ComputedRuns().perform(requests, meter: meter)
    }
}
