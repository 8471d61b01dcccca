import Files
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizers
import Reporting

/// How the weights have changed since they were drawn, and how large Adam's steps on them are.
struct WeightExamination<Learned: LearnedOptimizer> {
    private let weights: LearnedWeights
    private let initial: LearnedWeights
    private let state: MetaTrainingState
    private let plan: MetaTrainingPlan

    init(_ checkpoint: Checkpoint<Learned>, _ plan: MetaTrainingPlan, seed: UInt64) {
        weights = checkpoint.optimizer.weights
        initial = Learned(key: MetaTrainingBranch.initialWeights.key(seed: seed)).weights
        state = checkpoint.state
        self.plan = plan
    }

    var findings: [Finding] { [growth, stepSize].compactMap(\.self) }

    private static func norm(_ values: some Sequence<Float>) -> Double {
        values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }

    private var growth: Finding? {
        guard weights.size == initial.size else { return nil }
        let all = weights.tensors.flatMap(\.values)
        let drawn = initial.tensors.flatMap(\.values)
        let ratio = Self.norm(all) / Self.norm(drawn)
        let moved = Self.norm(zip(all, drawn).map { $0 - $1 }) / Self.norm(drawn)
        let largest = Double(all.map(abs).max() ?? 0)
        let grown = zip(weights.tensors, initial.tensors).map { now, before in
            (name: now.name, ratio: Self.norm(now.values) / max(Self.norm(before.values), 1e-30))
        }.filter { $0.ratio < 1e20 }.max { $0.ratio < $1.ratio }
        let numbers = [
            "norm_ratio": ratio, "moved": moved, "largest": largest, "largest_tensor_ratio": grown?.ratio ?? .nan,
        ]
        let text =
            "norm \(numberText(ratio, digits: 2)) times that at the start"
            + (grown.map { ", \(numberText($0.ratio, digits: 2)) times in \($0.name)" } ?? "")
        if moved < 0.01 && state.iteration >= 200 {
            return Finding(
                "weights", "moved by \(percentText(moved)) of their norm", .look, numbers: numbers,
                advice: "They hardly change: raise --meta-learning-rate.")
        }
        return Finding(
            "weights", text, Verdict.above(max(ratio, (grown?.ratio ?? 0) / 3), look: 5, bad: 20), numbers: numbers,
            advice: "Growing weights end in saturated gates: lower --meta-learning-rate, or stop here.")
    }

    /// The size of the meta-optimizer's last step relative to the weights'.
    private var stepSize: Finding? {
        guard state.adam.step > 0 else { return nil }
        let rate = plan.metaLearningRate(iteration: max(state.iteration - 1, 0))
        let direction = plan.metaOptimizer.adam(rate).direction(state.adam)
        let size = direction.reduce(0) { $0 + $1 * $1 }.squareRoot() * rate
        let ratio = size / max(Self.norm(weights.tensors.flatMap(\.values)), 1e-30)
        return Finding(
            "step on the weights", "\(numberText(ratio, digits: 2)) of their norm",
            ratio > 0.05 ? .bad : ratio > 0.01 || ratio < 1e-7 ? .look : .fine,
            numbers: ["relative_step": ratio, "meta_learning_rate": rate],
            advice: ratio < 1e-7
                ? "Too small to learn from: raise --meta-learning-rate."
                : "Steps this large overshoot: lower --meta-learning-rate; around 0.001 is usual.")
    }
}
