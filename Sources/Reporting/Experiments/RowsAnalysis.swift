import Evaluation
import NumericCore
public import Statistics

/// What races on many problems say together.
public struct RowsAnalysis: Sendable {
    /// One optimizer over all problems.
    public struct Standing: Sendable {
        /// How it is called in every panel.
        public let name: String
        /// The interquartile mean, over all runs of all problems, of its loss relative to the best tuned optimizer's
        /// median on the same problem, as a ratio: 0.9 for a tenth lower.
        public let mean: Estimate
        /// The subject against it: how many problems end in each verdict. Empty for the subject itself.
        public let verdicts: [Duel.Verdict: Int]
        /// On how many problems its median is the lowest.
        public let firsts: Int
        /// How many runs diverged.
        public let diverged: Int
        /// How many learning rates were tried.
        public let trials: Int
        /// The area below its profile of losses, and below its profile of steps; at most 1.
        public let areas: (loss: Double, steps: Double)
    }

    /// The problems: panels with a race, where an optimizer was tuned.
    public let panels: [PanelAnalysis]
    /// What the panels are about.
    public let subject: String
    /// The optimizers that race in every panel, the lowest mean first.
    public let standings: [Standing]
    /// Final losses relative to the lowest, in the order of `standings`.
    public let losses: PerformanceProfile
    /// Steps to where the best tuned optimizer ends, relative to the fewest, in the order of `standings`.
    public let steps: PerformanceProfile

    /// Nil where fewer than two panels have something to be compared.
    public init?(_ panels: [PanelAnalysis], _ bootstrap: Bootstrap) {
        let panels = panels.filter { $0.baseline != nil }
        guard panels.count > 1, let first = panels.first else { return nil }
        let names = first.standings.map(\.name).filter { name in
            panels.allSatisfy { $0.standing(name) != nil }
        }
        guard !names.isEmpty else { return nil }
        let means = parallelMap(names.count) { index in
            let scores = panels.map { $0.standing(names[index])!.result.scores(against: $0.baseline!.result) }
            return bootstrap.interquartileMean(scores).exponential
        }
        let order = names.indices.sorted { (means[$0].value, $0) < (means[$1].value, $1) }
        let places = order.map { index in panels.map { $0.standing(names[index])! } }
        let losses = PerformanceProfile(costs: places.map { $0.map(\.final.value) })
        let steps = PerformanceProfile(costs: places.map { $0.map { max(1, $0.time?.medianSteps ?? .infinity) } })
        self.panels = panels
        self.losses = losses
        self.steps = steps
        subject = first.subject.name
        standings = order.enumerated().map { place, index in
            let own = places[place]
            return Standing(
                name: names[index], mean: means[index],
                verdicts: own.compactMap(\.duel?.verdict).reduce(into: [:]) { $0[$1, default: 0] += 1 },
                firsts: zip(panels, own).count { $0.standings[0].result.optimizer == $1.result.optimizer },
                diverged: own.reduce(0) { $0 + $1.result.diverged },
                trials: own.reduce(0) { $0 + ($1.result.trials ?? 0) },
                areas: (losses.area(of: place), steps.area(of: place)))
        }
    }
}
