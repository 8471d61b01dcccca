import Files
import NumericCore
public import Optimizers

/// What every guard knows, whatever its rules remember.
public protocol GuardState: Sendable {
    /// Steps that were asked for.
    var steps: Int { get }
    /// How often the rule's steps were taken back.
    var failures: Int { get }
    /// Steps that the fallback is still to take; 0 while the rule steps.
    var wait: Int { get }
}

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
/// A call that takes steps back takes no step itself, for its gradient belongs to other parameters; and where the fallback's
/// turn is, one with a loss or a gradient that is not finite takes none either, for it would stay in the fallback's state.
public struct GuardedOptimizer<Base: Optimizer, Fallback: Optimizer>: Optimizer {
    /// The rule that is watched.
    public let base: Base
    /// What takes over.
    public let fallback: Fallback

    /// Steps of the fallback after a first failure.
    static var shortestWait: Int { 20 }
    static var longestWait: Int { 1 << 40 }

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
    public struct State: GuardState {
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
        var kept: KeptParameters
    }

    public func initialState(for layout: ParameterLayout) -> State {
        let state = base.initialState(for: layout)
        return State(
            base: state, fallback: fallback.initialState(for: layout), keptBase: state, kept: KeptParameters(layout))
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout State
    ) {
        func keep() {
            parameters.withUnsafeBufferPointer { if let start = $0.baseAddress { state.kept.note(start) } }
        }
        var sight = GuardSight(loss: loss)
        if state.looksAtGradient { sight.gradient = gradient.withUnsafeBufferPointer(largestMagnitude) }
        switch state.decide(sight) {
        case .takeBack:
            parameters.withUnsafeMutableBufferPointer { if let start = $0.baseAddress { state.kept.restore(start) } }
        case .rule:
            keep()
            base.update(parameters: &parameters, gradient: gradient, loss: loss, state: &state.base)
        case .fallback(let isLast):
            fallback.update(parameters: &parameters, gradient: gradient, loss: loss, state: &state.fallback)
            if isLast { keep() }
        case .nothing: break
        }
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
        if state.steps > 0 { state.kept.add(to: &record) }
        return record
    }

    public func state(from record: StateRecord, for layout: ParameterLayout) throws -> State {
        var state = State(
            base: try base.state(from: record.part("rule."), for: layout),
            fallback: try fallback.state(from: record.part("fallback."), for: layout),
            keptBase: try base.state(from: record.part("kept."), for: layout), kept: KeptParameters(layout))
        for (name, path) in Self.counts { state[keyPath: path] = try record.count(name) }
        state.watch = GuardWatch(record: try GuardWatch.counts.map { try record.count("watch.\($0)") })
        if state.steps > 0 { state.kept = try KeptParameters(record, for: layout) }
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

extension GuardedOptimizer.State {
    /// What a call is to do.
    enum Move {
        /// A step of the rule.
        case rule
        /// A step of the fallback; after the last one the rule may try again.
        case fallback(isLast: Bool)
        /// Parameters become what was kept.
        case takeBack
        /// What is not finite leads nowhere.
        case nothing
    }

    /// Gradients are looked at every so many steps, and all that the fallback is given.
    var looksAtGradient: Bool { steps % 8 == 0 || wait > 0 }

    /// Decides on a call. What is to be kept or taken back is, but for the parameters.
    mutating func decide(_ sight: GuardSight) -> Move {
        if steps == 0 { keep() }
        steps += 1
        if wait > 0 {
            guard sight.isFinite else { return .nothing }
            watch.note(sight, remaining: wait)
            wait -= 1
            if wait == 0 {
                watch = GuardWatch(after: watch.current)
                proven = 0
                keep()
            }
            return .fallback(isLast: wait == 0)
        }
        switch watch.see(sight) {
        case .fine: break
        case .good(let steps):
            proven += steps
            if proven >= nextWait { nextWait = GuardedOptimizer.shortestWait }
            keep()
        case .harm:
            takeBack()
            return .takeBack
        }
        return .rule
    }

    /// Remembers what to come back to, but for the parameters.
    mutating func keep() {
        keptBase = base
        kept.begin()
    }

    private mutating func takeBack() {
        base = keptBase
        failures += 1
        wait = nextWait
        nextWait = min(2 * nextWait, GuardedOptimizer.longestWait)
        watch = GuardWatch()
    }
}

/// The largest magnitude; what is not finite counts as larger than all else.
func largestMagnitude(_ values: UnsafeBufferPointer<Float>) -> Float {
    // Without their signs, the bits of floats are in the order of their values.
    var largest: Int32 = 0
    for value in values { largest = max(largest, Int32(bitPattern: value.bitPattern & 0x7FFF_FFFF)) }
    return Float(bitPattern: UInt32(bitPattern: largest))
}
