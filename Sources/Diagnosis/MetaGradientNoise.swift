package import MetaTraining
import Reporting

/// How large the meta-gradient is that tasks have in common, and how much each adds of its own.
///
/// For each period, the tasks' gradients have a mean and a total variance tr Σ; ‖mean‖² − tr Σ / K is an unbiased
/// estimate of the squared norm of the true mean (McCandlish et al. 2018, *An empirical model of large-batch training*,
/// appendix A). One meta-iteration sees the true mean with noise of tr Σ / batch.
package struct MetaGradientNoise {
    /// The sum over periods of the squared norm of the mean gradient; may come out negative where noise prevails.
    package private(set) var signal = 0.0
    /// The sum over periods of the gradients' total variance over tasks.
    package private(set) var noise = 0.0
    /// The mean norm of one task's gradient.
    package private(set) var norm = 0.0
    /// Gradients that are not finite, and all.
    private(set) var lost = 0
    private(set) var total = 0
    private let tasks: Int

    init(_ fresh: FreshTasks) { self.init(fresh.outcomes.map(\.metaGradients)) }

    /// - Parameter gradients: of each task and period.
    package init(_ gradients: [[[Float]]]) {
        tasks = gradients.count
        for period in gradients.first?.indices ?? 0..<0 {
            let all = gradients.map { $0[period] }
            let gradients = all.filter { $0.allSatisfy(\.isFinite) }
            total += all.count
            lost += all.count - gradients.count
            let count = Double(gradients.count)
            var (meanSquare, variance, squares) = (0.0, 0.0, 0.0)
            for index in gradients.first?.indices ?? 0..<0 {
                let mean = gradients.reduce(0) { $0 + Double($1[index]) } / count
                meanSquare += mean * mean
                for gradient in gradients {
                    let deviation = Double(gradient[index]) - mean
                    variance += deviation * deviation
                }
            }
            for gradient in gradients {
                squares += gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            }
            norm += squares
            guard gradients.count > 1 else { continue }
            variance /= count - 1
            signal += meanSquare - variance / count
            noise += variance
        }
        norm /= Double(max(total - lost, 1))
    }

    package func finding(_ plan: MetaTrainingPlan) -> Finding {
        let check = "meta-gradient"
        if lost > 0 {
            return Finding(
                check, "\(lost) of \(total) are not finite", .bad, numbers: ["not_finite": Double(lost)],
                advice: "The optimizer drives tasks to where they have no gradient: take an earlier checkpoint.")
        }
        guard norm > 1e-20 else {
            return Finding(
                check, "vanished: norm \(short(norm))", .bad, numbers: ["norm": norm],
                advice: "Nothing can be learned from it: see the gates, the dead units and the tanh limit.")
        }
        let perIteration = noise / Double(plan.metaBatch)
        let ratio = noise > 0 ? (max(signal, 0) / perIteration).squareRoot() : .nan
        let numbers = [
            "norm": norm, "signal_to_noise": ratio, "signal_squared": signal, "noise_squared": noise,
            "meta_batch": Double(plan.metaBatch), "tasks_for_ratio_1": signal > 0 ? noise / signal : .nan,
        ]
        guard tasks > 1 else {
            return Finding(check, "norm \(short(norm)); one task shows no noise", .fine, numbers: numbers)
        }
        guard signal > 0 else {
            return Finding(
                check, "norm \(short(norm)), not to be told from noise with \(tasks) tasks", .look, numbers: numbers,
                advice: "Try --tasks \(4 * tasks); if it stays so, raise --meta-batch (now \(plan.metaBatch)).")
        }
        return Finding(
            check, "norm \(short(norm)), signal to noise \(numberText(ratio, digits: 2)) in one iteration",
            ratio < 0.1 ? .look : .fine, numbers: numbers,
            advice: "Mostly noise: --meta-batch \(max(2, Int(min(noise / signal, 1000)))) would bring it to 1.")
    }
}
