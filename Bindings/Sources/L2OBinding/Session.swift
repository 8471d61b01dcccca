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
private let bufferName = "the exported state"

/// A session of any optimizer, without copies of tensors where the optimizer allows.
func makeSession(_ optimizer: any Optimizer, _ layout: ParameterLayout) -> any Session {
    func elementwise<O: ElementwiseOptimizer>(_ optimizer: O) -> any Session { ElementwiseSession(optimizer, layout) }
    func scattered<O: ScatteredOptimizer>(_ optimizer: O) -> any Session { ScatteredSession(optimizer, layout) }
    func gathered<O: Optimizer>(_ optimizer: O) -> any Session { GatheredSession(optimizer, layout) }
    return switch optimizer {
    case let optimizer as any ElementwiseOptimizer: elementwise(optimizer)
    case let optimizer as any ScatteredOptimizer: scattered(optimizer)
    default: gathered(optimizer)
    }
}

/// Of an optimizer that steps on tensors where they lie.
private final class ScatteredSession<O: ScatteredOptimizer>: Session {
    let layout: ParameterLayout
    private(set) var steps = 0
    private let optimizer: O
    private var state: O.State

    init(_ optimizer: O, _ layout: ParameterLayout) {
        (self.optimizer, self.layout) = (optimizer, layout)
        state = optimizer.initialState(for: layout)
    }

    func step(_ tensors: [TensorPlace], loss: Float?) {
        optimizer.update(tensors: tensors, loss: loss, state: &state)
        steps += 1
    }

    func file() -> SafetensorsFile { optimizer.stateFile(optimizer.record(state), for: layout) }

    func restore(_ file: SafetensorsFile) throws {
        let record = try optimizer.stateRecord(from: file, path: bufferName, for: layout)
        state = try optimizer.state(from: record, for: layout)
        steps = try record.count("step")
    }

    func copy() -> any Session {
        let copy = ScatteredSession(optimizer, layout)
        (copy.state, copy.steps) = (state, steps)
        return copy
    }
}

/// Of any optimizer: tensors are copied into one vector and back. A tensor that sits a step out has a gradient of 0 there,
/// and is not copied back.
private final class GatheredSession<O: Optimizer>: Session {
    let layout: ParameterLayout
    private(set) var steps = 0
    private let optimizer: O
    private let ranges: [Range<Int>]
    private var state: O.State
    private var parameters: [Float]
    private var gradient: [Float]

    init(_ optimizer: O, _ layout: ParameterLayout) {
        (self.optimizer, self.layout, ranges) = (optimizer, layout, layout.ranges)
        state = optimizer.initialState(for: layout)
        parameters = [Float](repeating: 0, count: layout.count)
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
        optimizer.update(&parameters, gradient: gradient, loss: loss, state: &state)
        for (tensor, range) in zip(tensors, ranges) where tensor.gradient != nil {
            for (index, place) in range.enumerated() {
                let kept = tensor.parameters[index] * tensor.keep
                tensor.parameters[index] =
                    tensor.stepScale == 1 ? parameters[place] : kept + tensor.stepScale * (parameters[place] - kept)
            }
        }
        steps += 1
    }

    func file() -> SafetensorsFile { optimizer.stateFile(optimizer.record(state), for: layout) }

    func restore(_ file: SafetensorsFile) throws {
        let record = try optimizer.stateRecord(from: file, path: bufferName, for: layout)
        state = try optimizer.state(from: record, for: layout)
        steps = try record.count("step")
    }

    func copy() -> any Session {
        let copy = GatheredSession(optimizer, layout)
        (copy.state, copy.steps) = (state, steps)
        return copy
    }
}
