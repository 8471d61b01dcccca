import Evaluation
import Files
import NumericCore
import Optimizees
import Statistics

/// How far a reproduction has come.
public struct ReproductionProgress: Sendable {
    /// What is going on, as `E5 ReLU (3/22): race`.
    public let text: String
    /// Runs that are done or were found.
    public let runs: Int
    /// Runs in all, as far as can be told before sweeps have ended.
    public let totalRuns: Int
    /// The part of all work that is done, by the time that it takes; between 0 and 1.
    public let share: Double
}

/// A panel that is to be run.
struct PanelPlan: Sendable {
    let id: String
    let experiment: String
    /// As it is run: a quick reproduction takes fewer steps.
    let panel: Panel
    let ablations: [Ablation]
    /// Where several experiments show the panel, the one that wants the most rates decides.
    var search: RateSearch
    var optimizee: (any Optimizee)?
    /// What the ablations are trained on.
    var training: (any Optimizee)?
    var stepMilliseconds = 0.0
    var skipped: InputError?

    init(_ panel: Panel, of experiment: Experiment, _ settings: ReproductionSettings) {
        self.panel = settings.scaled(panel)
        self.experiment = experiment.id
        ablations = experiment.ablations
        search = settings.search(panel, wantsAllRates: experiment.figure == .learningRates)
        id = (experiment.ablations.isEmpty ? "" : "\(experiment.id)/") + self.panel.id
    }

    /// Whether the best learning rates of `other` are not far from those here, and known.
    func isKin(of other: PanelPlan) -> Bool {
        guard let optimizee, let their = other.optimizee else { return false }
        return skipped == nil && ablations.isEmpty && type(of: optimizee) == type(of: their)
    }
}

/// What a panel will take, as far as can be told before its sweeps have ended.
private struct Estimate {
    /// Runs of all sweeps and races.
    var runs = 0
    /// Seconds of one core.
    var seconds = 0.0

    init(_ plan: PanelPlan, _ settings: ReproductionSettings, learned: Int) {
        guard plan.skipped == nil else { return }
        let isAblation = !plan.ablations.isEmpty
        let tuned = isAblation ? 0 : settings.tuned(plan.panel).count
        let networks = isAblation ? plan.ablations.reduce(0) { $0 + $1.quarters.count } : learned
        let schedules = isAblation ? 0 : settings.schedules.count
        runs =
            tuned * plan.search.expectedRuns + schedules * plan.search.nearby.expectedRuns
            + (tuned + schedules + networks + (isAblation ? 0 : 1)) * settings.problems
        if !isAblation, let strongest = settings.strongest(plan.panel) {
            runs += strongest.expectedRuns(
                plan.search, tuned: tuned, problems: settings.problems, steps: plan.panel.steps)
        }
        // The final loss takes a third of what the steps took; a learned optimizer 0.2 µs a parameter and step, and
        // training it about six times what its steps alone would.
        let steps = Double(plan.panel.steps)
        let network = 2e-7 * Double(plan.optimizee?.parameterCount ?? 0)
        seconds =
            1.35e-3 * plan.stepMilliseconds * steps * Double(runs)
            + network * steps * Double(networks * settings.problems)
            + 6 * network * 100 * Double(plan.ablations.count * settings.metaIterations)
    }
}

/// Adds up the progress of panels, weighted by the time that their runs take.
final class ProgressTracker: Sendable {
    private let plans: [PanelPlan]
    private let metaIterations: Int
    private let estimates: [Estimate]
    private let report: @Sendable (ReproductionProgress) -> Void
    /// Runs of the stages before the present one.
    private let runs = OrderedMutex(0)

    init(
        _ plans: [PanelPlan], _ settings: ReproductionSettings, learned: Int,
        report: @escaping @Sendable (ReproductionProgress) -> Void
    ) {
        self.plans = plans
        self.report = report
        metaIterations = settings.metaIterations
        estimates = plans.map { Estimate($0, settings, learned: learned) }
    }

    /// What is to be called with the progress of a stage of panel `index`, which begins.
    func begin(_ stage: PanelRun.Stage, of index: Int) -> @Sendable (RunControl.Progress) -> Void {
        let panelEnd = estimates[...index].reduce(0) { $0 + $1.runs }
        let (before, end) = runs.withLock { runs in
            let before = runs
            runs = min(panelEnd, before + stage.expectedRuns)
            return (before, runs)
        }
        let work = 2 * plans[index].panel.steps
        // A sweep may take more runs than expected.
        return { [self] progress in tell(index, stage.text, runs: min(end, before + progress.completed / work)) }
    }

    /// Reports that an ablation of panel `index` has come to an iteration.
    func trained(_ ablation: Ablation, _ iteration: Int, of index: Int) {
        let text = "meta-training of \(ablation.name), iteration \(iteration) of \(metaIterations)"
        tell(index, text, runs: runs.withLock { $0 })
    }

    /// Panel `index` has ended; its estimate counts, whatever it took.
    func finish(_ index: Int) {
        let end = estimates[...index].reduce(0) { $0 + $1.runs }
        runs.withLock { $0 = end }
    }

    private func tell(_ index: Int, _ text: String, runs: Int) {
        let before = estimates[..<index]
        let (runsBefore, secondsBefore) = before.reduce((0, 0.0)) { ($0.0 + $1.runs, $0.1 + $1.seconds) }
        let (allRuns, allSeconds) = estimates.reduce((0, 0.0)) { ($0.0 + $1.runs, $0.1 + $1.seconds) }
        let part = Double(runs - runsBefore) / Double(max(1, estimates[index].runs))
        let seconds = secondsBefore + part * estimates[index].seconds
        let plan = plans[index]
        report(
            ReproductionProgress(
                text: "\(plan.experiment) \(plan.panel.title) (\(index + 1)/\(plans.count)): \(text)", runs: runs,
                totalRuns: allRuns, share: allSeconds > 0 ? min(1, seconds / allSeconds) : 0))
    }
}
