public import Evaluation
import Optimizers
import Platform
import Statistics

/// What experiments came to: everything that tables, figures and a report are drawn from.
///
/// In JSON: `{"command", "version", "machine", "date", "seeds", "seed", "quick", "experiments": […], "panels": […]}`. Several experiments
/// may show one panel, so panels stand beside them, each once, and experiments name them.
public struct ReproductionResult: Sendable, Codable {
    /// The command line that gives all of it again.
    public var command: String
    /// The program's version.
    public var version: String
    /// The processor and its cores; nil in a file that does not say.
    public var machine: String?
    /// When it was written, as `2025-12-31T23:59:59Z`; nil in a file that does not say.
    public var date: String?
    /// How many problems each optimizer met in each panel.
    public var problems: Int
    /// The root of all random numbers.
    public var seed: UInt64
    /// Whether fewer steps and rates were tried than the paper has.
    public var quick: Bool
    /// What was asked for, in the paper's order.
    public var experiments: [ExperimentResult]
    /// Every panel that an experiment names, each once.
    public var panels: [PanelResult]

    /// Makes a result from its parts.
    public init(
        command: String, version: String, machine: String? = nil, date: String? = nil, problems: Int, seed: UInt64,
        quick: Bool, experiments: [ExperimentResult], panels: [PanelResult]
    ) {
        self.command = command
        self.version = version
        self.machine = machine
        self.date = date
        self.problems = problems
        self.seed = seed
        self.quick = quick
        self.experiments = experiments
        self.panels = panels
    }

    private enum CodingKeys: String, CodingKey {
        case command, version, machine, date
        case problems = "seeds"
        case seed, quick, experiments, panels
    }

    /// An experiment's panels, in its order.
    public func panels(of experiment: ExperimentResult) -> [PanelResult] {
        experiment.panels.compactMap { id in panels.first { $0.id == id } }
    }
}

/// One experiment: what it asks, what the paper answered, and where our answer is.
public struct ExperimentResult: Sendable, Codable {
    /// For example `E1`.
    public var id: String
    /// What is compared.
    public var title: String
    /// What the paper found; empty where it says nothing.
    public var claim: String
    /// What its figure shows.
    public var figure: Experiment.Figure
    /// The panels' ids.
    public var panels: [String]
    /// The command line that gives this experiment again.
    public var command: String

    private enum CodingKeys: String, CodingKey {
        case id, title
        case claim = "finding"
        case figure, panels, command
    }

    /// Makes an experiment's result from its parts.
    public init(_ experiment: Experiment, panels: [String], command: String) {
        id = experiment.id
        title = experiment.title
        claim = experiment.claim
        figure = experiment.figure
        self.panels = panels
        self.command = command
    }
}

/// One panel's race, and the sweeps that chose its entrants; or why there is none.
public struct PanelResult: Sendable, Codable {
    /// For example `mnist-mlp@100`; an ablation's begins with its experiment, as `E9/mnist-mlp@100`.
    public var id: String
    /// What was asked for. A quick reproduction takes fewer steps than the paper.
    public var panel: Panel
    /// How the learning rates were searched for, in words; empty where none was.
    public var search: String
    /// Every optimizer's curves, final and held-out losses, times; nil where the panel was skipped.
    public var race: RaceResult?
    /// Every learning rate that was tried, for each tuned optimizer in the race's order.
    public var sweeps: [SweepRecord]
    /// Why there is no race; nil where there is one.
    public var skipped: String?
    /// The strongest hand-designed optimizer; nil where it was not searched for.
    public var strongest: StrongestResult?

    /// Makes a panel's result from its parts.
    public init(
        id: String, panel: Panel, search: String = "", race: RaceResult? = nil, sweeps: [SweepRecord] = [],
        skipped: String? = nil, strongest: StrongestResult? = nil
    ) {
        self.id = id
        self.panel = panel
        self.search = search
        self.race = race
        self.sweeps = sweeps
        self.skipped = skipped
        self.strongest = strongest
    }

    /// The optimizers of a role, in the race's order.
    public func results(_ role: OptimizerResult.Role) -> [OptimizerResult] {
        race?.results.filter { $0.role == role } ?? []
    }

    /// The tuned optimizer with the lowest mean final loss, which a run that diverged makes infinite; those under a
    /// schedule take part.
    public var bestTuned: OptimizerResult? {
        results(.tuned).min { $0.finalStatistics.mean < $1.finalStatistics.mean }
    }
}

/// A learning-rate sweep as it is kept in a file.
public struct SweepRecord: Sendable, Codable {
    /// One learning rate.
    public struct Trial: Sendable, Codable {
        /// The learning rate is `2^(halfPower/2)`.
        public var halfPower: Int
        /// Each problem's final loss; nil where the run diverged. A coarse search tries some rates on fewer problems.
        public var finalLosses: [Double?]

        private enum CodingKeys: String, CodingKey {
            case halfPower = "half_power"
            case finalLosses = "final_losses"
        }

        /// `2^(halfPower/2)`.
        public var learningRate: Double { exp2(Double(halfPower) / 2) }
        /// The final losses, +∞ where the run diverged.
        public var losses: [Double] { finalLosses.map { $0 ?? .infinity } }
    }

    /// The optimizer's keyword.
    public var optimizer: String
    /// The constants that differ from its defaults, as `epsilon=1e-12`; nil where none does.
    public var constants: String?
    /// The schedule that it was tuned under; nil for a constant rate.
    public var schedule: ScheduleShape?
    /// The best rate, in half powers of two.
    public var best: Int
    /// Whether the best lies at the end of what was tried.
    public var isOnEdge: Bool
    /// Every rate that was tried, in rising order.
    public var trials: [Trial]

    private enum CodingKeys: String, CodingKey {
        case optimizer, constants, schedule
        case best = "best_half_power"
        case isOnEdge = "on_edge"
        case trials
    }

    /// What a sweep found.
    public init(_ sweep: SweepResult, under schedule: ScheduleShape? = nil) {
        optimizer = type(of: sweep.optimizer).keyword
        let changes = sweep.optimizer.changedConstants.joined(separator: " ")
        constants = changes.isEmpty ? nil : changes
        self.schedule = schedule
        best = sweep.best.halfPower
        isOnEdge = sweep.isOnEdge
        trials = sweep.trials.map {
            Trial(halfPower: $0.halfPower, finalLosses: $0.finalLosses.map { $0.isFinite ? $0 : nil })
        }
    }

    /// What was tuned, as `adam`, `adam epsilon=1e-12`, or `adam, cosine`.
    public var text: String {
        optimizer + (constants.map { " \($0)" } ?? "") + (schedule.map { ", \($0.text)" } ?? "")
    }

    /// How far the best rate lies from the paper's, in grid steps; nil where the paper's best is another optimizer, and
    /// under a schedule or with constants that the paper's had not.
    public func distance(to paper: PaperBaseline) -> Int? {
        optimizer == paper.optimizer && schedule == nil && constants == nil ? abs(best - paper.halfPower) : nil
    }
}

extension OptimizerResult {
    /// How an optimizer came to a race.
    public enum Role: Sendable {
        /// With learned weights.
        case learned
        /// Hand-designed, at the best learning rate of a sweep.
        case tuned
        /// Hand-designed, as it comes.
        case untuned
    }

    /// How it came to the race.
    public var role: Role { trials != nil ? .tuned : learningRate != nil ? .untuned : .learned }
}
