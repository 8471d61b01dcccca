import NumericCore
import Optimizees
import Optimizers

/// One optimizer's course over one drawn problem.
struct Run: Sendable, Equatable {
    /// How a run ended.
    enum Ending: Sendable, Equatable {
        /// All steps were taken, and all numbers stayed finite.
        case finished
        /// The minibatch loss of this step was not finite; a step equal to the number of steps stands for the final
        /// loss or a final parameter.
        case diverged(step: Int)
    }

    /// The minibatch loss at each step, before the step's update. A run that diverged ends with that loss.
    let losses: [Float]
    /// The final parameters' loss, averaged over all minibatches met in the run (Lv et al. 2017, section 5); +∞ where
    /// the run diverged.
    let finalLoss: Double
    /// How the run ended.
    let ending: Ending
}

/// How many steps are reported at once.
private let reportInterval = 64

extension Run {
    /// Draws the problem of `key` afresh and optimizes it; nil where cancelled.
    static func perform<O: Optimizer>(
        _ optimizer: O, on optimizee: any Optimizee, key: RandomKey, steps: Int, meter: ProgressMeter
    ) -> Run? {
        let instance = optimizee.instance(key: key)
        var parameters = instance.initialParameters
        var gradient = [Float](repeating: 0, count: parameters.count)
        var state = optimizer.initialState(parameterCount: parameters.count)
        var losses: [Float] = []
        losses.reserveCapacity(steps)
        for step in 0..<steps {
            if meter.isCancelled { return nil }
            var span = gradient.mutableSpan
            let loss = instance.lossAndGradient(at: step, parameters: parameters.span, gradient: &span)
            losses.append(loss)
            guard loss.isFinite else {
                meter.complete(2 * steps - step / reportInterval * reportInterval)
                return Run(losses: losses, finalLoss: .infinity, ending: .diverged(step: step))
            }
            optimizer.update(&parameters, gradient: gradient, state: &state)
            if (step + 1) % reportInterval == 0 { meter.complete(reportInterval) }
        }
        meter.complete(steps % reportInterval)
        guard let finalLoss = averageLoss(of: parameters, on: instance, steps: steps, meter: meter) else {
            return nil
        }
        // A loss may hide a parameter that is NaN, as ReLU does.
        guard finalLoss.isFinite && parameters.allSatisfy(\.isFinite) else {
            return Run(losses: losses, finalLoss: .infinity, ending: .diverged(step: steps))
        }
        return Run(losses: losses, finalLoss: finalLoss, ending: .finished)
    }

    private static func averageLoss(
        of parameters: [Float], on instance: any OptimizeeInstance, steps: Int, meter: ProgressMeter
    ) -> Double? {
        var sum = 0.0
        for step in 0..<steps {
            if meter.isCancelled { return nil }
            sum += Double(instance.loss(at: step, parameters: parameters.span))
            if (step + 1) % reportInterval == 0 { meter.complete(reportInterval) }
        }
        meter.complete(steps % reportInterval)
        return sum / Double(steps)
    }
}

/// The problems that every optimizer of a comparison meets.
struct Course: Sendable {
    let optimizee: any Optimizee
    let steps: Int
    let seeds: Int
    let seed: UInt64

    /// Problem `index`; each optimizer that meets it starts from the same parameters and sees the same minibatches.
    func key(_ index: Int) -> RandomKey { RandomKey(seed: seed).child(index) }

    /// Every optimizer on every problem, in parallel: a list of runs for each optimizer, in order.
    func runs(_ optimizers: [any Optimizer], meter: ProgressMeter) throws -> [[Run]] {
        meter.expect(2 * steps * optimizers.count * seeds)
        let runs = parallelMap(optimizers.count * seeds) { index in
            let (optimizer, problem) = (optimizers[index / seeds], index % seeds)
            return Run.perform(optimizer, on: optimizee, key: key(problem), steps: steps, meter: meter)
        }.compactMap(\.self)
        guard runs.count == optimizers.count * seeds else { throw CancellationError() }
        return optimizers.indices.map { Array(runs[$0 * seeds..<($0 + 1) * seeds]) }
    }
}
