public import Optimizees
import Optimizers
import Platform

/// What came of one optimizer on one drawn problem.
public struct Run: Sendable, Equatable {
    /// How a run ended.
    public enum Ending: Sendable, Equatable {
        /// All steps were taken, and all numbers stayed finite.
        case finished
        /// The minibatch loss of this step was not finite; a step equal to the number of steps stands for the final
        /// loss or a final parameter.
        case diverged(step: Int)
    }

    /// The minibatch loss at each step, before the step's update. A run that diverged ends with that loss.
    public let losses: [Float]
    /// The final parameters' loss, averaged over all minibatches met in the run (Lv et al. 2017, section 5); +∞ where
    /// the run diverged.
    public let finalLoss: Double
    /// How the run ended.
    public let ending: Ending
    /// How the final parameters do on held-out data; nil where there are none, the run diverged, or this was left for
    /// later.
    public let heldOut: HeldOut?
    /// The final parameters where `heldOut` was left for later (`RunRequest.scoresHeldOut`); else nil.
    public let finalParameters: [Float]?
    /// The wall time of the steps alone, while other runs had the other cores.
    public let seconds: Double

    /// Makes a run from its parts.
    public init(
        losses: [Float], finalLoss: Double, ending: Ending, heldOut: HeldOut? = nil, finalParameters: [Float]? = nil,
        seconds: Double
    ) {
        self.losses = losses
        self.finalLoss = finalLoss
        self.ending = ending
        self.heldOut = heldOut
        self.finalParameters = finalParameters
        self.seconds = seconds
    }

    /// The step at which it diverged, nil where it did not.
    public var divergedStep: Int? {
        if case .diverged(let step) = ending { step } else { nil }
    }
}

/// How many steps are reported at once.
private let reportInterval = 64

extension Run {
    /// To be raised when the same request comes to other numbers than before: results that are kept are keyed by it.
    public static let revision = 2

    /// Draws a request's problem afresh and optimizes it; nil where cancelled.
    public static func perform(_ request: RunRequest, meter: ProgressMeter) -> Run? {
        perform(request.optimizer, request, meter)
    }

    private static func perform<O: Optimizer>(_ optimizer: O, _ request: RunRequest, _ meter: ProgressMeter) -> Run? {
        let steps = request.steps
        let instance = request.optimizee.instance(key: request.key)
        var parameters = instance.initialParameters
        var gradient = [Float](repeating: 0, count: parameters.count)
        var state = optimizer.initialState(for: request.optimizee.layout)
        var losses: [Float] = []
        losses.reserveCapacity(steps)
        let start = ContinuousClock.now
        func diverged(_ step: Int, _ seconds: Double) -> Run {
            Run(losses: losses, finalLoss: .infinity, ending: .diverged(step: step), seconds: seconds)
        }
        for step in 0..<steps {
            if meter.isCancelled { return nil }
            var span = gradient.mutableSpan
            let loss = instance.lossAndGradient(at: step, parameters: parameters.span, gradient: &span)
            losses.append(loss)
            guard loss.isFinite else {
                meter.complete(2 * steps - step / reportInterval * reportInterval)
                return diverged(step, (ContinuousClock.now - start).seconds)
            }
            optimizer.update(&parameters, gradient: gradient, loss: loss, state: &state)
            if (step + 1) % reportInterval == 0 { meter.complete(reportInterval) }
        }
        let seconds = (ContinuousClock.now - start).seconds
        meter.complete(steps % reportInterval)
        guard
            let finalLoss = instance.averageLoss(
                steps: steps, parameters: parameters.span, isCancelled: { meter.isCancelled })
        else { return nil }
        meter.complete(steps)
        // A loss may hide a parameter that is NaN, as ReLU does.
        guard finalLoss.isFinite && parameters.allSatisfy(\.isFinite) else { return diverged(steps, seconds) }
        return Run(
            losses: losses, finalLoss: finalLoss, ending: .finished,
            heldOut: request.scoresHeldOut ? instance.heldOut(parameters: parameters.span) : nil,
            finalParameters: request.scoresHeldOut ? nil : parameters, seconds: seconds)
    }

    /// The run of a request, scored on held-out data if that was left for later.
    ///
    /// - Precondition: `finalParameters` are of the request's optimizee.
    public func scored(_ request: RunRequest) -> Run {
        guard let finalParameters else { return self }
        let instance = request.optimizee.instance(key: request.key)
        return Run(
            losses: losses, finalLoss: finalLoss, ending: ending,
            heldOut: instance.heldOut(parameters: finalParameters.span), seconds: seconds)
    }
}
