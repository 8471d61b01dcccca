import CL2O
import Files
import NumericCore
import Optimizers

/// Of an optimizer that looks at each parameter alone: every chunk of a tensor has a state of its own, so that threads
/// take (tensor, chunk) pairs, and tensors stay where they are.
final class ElementwiseSession<O: ElementwiseOptimizer>: Session {
    private struct Chunk {
        let tensor: Int
        /// Where it lies in its tensor, and in all tensors one after the other.
        let start: Int
        let place: Int
        let count: Int
    }

    let layout: ParameterLayout
    private(set) var steps = 0
    private let optimizer: O
    private let chunks: [Chunk]
    private let groups: [Range<Int>]
    private var states: [O.State]
    /// Steps that each tensor took.
    private var tensorSteps: [Int]

    /// A multiple of what any optimizer takes at a time.
    private static var chunkSize: Int { 2048 }

    init(_ optimizer: O, _ layout: ParameterLayout) {
        (self.optimizer, self.layout) = (optimizer, layout)
        let size = Self.chunkSize
        let chunks = layout.ranges.enumerated().flatMap { tensor, range in
            stride(from: 0, to: range.count, by: size).map {
                Chunk(tensor: tensor, start: $0, place: range.lowerBound + $0, count: min(size, range.count - $0))
            }
        }
        self.chunks = chunks
        groups = NumericCore.groups(of: chunks.map(\.count), upTo: size)
        states = parallelMap(chunks.count) { optimizer.initialState(parameterCount: chunks[$0].count) }
        tensorSteps = [Int](repeating: 0, count: layout.shapes.count)
    }

    func step(_ tensors: [TensorPlace], loss: Float?) {
        states.withUnsafeMutableBufferPointer { states in
            // Threads take disjoint chunks.
            nonisolated(unsafe) let states = states
            let (optimizer, chunks, groups) = (optimizer, chunks, groups)
            parallelLoop(groups.count) { group in
                for index in groups[group] {
                    let chunk = chunks[index]
                    Self.step(optimizer, tensors[chunk.tensor], chunk, loss, &states[index])
                }
            }
        }
        for index in tensors.indices where tensors[index].gradient != nil { tensorSteps[index] += 1 }
        steps += 1
    }

    private static func step(
        _ optimizer: O, _ tensor: TensorPlace, _ chunk: Chunk, _ loss: Float?, _ state: inout O.State
    ) {
        guard let gradient = tensor.gradient else { return }
        let count = chunk.count
        let parameters = UnsafeMutableBufferPointer(start: tensor.parameters + chunk.start, count: count)
        if tensor.keep != 1 { for i in 0..<count { parameters[i] *= tensor.keep } }
        func update() {
            var span = MutableSpan(_unsafeElements: parameters)
            let gradient = Span(_unsafeStart: gradient + chunk.start, count: count)
            optimizer.update(parameters: &span, gradient: gradient, loss: loss, state: &state)
        }
        guard tensor.stepScale != 1 else { return update() }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { before in
            _ = before.initialize(from: parameters)
            update()
            for i in 0..<count { parameters[i] = before[i] + tensor.stepScale * (parameters[i] - before[i]) }
        }
    }

    // MARK: State in files

    /// What the optimizer keeps for all tensors one after the other, as if it had stepped on them as one vector. Where they
    /// took different numbers of steps, it has each one's, which only sessions read.
    func file() -> SafetensorsFile {
        let (optimizer, states, chunks, count) = (optimizer, states, chunks, layout.count)
        let records = parallelMap(chunks.count) { optimizer.record(states[$0]) }
        guard let first = records.first else {
            return optimizer.stateFile(StateRecord(counts: ["step": steps], tensors: []), for: layout)
        }
        let tensors = first.tensors.indices.map { index in
            let template = first.tensors[index]
            let rows = template.shape.dropLast().reduce(1, *)
            var values = [Float](repeating: 0, count: rows * count)
            for (record, chunk) in zip(records, chunks) {
                let part = record.tensors[index].values
                for row in 0..<rows {
                    let (from, to) = (row * chunk.count, row * count + chunk.place)
                    values.replaceSubrange(to..<to + chunk.count, with: part[from..<from + chunk.count])
                }
            }
            return Tensor(template.name, shape: template.shape.dropLast() + [count], values: values)
        }
        return optimizer.stateFile(StateRecord(counts: counts, tensors: tensors), for: layout)
    }

    private var counts: [String: Int] {
        let dense = layout.shapes.indices.filter { layout.shapes[$0].count > 0 }
        guard dense.contains(where: { tensorSteps[$0] != steps }) else { return ["step": steps] }
        return Dictionary(uniqueKeysWithValues: dense.map { ("step.\($0)", tensorSteps[$0]) } + [("steps", steps)])
    }

    func restore(_ file: SafetensorsFile) throws {
        let record = try optimizer.stateRecord(from: file, path: bufferName, for: layout)
        let common = record.counts["step"] == nil ? nil : try record.count("step")
        let steps = try common ?? record.count("steps")
        let tensorSteps = try layout.shapes.enumerated().map { index, shape in
            try shape.count == 0 ? 0 : common ?? record.count("step.\(index)")
        }
        guard let first = chunks.first else {
            (self.steps, self.tensorSteps) = (steps, tensorSteps)
            return
        }
        let template = optimizer.record(optimizer.initialState(parameterCount: first.count))
        let tensors = try template.tensors.map { tensor in
            let leading = Array(tensor.shape.dropLast())
            return (tensor.name, leading, try record.tensor(tensor.name, shape: leading + [layout.count]))
        }
        let states = try chunks.map { chunk in
            let parts = tensors.map { name, leading, values in
                let part = (0..<leading.reduce(1, *)).flatMap { row in
                    values[row * layout.count + chunk.place..<row * layout.count + chunk.place + chunk.count]
                }
                return Tensor(name, shape: leading + [chunk.count], values: part)
            }
            return try optimizer.state(
                from: StateRecord(counts: ["step": tensorSteps[chunk.tensor]], tensors: parts),
                for: ParameterLayout(count: chunk.count))
        }
        (self.states, self.steps, self.tensorSteps) = (states, steps, tensorSteps)
    }

    func copy() -> any Session {
        ElementwiseSession(copying: self)
    }

    private init(copying other: ElementwiseSession<O>) {
        (layout, steps, optimizer, chunks, groups, states, tensorSteps) = (
            other.layout, other.steps, other.optimizer, other.chunks, other.groups, other.states, other.tensorSteps
        )
    }
}
