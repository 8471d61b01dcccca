import Evaluation
import NumericCore
import Optimizers
import PaperExperiments
import Statistics

extension ExperimentAnalysis {
    /// What was found, in sentences made from the numbers.
    public var conclusion: String { conclusions.joined(separator: " ") }

    /// What was found, one thing after the other.
    public var conclusions: [String] {
        guard !analyses.isEmpty else { return ["Nothing: every problem was skipped."] }
        var sentences: [String] = []
        if let rows { sentences += rows.conclusions }
        if analyses.count == 1 || analyses[0].baseline == nil {
            sentences += analyses.map {
                analyses.count == 1 ? $0.conclusion : "\($0.panel.panel.title): \($0.conclusion)"
            }
        } else {
            sentences += verdicts
        }
        if experiment.figure == .learningRates { sentences += analyses.compactMap(\.rateSentence) }
        if let sentence = tuningSentence, experiment.figure == .table { sentences.append(sentence) }
        return sentences
    }

    /// What the clock says of the panels; empty where steps were not timed. Times differ from machine to machine, so these
    /// sentences are not among the conclusions.
    public var clock: [String] {
        if analyses.count == 1 { return [analyses[0].clock].compactMap(\.self) }
        let sooner = analyses.compactMap(\.isSooner)
        guard !sooner.isEmpty, let subject = analyses.first?.subject.name else { return [] }
        return [
            "By the clock, \(subject) is sooner where the best tuned optimizer ends than that one itself on "
                + "\(sooner.count { $0.thanRun }) of \(sooner.count) problems, and on \(sooner.count { $0.thanTuning }) where the "
                + "tuning of its rate counts."
        ]
    }

    /// How the subject does against the best tuned optimizer, as `2 wins, 1 tie`; nil where that is not the question.
    public var outcome: String? {
        let verdicts = analyses.filter(\.hasOpponent).compactMap { $0.baseline?.duel?.verdict }
        guard !verdicts.isEmpty else { return nil }
        if verdicts.count == 1 { return verdicts[0] == .open ? "undecided" : verdicts[0].rawValue }
        let counts = Duel.Verdict.allCases.map { verdict in (verdict, verdicts.count { $0 == verdict }) }
        return counts.filter { $0.1 > 0 }.map { countText($0.1, $0.0) }.joined(separator: ", ")
    }

    /// Verdicts over the panels, of each learned optimizer against the best tuned one, and against the strongest.
    private var verdicts: [String] {
        verdicts("the best tuned optimizer", of: { $0.baseline?.duel }, rivals: { $0.rivals })
            + verdicts(
                "the strongest hand-designed optimizer", of: { $0.strongest?.duel }, rivals: { $0.rivalsOfStrongest })
    }

    private func verdicts(
        _ opponent: String, of own: (PanelAnalysis) -> Duel?,
        rivals: (PanelAnalysis) -> [(name: String, duel: Duel)]
    ) -> [String] {
        let duels = analyses.filter(\.hasOpponent).compactMap { analysis in
            own(analysis).map { (analysis.panel.panel.title, $0) }
        }
        var names: [String] = []
        for rival in analyses.flatMap(rivals) where !names.contains(rival.name) { names.append(rival.name) }
        let others = names.map { name in
            (
                name,
                analyses.compactMap { analysis in
                    rivals(analysis).first { $0.name == name }.map { (analysis.panel.panel.title, $0.duel) }
                }
            )
        }
        return ([(analyses[0].subject.name, duels)] + others).filter { !$0.1.isEmpty }.map {
            Self.verdictSentence($0.0, against: opponent, $0.1)
        }
    }

    private static func verdictSentence(
        _ name: String, against opponent: String, _ duels: [(title: String, duel: Duel)]
    ) -> String {
        let groups = Duel.Verdict.allCases.compactMap { verdict -> String? in
            let titles = duels.filter { $0.duel.verdict == verdict }.map(\.title)
            guard !titles.isEmpty else { return nil }
            guard verdict == .open else { return "\(countText(titles.count, verdict)) (\(listText(titles)))" }
            let lower = duels.filter { $0.duel.verdict == .open && $0.duel.ratio.value < 1 }.map(\.title)
            let which = lower.isEmpty ? "" : " (\(listText(lower)))"
            return "a lower median on \(lower.count) of \(titles.count)\(which), with too few runs to decide"
        }
        return "\(name) against \(opponent) of each problem: \(listText(groups))."
    }

    /// How many tuned learning rates are the paper's.
    private var tuningSentence: String? {
        let tuning = tuning
        guard !tuning.isEmpty else { return nil }
        let near = tuning.count { $0.distance <= 1 }
        let off = tuning.filter { $0.distance > 1 }.map {
            "\($0.panel.panel.title), \(learningRateText(exp2(Double($0.sweep.best) / 2))) for the paper's "
                + "\($0.panel.panel.paperBaseline?.text ?? "")"
        }
        return
            "The learning rate of the optimizer that the paper's authors tuned agrees with theirs within one grid step "
            + "on \(near) of \(tuning.count) problems"
            + (off.isEmpty ? "." : "; not on \(off.joined(separator: "; ")).")
    }
}

extension PanelAnalysis {
    /// How many of the learning rates that were tried end below the subject, which has none to tune.
    var rateSentence: String? {
        guard subject.result.role == .learned, !panel.sweeps.isEmpty else { return nil }
        let medians = panel.sweeps.flatMap { sweep in sweep.trials.map { Statistics($0.losses).median } }
        let below = medians.count { $0 < subject.final.value }
        return
            "\(below == 0 ? "None" : "\(below)") of the \(medians.count) pairs of an optimizer and a learning rate "
            + "that were tried end\(below == 1 ? "s" : "") below \(subject.name), which has no rate."
    }
}

extension RowsAnalysis {
    /// The interquartile means: the lowest, and the subject's.
    var conclusions: [String] {
        guard let best = standings.first else { return [] }
        var sentences = [
            "Over the middle half of all runs of all \(panels.count) problems, the lowest losses relative to the best "
                + "tuned optimizer of each problem are those of \(best.name): \(ratioText(best.mean))."
        ]
        if let own = standings.first(where: { $0.name == subject }), own.name != best.name {
            sentences.append("Those of \(own.name): \(ratioText(own.mean)).")
        }
        return sentences
    }
}

/// For example `1 win`, `2 losses`.
func countText(_ count: Int, _ verdict: Duel.Verdict) -> String {
    switch verdict {
    case .open: "\(count) undecided"
    case .loss: "\(count) \(count == 1 ? "loss" : "losses")"
    case .win, .tie: "\(count) \(verdict.rawValue)\(count == 1 ? "" : "s")"
    }
}
