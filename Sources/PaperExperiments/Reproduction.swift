public import Evaluation
import Files
import NumericCore
public import Optimizees
public import Optimizers

/// Runs the paper's experiments.
///
///     let reproduction = Reproduction(catalogue: catalogue, learned: [Entrant(rnnprop)], settings: Settings(problems: 5))
///     let result = try reproduction.run(Experiments.named(["E1", "E5"]), performer: StoredRuns(store))
///
/// Every panel is a race: the learned optimizers against seven hand-designed ones, each at the best learning rate of a
/// sweep over the same problems, the best of them also under schedules where `ReproductionSettings.schedules` has some, and
/// against AdamW as it comes. A panel whose optimizee is not there, because its data
/// are missing for instance, is skipped and says so.
public struct Reproduction: Sendable {
    /// Where optimizees come from.
    public var catalogue: OptimizeeCatalogue
    /// The learned optimizers that race, but for the ablations.
    public var learned: [Entrant]
    /// How much effort goes in.
    public var settings: ReproductionSettings
    /// The folder in which ablations are trained.
    public var ablationFolder: String
    /// What ablations are trained on.
    public var trainingOptimizee = "mnist-mlp"
    /// The program's version, for the result.
    public var version: String
    /// The command line that runs some experiments, for the result.
    public var command: @Sendable ([String]) -> String

    /// Makes a reproduction from its parts.
    public init(
        catalogue: OptimizeeCatalogue, learned: [Entrant], settings: ReproductionSettings, ablationFolder: String,
        version: String = "", command: @escaping @Sendable ([String]) -> String = { $0.joined(separator: " ") }
    ) {
        self.catalogue = catalogue
        self.learned = learned
        self.settings = settings
        self.ablationFolder = ablationFolder
        self.version = version
        self.command = command
    }

    /// Runs experiments; a panel that several show is run once.
    ///
    /// - Parameters:
    ///   - performer: computes the runs, or finds them.
    ///   - progress: called now and then, from any thread but never from two at once.
    ///   - isCancelled: asked before each step.
    /// - Throws: `CancellationError` where cancelled; `InputError` where every panel had to be skipped.
    public func run(
        _ experiments: [Experiment], performer: any RunPerformer,
        progress: @escaping @Sendable (ReproductionProgress) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws -> ReproductionResult {
        var plans: [PanelPlan] = []
        var shown: [ExperimentResult] = []
        for experiment in experiments {
            let own = experiment.panels.map { PanelPlan($0, of: experiment, settings) }
            for plan in own {
                if let place = plans.firstIndex(where: { $0.id == plan.id }) {
                    plans[place].search.spacing = min(plans[place].search.spacing, plan.search.spacing)
                } else {
                    plans.append(plan)
                }
            }
            shown.append(ExperimentResult(experiment, panels: own.map(\.id), command: command([experiment.id])))
        }
        for index in plans.indices { try prepare(&plans[index], performer, isCancelled) }
        if let reason = plans.first?.skipped, plans.allSatisfy({ $0.skipped != nil }) { throw reason }
        let tracker = ProgressTracker(plans, settings, learned: learned.count, report: progress)
        var panels: [PanelResult] = []
        for index in plans.indices {
            defer { tracker.finish(index) }
            plans[index].search.starts = plans[..<index].lastIndex { $0.isKin(of: plans[index]) }
                .map { RateSearch.Starts(panels[$0]) }
            panels.append(try result(of: plans[index], at: index, performer, tracker, isCancelled))
        }
        return ReproductionResult(
            command: command(experiments.map(\.id)), version: version, problems: settings.problems,
            seed: settings.seed,
            quick: settings.isQuick, experiments: shown, panels: panels)
    }

    /// Finds the panel's optimizee, or the reason to skip it, and how long a step takes.
    private func prepare(
        _ plan: inout PanelPlan, _ performer: any RunPerformer, _ isCancelled: () -> Bool
    ) throws {
        do {
            let optimizee = try catalogue.optimizee(named: plan.panel.optimizee)
            plan.optimizee = optimizee
            if !plan.ablations.isEmpty { plan.training = try catalogue.optimizee(named: trainingOptimizee) }
            plan.stepMilliseconds =
                try performer.timing(of: SGD(), on: optimizee, steps: 3, isCancelled: isCancelled).stepMilliseconds
        } catch let reason as InputError {
            plan.skipped = reason
        }
    }

    private func result(
        of plan: PanelPlan, at index: Int, _ performer: any RunPerformer, _ tracker: ProgressTracker,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws -> PanelResult {
        guard plan.skipped == nil, let optimizee = plan.optimizee else {
            return PanelResult(id: plan.id, panel: plan.panel, skipped: plan.skipped?.description)
        }
        let entrants = try plan.ablations.flatMap { ablation in
            try AblationTraining(
                optimizee: plan.training!, folder: ablationFolder, iterations: settings.metaIterations,
                seed: settings.seed, isQuick: settings.isQuick, isCancelled: isCancelled
            ).entrants(ablation) { tracker.trained(ablation, $0, of: index) }
        }
        let isAblation = !plan.ablations.isEmpty
        let run = PanelRun(
            optimizee: optimizee, steps: plan.panel.steps, problems: settings.problems, seed: settings.seed,
            entrants: isAblation ? entrants : learned + [Entrant(AdamW(), label: "adamw untuned")],
            tuned: isAblation ? [] : settings.tuned(plan.panel), search: plan.search, schedules: settings.schedules)
        let (race, sweeps) = try run.run(performer: performer) { stage in
            RunControl(progress: tracker.begin(stage, of: index), isCancelled: isCancelled)
        }
        var result = PanelResult(
            id: plan.id, panel: plan.panel, search: run.searchText, race: race, sweeps: sweeps)
        guard !isAblation, let strongest = settings.strongest(plan.panel) else { return result }
        result.search += "; " + strongest.text(plan.search, tuned: run.tuned.count)
        result.strongest = try run.strongest(strongest, after: race, sweeps, performer: performer) { stage in
            RunControl(progress: tracker.begin(stage, of: index), isCancelled: isCancelled)
        }
        return result
    }
}

/// How much effort goes into a reproduction.
public struct ReproductionSettings: Sendable {
    /// How many problems each optimizer meets.
    public var problems: Int
    /// The root of all random numbers.
    public var seed: UInt64
    /// Whether to look at everything in minutes: fewer steps, fewer rates, hardly any meta-training.
    public var isQuick: Bool
    /// Meta-iterations of each ablation.
    public var metaIterations: Int
    /// The hand-designed optimizers that are tuned.
    public var tuned: [any HandDesignedOptimizer] = Experiments.opponents
    /// The schedules under which a panel's best of them is tuned again; each takes about an eighth more runs.
    public var schedules: [ScheduleShape] = []
    /// How each panel's strongest hand-designed optimizer is searched for; nil where it is not. It takes about six times
    /// as many runs, and on heavy panels, where `StrongestSearch.frugal` bounds it, three times.
    public var strongest: StrongestSearch?

    /// - Parameters:
    ///   - problems: how many problems each optimizer meets; else 10, or 2 where it is quick.
    ///   - seed: the root of all random numbers.
    ///   - isQuick: whether to look at everything in minutes.
    ///   - metaIterations: of each ablation; else 1,000, or 20 where it is quick.
    public init(problems: Int? = nil, seed: UInt64 = 0, isQuick: Bool = false, metaIterations: Int? = nil) {
        self.problems = problems ?? (isQuick ? 2 : 10)
        self.seed = seed
        self.isQuick = isQuick
        self.metaIterations = metaIterations ?? (isQuick ? 20 : 1000)
    }

    /// The hand-designed optimizers that are tuned on a panel: on heavy ones, a quick reproduction makes do with two.
    func tuned(_ panel: Panel) -> [any HandDesignedOptimizer] {
        isQuick && panel.isHeavy ? tuned.filter { $0 is Adam || $0 is Nesterov } : tuned
    }

    /// How a panel's strongest is searched for: heavy runs allow few of them under schedules.
    func strongest(_ panel: Panel) -> StrongestSearch? {
        guard var search = strongest, panel.isHeavy else { return strongest }
        search.scheduled = min(search.scheduled ?? .max, StrongestSearch.frugal.scheduled ?? .max)
        return search
    }

    /// A panel as it is run.
    func scaled(_ panel: Panel) -> Panel {
        guard isQuick else { return panel }
        var quick = panel
        // What the paper's authors found is for all of the steps.
        quick.paperBaseline = nil
        quick.steps = max(1, panel.steps > 100 || panel.isHeavy ? panel.steps / 10 : panel.steps / 5)
        return quick
    }

    /// How learning rates are searched for: heavy runs allow few of them, a figure over learning rates needs all.
    func search(_ panel: Panel, wantsAllRates: Bool) -> RateSearch {
        if isQuick { return RateSearch(spacing: 4, problems: 1) }
        let spacing = wantsAllRates ? 1 : 4
        return panel.isHeavy
            ? .frugal(spacing: spacing, problems: problems) : RateSearch(spacing: spacing, problems: problems)
    }
}
