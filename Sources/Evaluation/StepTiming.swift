import NumericCore
public import Optimizees
public import Optimizers
import Statistics

/// How long one step takes, in milliseconds of wall time.
///
/// Measured on its own, with no other run beside it, so that an optimizer or optimizee which spreads its work over
/// several threads has them all: what a user who optimizes one problem waits for.
public struct StepTiming: Sendable, Equatable {
    /// The median time of the loss, its gradient and the update.
    public let stepMilliseconds: Double
    /// The median time of the optimizer's update alone.
    public let updateMilliseconds: Double

    /// Both times.
    public init(stepMilliseconds: Double, updateMilliseconds: Double) {
        self.stepMilliseconds = stepMilliseconds
        self.updateMilliseconds = updateMilliseconds
    }

    /// Times an optimizer on a fresh problem.
    ///
    /// - Parameters:
    ///   - optimizer: what takes the steps.
    ///   - optimizee: what gives the gradients.
    ///   - steps: how many steps to time, after three that warm up.
    ///   - seconds: stop timing after this long, though not before one timed step.
    ///   - isCancelled: asked before each step.
    /// - Throws: `CancellationError` once `isCancelled` is true.
    public static func measure<O: Optimizer>(
        _ optimizer: O, on optimizee: any Optimizee, steps: Int = 100, seconds: Double = 1,
        isCancelled: () -> Bool = { false }
    ) throws -> StepTiming {
        let instance = optimizee.instance(key: RandomKey(seed: 0).child(0))
        var parameters = instance.initialParameters
        var gradient = [Float](repeating: 0, count: parameters.count)
        var state = optimizer.initialState(for: optimizee.layout)
        let clock = ContinuousClock()
        let start = clock.now
        var times: [(step: Double, update: Double)] = []
        for step in 0..<3 + max(steps, 1) {
            if isCancelled() { throw CancellationError() }
            let before = clock.now
            var span = gradient.mutableSpan
            let loss = instance.lossAndGradient(at: step, parameters: parameters.span, gradient: &span)
            let between = clock.now
            optimizer.update(&parameters, gradient: gradient, loss: loss, state: &state)
            let after = clock.now
            if step >= 3 { times.append(((after - before).milliseconds, (after - between).milliseconds)) }
            if step >= 3 && (after - start).milliseconds > 1000 * seconds { break }
        }
        return StepTiming(
            stepMilliseconds: Statistics(times.map(\.step)).median,
            updateMilliseconds: Statistics(times.map(\.update)).median)
    }
}

extension Duration {
    fileprivate var milliseconds: Double { 1e3 * seconds }
}
