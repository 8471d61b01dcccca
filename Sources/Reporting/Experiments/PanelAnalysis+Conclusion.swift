import Evaluation
import PaperExperiments
import Statistics

extension PanelAnalysis {
    /// What was found, in sentences made from the numbers.
    public var conclusion: String {
        var sentences = hasOpponent ? [subjectSentence] : [bestSentence]
        sentences += rivals.map { "\($0.name) against the same one: \($0.duel.text), \(called($0.duel.verdict))." }
        if hasOpponent, let strongest, let duel = strongest.duel, let found = panel.strongest {
            let runs = numberText(Double(found.runs), digits: 15, trimsZeros: true)
            sentences.append(
                "Against the strongest hand-designed optimizer, \(strongest.result.label), found in \(runs) runs, "
                    + "\(subject.name) is \(duel.text), \(called(duel.verdict)).")
            sentences += rivalsOfStrongest.map {
                "\($0.name) against the strongest: \($0.duel.text), \(called($0.duel.verdict))."
            }
        }
        let known = [subject.name, baseline?.name, Self.strongestName]
        if hasOpponent, let best = standings.first, !known.contains(best.name) {
            sentences.append("Lowest of all is \(best.result.label) with \(text(best.final)).")
        }
        let diverged = standings.filter { $0.result.diverged > 0 }
        if !diverged.isEmpty {
            let counts = diverged.map { "\($0.result.label) in \($0.result.diverged) of \(race.problems) runs" }
            sentences.append("Diverged: \(listText(counts)).")
        }
        return sentences.joined(separator: " ")
    }

    /// What the clock says: whether the subject is sooner where the best tuned optimizer ends, and when meta-training has paid;
    /// nil where steps were not timed. It is not among the conclusions, which are the same on every machine.
    public var clock: String? {
        guard hasOpponent, let baseline, let own = subject.time?.medianSeconds,
            let other = baseline.time?.medianSeconds,
            other.isFinite, let tuned = secondsWithTuning(baseline)
        else { return nil }
        let place = "to where \(baseline.result.label) ends"
        let mine =
            own.isFinite
            ? "\(subject.name) gets \(place) in \(secondsText(own))" : "\(subject.name) does not get \(place)"
        let sentence =
            "By the clock, \(mine); \(baseline.name) itself in \(secondsText(other)), with the tuning of its rate in "
            + "\(secondsText(tuned))."
        let breakEven = race.clock(to: baseline.result)?[subject.result.label]?.breakEvenText
        return [sentence, breakEven].compactMap(\.self).joined(separator: " ")
    }

    /// Whether the subject is sooner where the best tuned optimizer ends than that one itself, without and with the tuning of
    /// its rate; nil where steps were not timed.
    var isSooner: (thanRun: Bool, thanTuning: Bool)? {
        guard hasOpponent, let baseline, let own = subject.time?.medianSeconds,
            let other = baseline.time?.medianSeconds,
            let tuned = secondsWithTuning(baseline)
        else { return nil }
        return (own < other, own < tuned)
    }

    /// A short form of the subject's verdict, as `wins, 8.1 % lower`; nil where there is no tuned optimizer.
    public var verdictText: String? {
        guard hasOpponent, let duel = baseline?.duel else { return nil }
        return called(duel.verdict)
    }

    /// The subject against the best tuned optimizer.
    private var subjectSentence: String {
        guard let baseline, let duel = baseline.duel else { return bestSentence }
        let (name, other) = (subject.name, "the best tuned optimizer, \(baseline.result.label)")
        let (own, others) = (text(subject.final), text(baseline.final))
        return switch duel.verdict {
        case .win: "\(name) wins against \(other): \(own) against \(others), \(duel.text)."
        case .loss: "\(name) loses against \(other): \(own) against \(others), \(duel.text)."
        case .tie: "A tie between \(name), \(own), and \(other), \(others): \(duel.text)."
        case .open: "\(name) ends at \(own), \(other), at \(others): \(duel.text), too few runs to decide."
        }
    }

    /// The lowest of all, and who is within chance of it.
    private var bestSentence: String {
        let others = standings.filter { $0.duel != nil }
        var text = "Lowest is \(subject.result.label) with \(text(subject.final))"
        guard let next = others.first, let duel = next.duel else { return text + "." }
        text += "; next, \(next.result.label) with \(self.text(next.final)), against which it is \(duel.text)."
        let ties = others.filter { $0.duel?.verdict == .tie }.map(\.result.label)
        if !ties.isEmpty { text += " Within chance of it: \(listText(ties))." }
        if duel.verdict == .open { text += " Too few runs to decide." }
        return text
    }

    private func text(_ estimate: Estimate) -> String { numberText(estimate.value, digits: 3) }
}

/// What a verdict says.
func called(_ verdict: Duel.Verdict) -> String {
    switch verdict {
    case .win: "a win"
    case .tie: "a tie"
    case .loss: "a loss"
    case .open: "too few runs to decide"
    }
}

/// `a`, `a and b`, `a, b and c`.
func listText(_ items: [String]) -> String {
    guard let last = items.last, items.count > 1 else { return items.first ?? "" }
    return items.dropLast().joined(separator: ", ") + " and \(last)"
}
