import CL2O
import Files
import NumericCore
import Optimizers

/// An optimizer with its state, for tensors that lie in places of their own.
protocol Session: AnyObject {
    var layout: ParameterLayout { get }
    /// Steps taken.
    var steps: Int { get }
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
    func elementwise<O: ElementwiseOptimizer>(_ optimizer: O) -> any Session { ElementwiseSession(optimizer, layout) }
    func scattered<O: ScatteredOptimizer>(_ optimizer: O) -> any Session {
        ScatteredSession(Progress(optimizer, layout))
    }
    func gathered<O: Optimizer>(_ optimizer: O) -> any Session { GatheredSession(Progress(optimizer, layout)) }
    return switch optimizer {
    case let optimizer as any ElementwiseOptimizer: elementwise(optimizer)
    case let optimizer as any ScatteredOptimizer: scattered(optimizer)
    default: gathered(optimizer)
    }
}

/// An optimizer with one state for all tensors.
private struct Progress<O: Optimizer> {
    let optimizer: O
    let layout: ParameterLayout
    var state: O.State
    var steps = 0

    init(_ optimizer: O, _ layout: ParameterLayout) {
        (self.optimizer, self.layout) = (optimizer, layout)
        state = optimizer.initialState(for: layout)
    }

    func file() -> SafetensorsFile { optimizer.stateFile(optimizer.record(state), for: layout) }

    mutating func restore(_ file: SafetensorsFile) throws {
        let record = try optimizer.stateRecord(from: file, path: bufferName, for: layout)
        let steps = try record.count("step")
        state = try optimizer.state(from: record, for: layout)
        self.steps = steps
    }
}

/// Of an optimizer that steps on tensors where they lie.
private final class ScatteredSession<O: ScatteredOptimizer>: Session {
    private var progress: Progress<O>
    var layout: ParameterLayout { progress.layout }
    var steps: Int { progress.steps }

    init(_ progress: Progress<O>) { self.progress = progress }

    func step(_ tensors: [TensorPlace], loss: Float?) {
        progress.optimizer.update(tensors: tensors, loss: loss, state: &progress.state)
        progress.steps += 1
    }

    func file() -> SafetensorsFile { progress.file() }
    func restore(_ file: SafetensorsFile) throws { try progress.restore(file) }
    func copy() -> any Session { ScatteredSession(progress) }
}

/// Of any optimizer: tensors are copied into one vector and back. A tensor that sits a step out has a gradient of 0 there,
/// and is not copied back.
private final class GatheredSession<O: Optimizer>: Session {
    private var progress: Progress<O>
    private let ranges: [Range<Int>]
    private var parameters: [Float]
    private var gradient: [Float]
    var layout: ParameterLayout { progress.layout }
    var steps: Int { progress.steps }

    init(_ progress: Progress<O>) {
        (self.progress, ranges) = (progress, progress.layout.ranges)
        parameters = [Float](repeating: 0, count: progress.layout.count)
        gradient = parameters
    }

    func step(_ tensors: [TensorPlace], loss: Float?) {
        parameters.withUnsafeMutableBufferPointer { parameters in
            gradient.withUnsafeMutableBufferPointer { gradient in
                for (tensor, range) in zip(tensors, ranges) {
                    for (index, place) in range.enumerated() {
                        parameters[place] = tensor.parameters[index] * tensor.keep
                        gradient[place] = tensor.gradient?[index] ?? 0
                    }
                }
            }
        }
        progress.optimizer.update(&parameters, gradient: gradient, loss: loss, state: &progress.state)
        for (tensor, range) in zip(tensors, ranges) where tensor.gradient != nil {
            for (index, place) in range.enumerated() {
                let kept = tensor.parameters[index] * tensor.keep
                tensor.parameters[index] =
                    tensor.stepScale == 1 ? parameters[place] : kept + tensor.stepScale * (parameters[place] - kept)
            }
        }
        progress.steps += 1
    }

    func file() -> SafetensorsFile { progress.file() }
    func restore(_ file: SafetensorsFile) throws { try progress.restore(file) }
    func copy() -> any Session { GatheredSession(progress) }
}
