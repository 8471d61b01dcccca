import Files
import NumericCore
public import Optimizers

/// A learned optimizer that is watched: where its steps do harm, they are taken back, and a hand-designed rule takes over for
/// a while.
///
///     let optimizer = GuardedOptimizer(try OptimizerSpecification("gateprop").optimizer())
///     optimizer.update(&parameters, gradient: gradient, loss: loss, state: &state)
///
/// Give it the losses: without them it sees no more than gradients that overflow or grow a hundredfold.
///
/// At the end of every window of steps that went well, parameters and the rule's state are kept. When steps do harm, as
/// `GuardWatch` has it, they become again what they were then, and the fallback steps from there: 20 times, and twice as
/// often at each further failure, after which the learned rule has another try. A rule that has done well for twice as
/// long as the fallback was on begins anew with 20.
///
/// What is guaranteed, whatever the rule does:
///
/// - As long as nothing is harmful, every step has the bits that it has without a guard.
/// - After a loss that is not finite or exceeds by far what was seen in the best window so far, parameters are what they were at
///   the end of a good window, or before the first step.
/// - The fallback's state changes by the fallback's steps alone. So where every try fails in its first window, parameters after
///   T steps are those of the fallback alone after at least T − 10 (1 + log₂(1 + T/20)) steps, bit for bit: the guard
///   diverges only where the fallback does, and is behind it by these few steps.
/// - On a deterministic problem, a try that is not taken back leaves the mean loss of every window at most a hundredth, and
///   six times the noise of a mean, above the best window's.
///
/// A call that takes steps back takes no step itself, for its gradient belongs to other parameters.
public struct GuardedOptimizer<Base: Optimizer, Fallback: Optimizer>: Optimizer {
    /// The rule that is watched.
    public let base: Base
    /// What takes over.
    public let fallback: Fallback

    /// Steps of the fallback after a first failure.
    static var shortestWait: Int { 20 }
    private static var longestWait: Int { 1 << 40 }
    /// Gradients are looked at every so many steps.
    private static var gradientStride: Int { 8 }

    /// - Parameters:
    ///   - base: the rule to watch.
    ///   - fallback: what takes over.
    public init(_ base: Base, fallback: Fallback) {
        self.base = base
        self.fallback = fallback
    }

    public var name: String { "guarded(\(base.name),\(fallback.name))" }

    /// The rule's state twice, the fallback's, and parameters.
    public var stateBytesPerParameter: Int {
        2 * base.stateBytesPerParameter + fallback.stateBytesPerParameter + MemoryLayout<Float>.stride
    }

    /// Both rules' states, what is kept, and what was seen.
    public struct State: Sendable {
        /// Steps that were asked for.
        public internal(set) var steps = 0
        /// How often the rule's steps were taken back.
        public internal(set) var failures = 0
        /// Steps that the fallback is still to take; 0 while the rule steps.
        public internal(set) var wait = 0
        /// The steps of the fallback after the next failure.
        var nextWait = GuardedOptimizer.shortestWait
        /// Steps since the rule's last try began, those of the window under way left out.
        var proven = 0
        package internal(set) var watch = GuardWatch()
        var base: Base.State
        package internal(set) var fallback: Fallback.State
        var keptBase: Base.State
        /// Empty before the first step.
        var keptParameters: [Float] = []
    }

    public func initialState(for layout: ParameterLayout) -> State {
        let state = base.initialState(for: layout)
        return State(base: state, fallback: fallback.initialState(for: layout), keptBase: state)
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout State
    ) {
        if state.steps == 0 { keep(parameters, &state) }
        var sight = GuardSight(loss: loss)
        if state.steps % Self.gradientStride == 0 { sight.gradient = largestMagnitude(gradient) }
        state.steps += 1
        if state.wait > 0 {
            stepBack(&parameters, gradient, sight, &state)
            return
        }
        switch state.watch.see(sight) {
        case .harm: restore(&parameters, &state)
        case .good(let steps):
            state.proven += steps
            if state.proven >= state.nextWait { state.nextWait = Self.shortestWait }
            keep(parameters, &state)
            base.update(parameters: &parameters, gradient: gradient, loss: loss, state: &state.base)
        case .fine: base.update(parameters: &parameters, gradient: gradient, loss: loss, state: &state.base)
        }
    }

    /// Takes a step of the fallback; after the last one the rule may try again.
    private func stepBack(
        _ parameters: inout MutableSpan<Float>, _ gradient: Span<Float>, _ sight: GuardSight, _ state: inout State
    ) {
        state.watch.note(sight, remaining: state.wait)
        fallback.update(parameters: &parameters, gradient: gradient, loss: sight.loss, state: &state.fallback)
        state.wait -= 1
        guard state.wait == 0 else { return }
        state.watch = GuardWatch(after: state.watch.current)
        state.proven = 0
        keep(parameters, &state)
    }

    /// Remembers what to come back to.
    private func keep(_ parameters: borrowing MutableSpan<Float>, _ state: inout State) {
        parameters.withUnsafeBufferPointer { values in
            if state.keptParameters.count == values.count {
                state.keptParameters.withUnsafeMutableBufferPointer { _ = $0.update(from: values) }
            } else {
                state.keptParameters = Array(values)
            }
        }
        state.keptBase = state.base
    }

    private func restore(_ parameters: inout MutableSpan<Float>, _ state: inout State) {
        parameters.withUnsafeMutableBufferPointer { _ = $0.update(from: state.keptParameters) }
        state.base = state.keptBase
        state.failures += 1
        state.wait = state.nextWait
        state.nextWait = min(2 * state.nextWait, Self.longestWait)
        state.watch = GuardWatch()
    }

    // MARK: State in files

    private static var counts: [(String, WritableKeyPath<State, Int>)] {
        [
            ("step", \.steps), ("failures", \.failures), ("wait", \.wait), ("next_wait", \.nextWait),
            ("proven", \.proven),
        ]
    }

    public func record(_ state: State) -> StateRecord {
        var record = StateRecord.empty
        for (name, path) in Self.counts { record.counts[name] = state[keyPath: path] }
        for (name, value) in zip(GuardWatch.counts, state.watch.record) { record.counts["watch.\(name)"] = value }
        record.add(base.record(state.base), "rule.")
        record.add(base.record(state.keptBase), "kept.")
        record.add(fallback.record(state.fallback), "fallback.")
        if state.steps > 0 {
            record.tensors.append(
                Tensor("parameters", shape: [state.keptParameters.count], values: state.keptParameters))
        }
        return record
    }

    public func state(from record: StateRecord, for layout: ParameterLayout) throws -> State {
        var state = State(
            base: try base.state(from: record.part("rule."), for: layout),
            fallback: try fallback.state(from: record.part("fallback."), for: layout),
            keptBase: try base.state(from: record.part("kept."), for: layout))
        for (name, path) in Self.counts { state[keyPath: path] = try record.count(name) }
        state.watch = GuardWatch(record: try GuardWatch.counts.map { try record.count("watch.\($0)") })
        if state.steps > 0 { state.keptParameters = try record.tensor("parameters", shape: [layout.count]) }
        return state
    }
}

extension GuardedOptimizer: BudgetedOptimizer where Base: BudgetedOptimizer {
    public func withBudget(_ steps: Int) -> Self { Self(base.withBudget(steps), fallback: fallback) }
}

extension GuardedOptimizer where Fallback == Adam {
    /// With Adam as the fallback, at its usual rate of 0.001.
    public init(_ base: Base) { self.init(base, fallback: Adam()) }
}

/// The largest magnitude; what is not finite counts as larger than all else.
private func largestMagnitude(_ values: Span<Float>) -> Float {
    values.withUnsafeBufferPointer { values in
        // Without their signs, the bits of floats are in the order of their values.
        var largest: Int32 = 0
        for value in values { largest = max(largest, Int32(bitPattern: value.bitPattern & 0x7FFF_FFFF)) }
        return Float(bitPattern: UInt32(bitPattern: largest))
    }
}
