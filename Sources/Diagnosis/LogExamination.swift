import Evaluation
import MetaTraining
import Platform
import Reporting
import Statistics

/// What the log of a run tells: whether the loss falls, how large meta-gradients were, what was skipped.
struct LogExamination {
    private let metrics: [MetaTrainingMetrics]
    private let isCutShort: Bool
    private let state: MetaTrainingState

    init(_ metrics: [MetaTrainingMetrics], isCutShort: Bool, _ state: MetaTrainingState) {
        self.metrics = metrics
        self.isCutShort = isCutShort
        self.state = state
    }

    var findings: [Finding] {
        [completeness, lossTrend, finiteness, gradientNorms, skippedUpdates, bestCheckpoint].compactMap(\.self)
    }

    private var completeness: Finding {
        let seconds = metrics.last?.seconds ?? 0
        let missing = state.iteration - metrics.count
        let numbers = ["lines": Double(metrics.count), "seconds": seconds, "iterations": Double(state.iteration)]
        if isCutShort {
            return Finding(
                "log", "\(metrics.count) whole lines, the last one cut short", .look, numbers: numbers,
                advice: "The run is writing just now, or died; --resume repeats what the log lacks.")
        }
        if missing > 0 {
            return Finding(
                "log", "\(metrics.count) lines for \(state.iteration) iterations", .look, numbers: numbers,
                advice: "Lines are missing: what is said of the loss rests on the others.")
        }
        return Finding(
            "log", "\(countText(metrics.count)) iterations in \(secondsText(seconds))", .fine, numbers: numbers)
    }

    // MARK: The loss

    /// Means of consecutive blocks of about the same length.
    private static func blocks(_ values: [Double], count: Int) -> [Double] {
        (0..<count).map { block in
            let part = values[(block * values.count / count)..<((block + 1) * values.count / count)]
            return part.reduce(0, +) / Double(part.count)
        }
    }

    private var lossTrend: Finding {
        let check = "meta-loss"
        let losses = metrics.compactMap(\.metaLoss)
        guard losses.count >= 40 else {
            return Finding(
                check, "\(losses.count) finite so far: too few to see a trend", losses.isEmpty ? .bad : .look,
                numbers: ["losses": Double(losses.count)],
                advice: losses.isEmpty
                    ? "No meta-loss is finite: lower --meta-learning-rate or --scaling, and see that the optimizee's "
                        + "own loss is finite."
                    : "Train for some hundred iterations before judging a run.")
        }
        let tenth = losses.count / 10
        let start = Statistics(losses.prefix(tenth)).median
        let end = Statistics(losses.suffix(tenth)).median
        let best = Self.blocks(losses, count: 20).min()!
        let half = Self.blocks(Array(losses.suffix((losses.count + 1) / 2)), count: 20)
        let trend = Trend(half)
        let level = max(abs(Statistics(half).median), 1e-30)
        let change = trend.slope * Double(half.count) / level
        let numbers = [
            "start": start, "end": end, "best_block": best, "change_of_second_half": change, "p_value": trend.pValue,
        ]
        let ends = "\(short(start)) at first, \(short(end)) now"
        if end > 3 * max(best, 1e-30) && end - best > 1e-6 {
            return Finding(
                check, "\(ends): exploded from \(short(best))", .bad, numbers: numbers,
                advice: "Go back to best.safetensors and lower --meta-learning-rate.")
        }
        let percent = "\(numberText(100 * abs(change), digits: 2)) %"
        if trend.pValue < 0.01 && change > 0.05 {
            return Finding(
                check, "\(ends); rising, \(percent) over the second half", .bad, numbers: numbers,
                advice:
                    "It gets worse: go back to best.safetensors, lower --meta-learning-rate or raise --meta-batch.")
        }
        if trend.pValue < 0.01 && change < -0.02 {
            return Finding(
                check, "\(ends); still falling, \(percent) over the second half", .fine, numbers: numbers)
        }
        if end > 0.95 * start {
            return Finding(
                check, "\(ends): nothing learned yet", .bad, numbers: numbers,
                advice:
                    "Train longer; where that is done already, raise --meta-learning-rate or try an easier optimizee."
            )
        }
        return Finding(
            check, "\(ends); no trend over the second half", .look, numbers: numbers,
            advice: "Converged, stuck, or too short to tell: train on; if it stays so, change the rate or --horizon.")
    }

    private var finiteness: Finding? {
        let lost = metrics.count { $0.metaLoss == nil }
        guard lost > 0 else { return nil }
        let share = Double(lost) / Double(metrics.count)
        return Finding(
            "diverged iterations", "\(countText(lost)) of \(countText(metrics.count)) meta-losses were not finite",
            share > 0.01 ? .bad : .look, numbers: ["share": share],
            advice: "Tasks diverge in training: lower --scaling or --meta-learning-rate.")
    }

    // MARK: Updates

    private var gradientNorms: Finding? {
        let norms = metrics.flatMap(\.gradientNorms).compactMap(\.self)
        guard !norms.isEmpty else { return nil }
        let statistics = Statistics(norms)
        let spikes = norms.count { $0 > 100 * statistics.median }
        let share = Double(spikes) / Double(norms.count)
        let ratio = statistics.maximum / statistics.median
        let numbers = [
            "median": statistics.median, "largest": statistics.maximum, "share_above_100_medians": share,
        ]
        if statistics.median == 0 {
            return Finding(
                "logged gradients", "most are exactly 0", .bad, numbers: numbers,
                advice: "The loss does not depend on the weights: dead units, or an optimizee without gradient.")
        }
        return Finding(
            "logged gradients",
            "median norm \(short(statistics.median)), largest \(numberText(ratio, digits: 2)) times that",
            share > 0.01 ? .look : .fine, numbers: numbers,
            advice:
                "\(numberText(100 * share, digits: 2)) % are over a hundred times the median: a few tasks rule the "
                + "training. Raise --meta-batch or lower --scaling.")
    }

    private var skippedUpdates: Finding {
        let total = max(metrics.reduce(0) { $0 + $1.gradientNorms.count }, 1)
        let share = Double(state.skipped) / Double(total)
        let row = state.skippedInARow > 1 ? ", the last \(state.skippedInARow) in a row" : ""
        return Finding(
            "skipped updates",
            state.skipped == 0
                ? "none" : "\(countText(state.skipped)) of \(countText(total))\(row)",
            state.skipped == 0 ? .fine : share > 0.01 || state.skippedInARow > 1 ? .bad : .look,
            numbers: ["skipped": Double(state.skipped), "share": share],
            advice: "Meta-gradients were not finite, so nothing was learned from them: lower --scaling or "
                + "--meta-learning-rate.")
    }

    private var bestCheckpoint: Finding? {
        guard let best = state.best, state.iteration > best.iteration else { return nil }
        let age = Double(state.iteration - best.iteration) / Double(state.iteration)
        return Finding(
            "best checkpoint", "of iteration \(countText(best.iteration)), of \(countText(state.iteration))",
            age > 0.5 ? .look : .fine, numbers: ["iteration": Double(best.iteration), "score": best.score],
            advice: "Nothing since was better: use best.safetensors, and train on with a lower --meta-learning-rate.")
    }
}

func short(_ value: Double) -> String { numberText(value, digits: 3) }

func countText(_ value: Int) -> String { numberText(Double(value), digits: 15, trimsZeros: true) }

func percentText(_ share: Double) -> String {
    share > 0 && share < 0.001
        ? "under 0.1 %" : "\(numberText(100 * share, digits: share < 0.1 ? 2 : 3, trimsZeros: true)) %"
}

private func secondsText(_ seconds: Double) -> String {
    seconds < 120
        ? "\(numberText(seconds, digits: 2)) s"
        : seconds < 7200
            ? "\(numberText(seconds / 60, digits: 2)) minutes" : "\(numberText(seconds / 3600, digits: 2)) hours"
}
