public import Evaluation
import GRDB
import NumericCore
public import Optimizees
public import Optimizers

/// Finds runs in a store, and computes and keeps those that are not there.
///
/// What another process is computing is waited for, last. Where that process dies, its runs are computed here.
public final class StoredRuns: RunPerformer {
    /// How many runs were asked for so far, by where they came from.
    public struct Count: Sendable, Equatable {
        /// Runs that were computed here.
        public var computed = 0
        /// Runs that were in the store, or that another process computed meanwhile.
        public var found = 0
    }

    private let store: ResultsStore
    private let counter = OrderedMutex(Count())

    /// A performer of runs that looks into `store` first.
    public init(_ store: ResultsStore) { self.store = store }

    /// How many runs came from where.
    public var count: Count { counter.withLock { $0 } }

    public func perform(_ requests: [RunRequest], meter: ProgressMeter) throws -> [Run] {
        let keys = requests.map { RunKey($0) }
        let known = try store.runs(keys)
        let batch = Batch(known)
        var open: [Int] = []
        var seen = Set(known.keys)
        for (index, key) in keys.enumerated() {
            if seen.insert(key).inserted { open.append(index) } else { meter.complete(requests[index].work) }
        }
        counter.withLock { $0.found += requests.count - open.count }
        while !open.isEmpty {
            let indices = open
            let busy = parallelMap(indices.count) { place in
                let index = indices[place]
                return self.settle(requests[index], keys[index], batch, meter) ? nil : index
            }
            if let error = batch.error { throw error }
            let waiting = busy.compactMap(\.self)
            if waiting.count == open.count { usleep(100_000) }
            open = waiting
        }
        return batch.runs(keys)
    }

    /// Computes one run, unless it is there by now; false where another process has it in hand.
    private func settle(_ request: RunRequest, _ key: RunKey, _ batch: Batch, _ meter: ProgressMeter) -> Bool {
        guard batch.error == nil else { return true }
        do {
            if meter.isCancelled { throw CancellationError() }
            switch try store.claim(key) {
            case .busy: return false
            case .done(let run):
                meter.complete(request.work)
                counter.withLock { $0.found += 1 }
                batch.add(run, key)
            case .unscored(let run):
                meter.complete(request.work)
                let scored = run.scored(request)
                try store.save(scored, for: key)
                counter.withLock { $0.found += 1 }
                batch.add(scored, key)
            case .granted:
                guard let run = Run.perform(request, meter: meter) else {
                    store.release(key)
                    throw CancellationError()
                }
                try store.save(run, for: key)
                counter.withLock { $0.computed += 1 }
                batch.add(run, key)
            }
        } catch {
            batch.fail(error)
        }
        return true
    }

    public func timing(
        of optimizer: any Optimizer, on optimizee: any Optimizee, steps: Int, isCancelled: () -> Bool
    ) throws -> StepTiming {
        try store.timing("\(optimizee.name)|\(optimizer.name)|\(Kernels.selected.name)") {
            try StepTiming.measure(optimizer, on: optimizee, steps: steps, isCancelled: isCancelled)
        }
    }
}

extension ResultsStore {
    /// What comes of the wish to compute a run.
    enum Claim {
        /// It is there.
        case done(Run)
        /// It is there but for the score on held-out data, which nobody else will compute.
        case unscored(Run)
        /// Nobody else will compute it.
        case granted
        /// Another process computes it.
        case busy
    }

    /// Asks to compute a run.
    func claim(_ key: RunKey) throws -> Claim {
        try translatingErrors(path) {
            try database.write { database in
                if let run = try self.run(key, in: database) { return .done(run) }
                guard try self.session.claim(key, in: database) else { return .busy }
                return try self.unscoredRun(key, in: database).map { .unscored($0) } ?? .granted
            }
        }
    }

    /// Gives up a claim.
    func release(_ key: RunKey) {
        // What cannot be written is void when this process ends.
        try? database.write { try $0.execute(sql: "DELETE FROM claims WHERE key = ?", arguments: [key.text]) }
    }
}

/// What the threads of one call have come to.
private final class Batch: Sendable {
    private let state: OrderedMutex<(runs: [RunKey: Run], error: (any Error)?)>

    init(_ known: [RunKey: Run]) { state = OrderedMutex((known, nil)) }

    var error: (any Error)? { state.withLock { $0.error } }

    func add(_ run: Run, _ key: RunKey) { state.withLock { $0.runs[key] = run } }

    /// The first error counts.
    func fail(_ error: any Error) { state.withLock { $0.error = $0.error ?? error } }

    func runs(_ keys: [RunKey]) -> [Run] { state.withLock { state in keys.map { state.runs[$0]! } } }
}
