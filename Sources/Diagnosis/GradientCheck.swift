import Files
package import LearnedOptimizers
package import MetaTraining
import NumericCore
import Optimizers
import Reporting

/// Holds the meta-gradient of the kernels against central differences of the network in double precision.
///
/// With the optimizee's gradients as constants, as in training, a period's loss changes with the weights by
/// Σ_t Δθ_t · Σ_{s>t} w_s ∇f(θ_s). Along each tensor's part of the gradient that must change at the rate of the part's
/// norm. Done on some coordinates of one task, in its first and its last period.
package enum GradientCheck {
    private static let coordinates = 48
    private static let tolerance = 1e-2

    /// - Parameter gradients: each task's gradients of the optimizee, a row for each step.
    package static func finding<Learned: FirstOrderLearnedOptimizer>(
        _ gradients: [[[Float]]], _ optimizer: Learned, _ network: some ReferenceRule, _ plan: MetaTrainingPlan
    ) -> Finding {
        let check = "finite differences"
        guard let task = gradients.first(where: { $0.allSatisfy { $0.allSatisfy(\.isFinite) } }) else {
            return Finding(
                check, "no task has finite gradients to check with", .bad,
                advice: "Take an earlier checkpoint; every task diverges with this one.")
        }
        let rows = task.map { Array($0.prefix(coordinates)) }
        var worst = (tensor: "", error: 0.0)
        var drift = 0.0
        for period in Set([0, plan.truncation.validationPeriods - 1]).sorted() {
            let found = errors(rows, period, optimizer, network, plan)
            for (tensor, error) in found.errors where !(error <= worst.error) { worst = (tensor, error) }
            drift = max(drift, found.drift)
        }
        let isFine = worst.error <= tolerance
        if !isFine && drift > tolerance {
            return Finding(
                check, "impossible: single and double precision part by \(numberText(drift, digits: 1))", .bad,
                numbers: ["largest_relative_error": worst.error, "drift": drift, "tolerance": tolerance],
                advice:
                    "The network enlarges rounding errors, so its gradient means little: its weights are too large.")
        }
        return Finding(
            check,
            "the meta-gradient \(isFine ? "agrees" : "disagrees") with them to "
                + "\(numberText(worst.error, digits: 1))\(isFine ? "" : " in \(worst.tensor)")",
            isFine ? .fine : .bad,
            numbers: ["largest_relative_error": worst.error, "drift": drift, "tolerance": tolerance],
            advice:
                "The derivative is wrong or lost its digits: compare L2O_KERNELS=baseline, and report it as a bug.")
    }

    /// For each tensor, how far the rate of change is from the norm, relative to the norm or a thousandth of the whole;
    /// and how far the period's movement is from that in double precision.
    private static func errors<Learned: FirstOrderLearnedOptimizer>(
        _ rows: [[Float]], _ period: Int, _ optimizer: Learned, _ network: some ReferenceRule,
        _ plan: MetaTrainingPlan
    ) -> (errors: [(tensor: String, error: Double)], drift: Double) {
        let (unroll, count) = (plan.truncation.unroll, rows[0].count)
        let weights = plan.metaLoss.losses.weights(unroll)
        let before = rows[..<(period * unroll)]
        let during = rows[(period * unroll)..<((period + 1) * unroll)]

        let layout = ParameterLayout(count: count)
        var state = optimizer.initialState(for: layout)
        var parameters = [Float](repeating: 0, count: count)
        for row in before { optimizer.update(&parameters, gradient: row, state: &state) }
        var recorded = AlignedFloats(count: unroll * count)
        unsafe recorded.withMutablePointer { pointer in
            for (index, value) in during.joined().enumerated() { unsafe pointer[index] = value }
        }
        let gradient = optimizer.metaGradient(
            of: RecordedPeriod(
                startState: state, startParameters: parameters, gradients: recorded,
                lossWeights: weights), sample: .all)
        let entry = parameters
        for row in during { optimizer.update(&parameters, gradient: row, state: &state) }

        var position = [Double](repeating: 0, count: count)
        var memory = network.initialState(for: layout)
        _ = network.updates(&memory, parameters: &position, gradients: before.map { $0.map(Double.init) })
        let start = memory
        let gradients = during.map { $0.map(Double.init) }
        var path = [position]
        let updates = network.updates(&memory, parameters: &position, gradients: gradients)
        for step in updates.dropLast() { path.append(zip(path[path.count - 1], step).map { $0 + $1 }) }
        let moved = (0..<count).map { index in updates.reduce(0) { $0 + $1[index] } }
        let drift =
            norm(zip(zip(parameters, entry), moved).map { $0.0 - $0.1 - Float($1) })
            / max(norm(zip(parameters, entry).map { $0 - $1 }), 1e-30)
        let lossWeights = weights.map(Double.init)
        let positions = path
        @Sendable func loss(_ direction: [Double], _ length: Double) -> Double {
            var moved = network
            for index in direction.indices { moved.weights[index] += length * direction[index] }
            return moved.surrogate(
                from: start, parameters: positions, gradients: gradients, lossWeights: lossWeights)
        }
        let whole = norm(gradient)
        let parts = parts(of: gradient, optimizer)
        let errors = parallelMap(parts.count) { part in
            let size = norm(parts[part].values)
            guard size > 0 else { return 0.0 }
            let direction = parts[part].values.map { Double($0) / size }
            let length = 1e-5
            let rate = (loss(direction, length) - loss(direction, -length)) / (2 * length)
            return abs(rate - size) / max(size, 1e-3 * whole)
        }
        return (zip(parts, errors).map { ($0.tensor, $1) }, drift)
    }

    /// The gradient with all but one tensor's elements 0, for each tensor.
    private static func parts<Learned: LearnedOptimizer>(
        of gradient: [Float], _ optimizer: Learned
    ) -> [(tensor: String, values: [Float])] {
        let named = optimizer.optimizer(gradient).weights
        return named.tensors.map { tensor in
            let alone = LearnedWeights(Learned.descriptor, size: named.size, constants: named.constants) {
                $0 == tensor.name ? tensor.values : [Float](repeating: 0, count: named[$0].count)
            }
            return (tensor.name, Learned(weights: alone).metaParameters)
        }
    }

    private static func norm(_ values: [Float]) -> Double {
        values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
}
