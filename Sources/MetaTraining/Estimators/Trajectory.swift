import Files
import LearnedOptimizers
import NumericCore
import Optimizees
import Optimizers

/// An optimization on its way: where it is, and what its optimizer remembers.
struct Trajectory<Learned: LearnedOptimizer> {
    private(set) var parameters: [Float]
    private(set) var state: Learned.State
    /// Steps taken.
    private(set) var step = 0
    /// The loss before any update; nil before the first step.
    private(set) var firstLoss: Float?

    init(_ instance: any OptimizeeInstance, _ layout: ParameterLayout, _ optimizer: Learned) {
        parameters = instance.initialParameters
        state = optimizer.initialState(for: layout)
    }

    /// One that has taken the steps before a task's first period.
    init(_ instance: any OptimizeeInstance, _ task: TrainingTask, _ optimizer: Learned) {
        self.init(instance, task.optimizee.layout, optimizer)
        var gradient = [Float](repeating: 0, count: parameters.count)
        unsafe gradient.withUnsafeMutableBufferPointer { gradient in
            for _ in 0..<task.burnIn { _ = unsafe advance(instance, optimizer, gradient: gradient) }
        }
    }

    /// Takes one step; returns the loss before it.
    ///
    /// - Parameter gradient: room for ∇f, which is left there.
    mutating func advance(
        _ instance: any OptimizeeInstance, _ optimizer: Learned, gradient: UnsafeMutableBufferPointer<Float>
    ) -> Float {
        var row = unsafe gradient.mutableSpan
        let loss = instance.lossAndGradient(at: step, parameters: parameters.span, gradient: &row)
        unsafe update(optimizer, &parameters, UnsafeBufferPointer(gradient).span, loss, &state)
        step += 1
        if firstLoss == nil { firstLoss = loss }
        return loss
    }
}

/// A function of its own: a span of one property cannot be open while another is changed.
@inline(__always)
private func update<O: Optimizer>(
    _ optimizer: O, _ parameters: inout [Float], _ gradient: Span<Float>, _ loss: Float, _ state: inout O.State
) {
    var span = parameters.mutableSpan
    optimizer.update(parameters: &span, gradient: gradient, loss: loss, state: &state)
}

// MARK: Records

extension Trajectory {
    /// One as it was recorded.
    ///
    /// - Parameter prefix: what the names of its numbers and tensors begin with.
    /// - Throws: `InputError` where something is missing or does not fit.
    init(_ record: StateRecord, _ prefix: String, _ layout: ParameterLayout, _ optimizer: Learned) throws {
        let own = record.part(prefix)
        parameters = try own.tensor("parameters", shape: [layout.count])
        step = try own.count("step")
        firstLoss = own.counts["first_loss"].flatMap { UInt32(exactly: $0) }.map { Float(bitPattern: $0) }
        state = try optimizer.state(from: own.part("state."), for: layout)
    }

    func write(to record: inout StateRecord, _ prefix: String, _ optimizer: Learned) {
        var own = StateRecord(
            counts: ["step": step],
            tensors: [Tensor("parameters", shape: [parameters.count], values: parameters)])
        own.counts["first_loss"] = firstLoss.map { Int($0.bitPattern) }
        own.add(optimizer.record(state), "state.")
        record.add(own, prefix)
    }
}
