import Files
import KernelTypes
import NumericCore
public import Optimizers

// Steps, and what they remember.
extension Gateprop {
    /// What the rule remembers of every coordinate, of every tensor, and of all of them.
    public struct State: Sendable {
        /// Steps taken, and those of each tensor that has elements: it may have sat some out.
        public internal(set) var steps = 0
        var partSteps: [Int]
        let plan: GatepropPlan
        /// Blocks of sixteen coordinates of one tensor, six rows each.
        var blocks: AlignedFloats
        /// Of each tensor the average of cosines, then the last log-rate.
        var tensors: [Float]
        /// The average of log₂ of the whole gradient's root mean square.
        var level: Float = 0
    }

    public var stateBytesPerParameter: Int { GateLayout.stateRows * MemoryLayout<Float>.stride }

    public func initialState(for layout: ParameterLayout) -> State {
        let plan = GatepropPlan(layout)
        return State(
            partSteps: [Int](repeating: 0, count: plan.parts.count), plan: plan,
            blocks: AlignedFloats(count: plan.stateCount),
            tensors: [Float](repeating: 0, count: 2 * plan.parts.count))
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout State
    ) {
        precondition(
            parameters.count == state.plan.count && gradient.count == state.plan.count,
            "parameters, gradient and state differ in size")
        guard state.plan.count > 0 else {
            state.steps += 1
            return
        }
        parameters.withUnsafeMutableBufferPointer { parameters in
            gradient.withUnsafeBufferPointer { gradient in
                withStep(&state, parameters.baseAddress!, gradient.baseAddress!) { $0.apply() }
            }
        }
    }

    public func update(tensors: [TensorPlace], loss: Float?, state: inout State) {
        precondition(tensors.count == state.plan.tensorCount, "one place for each tensor")
        withStep(&state, state.plan.parts.map { tensors[$0.tensor] }) { $0.apply() }
    }

    /// The same for tensors that lie one after the other.
    func withStep(
        _ state: inout State, _ parameters: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>,
        _ body: (GatepropStep) -> Void
    ) {
        let tensors = state.plan.parts.map {
            TensorPlace(parameters: parameters + $0.range.lowerBound, gradient: gradient + $0.range.lowerBound)
        }
        withStep(&state, tensors, body)
    }

    /// Looks at gradient and tensors; `body` then takes the step.
    private func withStep(_ state: inout State, _ tensors: [TensorPlace], _ body: (GatepropStep) -> Void) {
        // Without any gradient there is nothing to step on.
        guard tensors.contains(where: { $0.gradient != nil }) else { return }
        state.steps += 1
        for index in tensors.indices where tensors[index].gradient != nil { state.partSteps[index] += 1 }
        let (plan, isFirst, times) = (state.plan, state.steps == 1, state.partSteps)
        metaParameters.withUnsafeBufferPointer { weights in
            packed.withUnsafeBufferPointer { packed in
                state.blocks.withMutablePointer { blocks in
                    ScratchPool.shared.withScratch(floats: GatepropStep.scratchCount(plan, layout)) { scratch in
                        let step = GatepropStep(
                            self, plan, times: times, tensors, blocks, weights: weights.baseAddress!,
                            packed: packed.baseAddress!, scratch: scratch)
                        step.sum()
                        step.lookAtTensors(&state.tensors, &state.level, isFirst: isFirst)
                        body(step)
                    }
                }
            }
        }
    }

    // MARK: State in files

    public func record(_ state: State) -> StateRecord {
        let (plan, rows) = (state.plan, GateLayout.stateRows)
        var values = [Float](repeating: 0, count: rows * plan.count)
        state.blocks.withPointer { blocks in
            plan.forEachPlace(rows: rows) { values[$0] = blocks[$1] }
        }
        var counts = ["step": state.steps]
        for (part, steps) in state.partSteps.enumerated() where steps != state.steps {
            counts["step.\(part)"] = steps
        }
        return StateRecord(
            counts: counts,
            tensors: [
                Tensor("coordinates", shape: [rows, plan.count], values: values),
                Tensor("tensors", shape: [plan.parts.count, 2], values: state.tensors),
                Tensor("level", shape: [1], values: [state.level]),
            ])
    }

    public func state(from record: StateRecord, for layout: ParameterLayout) throws -> State {
        var state = initialState(for: layout)
        let (plan, rows) = (state.plan, GateLayout.stateRows)
        state.steps = try record.count("step")
        state.partSteps = try plan.parts.indices.map {
            record.counts["step.\($0)"] == nil ? state.steps : try record.count("step.\($0)")
        }
        let values = try record.tensor("coordinates", shape: [rows, plan.count])
        state.blocks.withMutablePointer { blocks in
            plan.forEachPlace(rows: rows) { blocks[$1] = values[$0] }
        }
        state.tensors = try record.tensor("tensors", shape: [plan.parts.count, 2])
        state.level = try record.tensor("level", shape: [1])[0]
        return state
    }
}
