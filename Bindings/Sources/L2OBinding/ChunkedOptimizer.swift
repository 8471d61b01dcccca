import Files
import NumericCore
import Optimizers

/// An optimizer that looks at each parameter alone, on tensors where they lie: every chunk of a tensor has a state of its
/// own, so that threads take (tensor, chunk) pairs.
struct ChunkedOptimizer<O: ElementwiseOptimizer>: ScatteredOptimizer {
    let optimizer: O
    /// States are the same in files, and so is whose they are.
    var name: String { optimizer.name }
    var stateBytesPerParameter: Int { optimizer.stateBytesPerParameter }

    init(_ optimizer: O) { self.optimizer = optimizer }

    struct State: Sendable {
        let chunks: Chunks
        var states: [O.State]
        /// Steps that each tensor took.
        var tensorSteps: [Int]
        var steps = 0
    }

    func initialState(for layout: ParameterLayout) -> State {
        let chunks = Chunks(layout)
        let states = parallelMap(chunks.all.count) { [optimizer] in
            optimizer.initialState(parameterCount: chunks.all[$0].count)
        }
        return State(
            chunks: chunks, states: states, tensorSteps: [Int](repeating: 0, count: layout.shapes.count))
    }

    func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout State
    ) {
        let layout = state.chunks.layout
        layout.withPlaces(&parameters, gradient) { update(tensors: $0, loss: loss, state: &state) }
    }

    func update(tensors: [TensorPlace], loss: Float?, state: inout State) {
        let (chunks, groups) = (state.chunks.all, state.chunks.groups)
        state.states.withUnsafeMutableBufferPointer { states in
            // Threads take disjoint chunks.
            nonisolated(unsafe) let states = states
            parallelLoop(groups.count) { group in
                for index in groups[group] {
                    let chunk = chunks[index]
                    step(tensors[chunk.tensor], chunk, loss, &states[index])
                }
            }
        }
        for index in tensors.indices where tensors[index].gradient != nil { state.tensorSteps[index] += 1 }
        state.steps += 1
    }

    private func step(_ tensor: TensorPlace, _ chunk: Chunks.Chunk, _ loss: Float?, _ state: inout O.State) {
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
    /// took different numbers of steps, it has each one's, which only this type reads.
    func record(_ state: State) -> StateRecord {
        let (chunks, count) = (state.chunks.all, state.chunks.layout.count)
        let records = parallelMap(chunks.count) { optimizer.record(state.states[$0]) }
        guard let first = records.first else { return StateRecord(counts: ["step": state.steps], tensors: []) }
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
        return StateRecord(counts: counts(state), tensors: tensors)
    }

    private func counts(_ state: State) -> [String: Int] {
        let shapes = state.chunks.layout.shapes
        let dense = shapes.indices.filter { shapes[$0].count > 0 }
        guard dense.contains(where: { state.tensorSteps[$0] != state.steps }) else { return ["step": state.steps] }
        return Dictionary(
            uniqueKeysWithValues: dense.map { ("step.\($0)", state.tensorSteps[$0]) } + [("steps", state.steps)])
    }

    func state(from record: StateRecord, for layout: ParameterLayout) throws -> State {
        let chunks = Chunks(layout)
        let common = record.counts["step"] == nil ? nil : try record.count("step")
        let steps = try common ?? record.count("steps")
        let tensorSteps = try layout.shapes.enumerated().map { index, shape in
            try shape.count == 0 ? 0 : common ?? record.count("step.\(index)")
        }
        guard let first = chunks.all.first else {
            return State(chunks: chunks, states: [], tensorSteps: tensorSteps, steps: steps)
        }
        let template = optimizer.record(optimizer.initialState(parameterCount: first.count))
        let tensors = try template.tensors.map { tensor in
            let leading = Array(tensor.shape.dropLast())
            return (tensor.name, leading, try record.tensor(tensor.name, shape: leading + [layout.count]))
        }
        let states = try chunks.all.map { chunk in
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
        return State(chunks: chunks, states: states, tensorSteps: tensorSteps, steps: steps)
    }
}

/// How tensors are cut into pieces, and which pieces a thread takes together.
struct Chunks: Sendable {
    struct Chunk: Sendable {
        let tensor: Int
        /// Where it lies in its tensor, and in all tensors one after the other.
        let start: Int
        let place: Int
        let count: Int
    }

    let layout: ParameterLayout
    let all: [Chunk]
    let groups: [Range<Int>]

    init(_ layout: ParameterLayout) {
        // A multiple of what any optimizer takes at a time.
        let size = 2048
        self.layout = layout
        all = layout.ranges.enumerated().flatMap { tensor, range in
            stride(from: 0, to: range.count, by: size).map {
                Chunk(tensor: tensor, start: $0, place: range.lowerBound + $0, count: min(size, range.count - $0))
            }
        }
        groups = NumericCore.groups(of: all.map(\.count), upTo: size)
    }
}
