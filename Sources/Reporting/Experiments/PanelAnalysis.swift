public import Evaluation
import NumericCore
import Optimizers
public import PaperExperiments
public import Statistics

/// What a panel's race says: every optimizer's place, and how the one that the panel is about does against each.
public struct PanelAnalysis: Sendable {
    /// One optimizer's place.
    public struct Standing: Sendable {
        /// How it is called in every panel: a tuned optimizer without its learning rate, a learned one without its file,
        /// `best+cosine` for the best tuned one under a schedule, whichever that is, and `strongest` for the strongest.
        public let name: String
        /// The search for its learning rate; nil where none was searched for.
        public let sweep: SweepRecord?
        /// Its runs.
        public let result: OptimizerResult
        /// The median final loss and its interval.
        public let final: Estimate
        /// How soon it is where the best tuned optimizer ends; nil where none was tuned.
        public let time: TimeToTarget?
        /// The panel's subject against it; nil for the subject itself.
        public let duel: Duel?

        /// How charts call it, as `adam 2⁻⁵` or `adam, cosine 2⁻⁵`.
        public var shortName: String {
            guard let rate = result.learningRate, let sweep else { return name }
            let text = learningRateText(rate)
            guard text.hasPrefix("2^") else { return "\(sweep.text) \(text)" }
            return "\(sweep.text) " + powerText(base: 2, exponent: "\(text.dropFirst(2))", unicode: true)
        }
    }

    /// What was run.
    public let panel: PanelResult
    /// The race.
    public let race: RaceResult
    /// The optimizers, the lowest median final loss first.
    public let standings: [Standing]
    /// What the panel is about: the first learned optimizer; where learned ones alone race, the best of them.
    public let subject: Standing
    /// The tuned optimizer with the lowest mean final loss; nil where none was tuned.
    public let baseline: Standing?
    /// The other learned optimizers against the best tuned one.
    public let rivals: [(name: String, duel: Duel)]
    /// The strongest hand-designed optimizer; nil where it was not searched for.
    public let strongest: Standing?
    /// The other learned optimizers against the strongest.
    public let rivalsOfStrongest: [(name: String, duel: Duel)]

    /// Nil for a panel that was skipped, or has no optimizer.
    public init?(_ panel: PanelResult, _ bootstrap: Bootstrap) {
        guard let race = panel.race, !race.results.isEmpty, race.problems > 0 else { return nil }
        let results = race.results
        let medians = results.map(\.finalStatistics.median)
        let order = results.indices.sorted { (medians[$0], $0) < (medians[$1], $1) }
        let baseline = panel.bestTuned.flatMap { best in results.firstIndex { $0.optimizer == best.optimizer } }
        let learned = results.indices.filter { results[$0].role == .learned }
        let subject = baseline == nil ? order[0] : learned.first ?? order[0]
        let tuned = results.indices.filter { results[$0].role == .tuned }
        let times = baseline.map { race.timesToTarget(of: results[$0]) }
        let standings = parallelMap(results.count) { index in
            let sweep = tuned.firstIndex(of: index).flatMap { $0 < panel.sweeps.count ? panel.sweeps[$0] : nil }
            return Standing(
                name: sweep.map(Self.name) ?? Self.shortLabel(index, of: results), sweep: sweep,
                result: results[index],
                final: bootstrap.median(results[index].finalLoss), time: times?[index],
                duel: index == subject ? nil : Duel(results[subject], against: results[index], bootstrap))
        }
        let strongest = panel.strongest.map { strongest in
            var alone = race
            alone.results = [strongest.result]
            return Standing(
                name: Self.strongestName, sweep: nil, result: strongest.result,
                final: bootstrap.median(strongest.result.finalLoss),
                time: baseline.map { alone.timesToTarget(of: results[$0])[0] },
                duel: Duel(results[subject], against: strongest.result, bootstrap))
        }
        self.panel = panel
        self.race = race
        self.strongest = strongest
        // Behind those that end as low: it may be one of them.
        let place = order.firstIndex { medians[$0] > strongest?.final.value ?? .infinity } ?? order.count
        let all = order.map { standings[$0] }
        self.standings = all[..<place] + (strongest.map { [$0] } ?? []) + all[place...]
        self.subject = standings[subject]
        self.baseline = baseline.map { standings[$0] }
        func rivals(of opponent: OptimizerResult?) -> [(name: String, duel: Duel)] {
            guard let opponent, baseline != nil else { return [] }
            return learned.filter { $0 != subject }.map { index in
                (Self.shortLabel(index, of: results), Duel(results[index], against: opponent, bootstrap))
            }
        }
        self.rivals = rivals(of: baseline.map { results[$0] })
        rivalsOfStrongest = rivals(of: panel.strongest?.result)
    }

    /// What the strongest hand-designed optimizer is called on every problem.
    static let strongestName = "strongest"

    /// Whether the subject is measured against a tuned optimizer, which it may be itself where nothing learned races.
    public var hasOpponent: Bool { baseline != nil && subject.result.role == .learned }

    private static func name(_ sweep: SweepRecord) -> String {
        switch sweep.schedule {
        case nil: sweep.optimizer
        case .cosine: "best+cosine"
        case .warmUpCosine: "best+warm-up+cosine"
        case .inverseSquareRoot: "best+inverse-root"
        case .warmUpInverseSquareRoot: "best+warm-up+inverse-root"
        case .warmUp: "best+warm-up"
        }
    }

    /// A label without what stands in brackets, as the file of weights, where the rest tells the optimizer apart.
    private static func shortLabel(_ index: Int, of results: [OptimizerResult]) -> String {
        func short(_ label: String) -> Substring {
            label.hasSuffix(")")
                ? label.firstRange(of: " (").map { label[..<$0.lowerBound] } ?? label[...] : label[...]
        }
        let own = short(results[index].label)
        return results.count { short($0.label) == own } == 1 ? String(own) : results[index].label
    }

    /// The standing of an optimizer that has this name in every panel.
    public func standing(_ name: String) -> Standing? { standings.first { $0.name == name } }
}
