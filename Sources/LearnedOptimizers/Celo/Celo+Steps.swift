import Files
import NumericCore
public import Optimizers

extension Celo {
    /// The moments of every parameter, those that rows and columns of a tensor share, and what the rate remembers.
    public struct State: Sendable {
        /// Steps taken.
        public internal(set) var steps = 0
        let plan: SmallFCPlan
        var moments: AlignedFloats
        var rate: CeloRate.State
    }

    /// For parameters of matrices; those of vectors have 12 bytes more.
    public var stateBytesPerParameter: Int { 16 }

    public func initialState(for layout: ParameterLayout) -> State {
        let plan = SmallFCPlan(layout)
        return State(plan: plan, moments: AlignedFloats(count: plan.momentCount), rate: rate.initialState)
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout State
    ) {
        precondition(
            parameters.count == state.plan.count && gradient.count == state.plan.count,
            "parameters, gradient and state differ in size")
        let factor = rate.next(&state.rate, loss: loss, step: state.steps)
        state.steps += 1
        let plan = state.plan
        guard plan.count > 0 else { return }
        parameters.withUnsafeMutableBufferPointer { parameters in
            gradient.withUnsafeBufferPointer { gradient in
                state.moments.withMutablePointer { moments in
                    ScratchPool.shared.withScratch(floats: CeloStep.scratchCount(plan)) { scratch in
                        let step = CeloStep(
                            self, plan, parameters.baseAddress!, gradient.baseAddress!, moments, scratch: scratch)
                        step.accumulate()
                        step.apply(factor * scale)
                    }
                }
            }
        }
    }

    /// η of each step, for losses that are given.
    package func rates(losses: [Float]) -> [Double] {
        var state = rate.initialState
        return losses.enumerated().map { Double(rate.next(&state, loss: $1, step: $0)) }
    }

    /// The normalised features of each parameter, at the step that would be taken next.
    package func features(parameters: [Float], gradient: [Float], state: State) -> [[Float]] {
        var (state, parameters) = (state, AlignedFloats(parameters))
        var features: [[Float]] = []
        let plan = state.plan
        parameters.withMutablePointer { parameters in
            AlignedFloats(gradient).withPointer { gradient in
                state.moments.withMutablePointer { moments in
                    ScratchPool.shared.withScratch(floats: CeloStep.scratchCount(plan)) { scratch in
                        let step = CeloStep(self, plan, parameters, gradient, moments, scratch: scratch)
                        step.accumulate()
                        features = step.normalisedFeatures()
                    }
                }
            }
        }
        return features
    }

    public func record(_ state: State) -> StateRecord {
        StateRecord(
            counts: ["step": state.steps], tensors: state.plan.tensors(of: state.moments) + state.rate.tensors)
    }

    public func state(from record: StateRecord, for layout: ParameterLayout) throws -> State {
        var state = initialState(for: layout)
        state.steps = try record.count("step")
        state.moments = try state.plan.moments(in: record)
        state.rate = try CeloRate.State(record, units: units)
        return state
    }
}
