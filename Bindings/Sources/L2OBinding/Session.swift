import CL2O
import Files
import LearnedOptimizers
import NumericCore
import Optimizers

/// An optimizer with its state, for tensors that lie in places of their own.
protocol Session: AnyObject {
    var layout: ParameterLayout { get }
    /// Steps taken.
    var steps: Int { get }
    /// How often a guard took steps back.
    var failures: Int { get }
    /// One step; there is a gradient among the places.
    func step(_ tensors: [TensorPlace], loss: Float?)
    /// The state as a file.
    func file() -> SafetensorsFile
    /// Goes on from a file.
    /// - Throws: `InputError` where it does not fit; the state is then as it was.
    func restore(_ file: SafetensorsFile) throws
    /// Another one in the same state.
    func copy() -> any Session
}

/// What errors call a caller's buffer.
let bufferName = "the exported state"

/// A session of any optimizer, without copies of tensors where the optimizer allows.
func makeSession(_ optimizer: any Optimizer, _ layout: ParameterLayout) -> any Session {
    func session(_ optimizer: some ScatteredOptimizer) -> any Session { ScatteredSession(optimizer, layout) }
    return session(scattered(optimizer))
}

/// The form of an optimizer that steps on tensors where they lie.
private func scattered(_ optimizer: any Optimizer) -> any ScatteredOptimizer {
    func chunked(_ optimizer: some ElementwiseOptimizer) -> any ScatteredOptimizer { ChunkedOptimizer(optimizer) }
    func gathered(_ optimizer: some Optimizer) -> any ScatteredOptimizer { GatheredOptimizer(optimizer) }
    func guarded(_ optimizer: some Guarding) -> any ScatteredOptimizer {
        func join(_ base: some ScatteredOptimizer, _ fallback: some ScatteredOptimizer) -> any ScatteredOptimizer {
            GuardedOptimizer(base, fallback: fallback)
        }
        return join(scattered(optimizer.base), scattered(optimizer.fallback))
    }
    return switch optimizer {
    case let optimizer as any Guarding: guarded(optimizer)
    case let optimizer as any ElementwiseOptimizer: chunked(optimizer)
    case let optimizer as any ScatteredOptimizer: optimizer
    default: gathered(optimizer)
    }
}

private final class ScatteredSession<O: ScatteredOptimizer>: Session {
    let layout: ParameterLayout
    private let optimizer: O
    private var state: O.State
    private(set) var steps = 0

    init(_ optimizer: O, _ layout: ParameterLayout) {
        (self.optimizer, self.layout) = (optimizer, layout)
        state = optimizer.initialState(for: layout)
    }

    private init(copying other: ScatteredSession<O>) {
        (layout, optimizer, state, steps) = (other.layout, other.optimizer, other.state, other.steps)
    }

    var failures: Int { (state as? any GuardState)?.failures ?? 0 }

    func step(_ tensors: [TensorPlace], loss: Float?) {
        optimizer.update(tensors: tensors, loss: loss, state: &state)
        steps += 1
    }

    func file() -> SafetensorsFile { optimizer.stateFile(optimizer.record(state), for: layout) }

    func restore(_ file: SafetensorsFile) throws {
        let record = try optimizer.stateRecord(from: file, path: bufferName, for: layout)
        // Where tensors took different numbers of steps, `step` says each one's.
        let steps = try record.count(record.counts["step"] == nil ? "steps" : "step")
        state = try optimizer.state(from: record, for: layout)
        self.steps = steps
    }

    func copy() -> any Session { ScatteredSession(copying: self) }
}
