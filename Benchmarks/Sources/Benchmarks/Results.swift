import Foundation

/// What one comparison gave.
struct ComparisonResult: Codable, Sendable {
    /// Ours, with the turns of every pair.
    var ours: Outcome
    /// Each peer, with ours in the same turns.
    var peers: [Outcome]

    /// Measures ours against each peer, or alone where there is none.
    static func measure(_ comparison: Comparison, effort: Effort, note: (String) -> Void) -> ComparisonResult {
        let pairs = comparison.peers.map { peer in
            note("\(describe(comparison.ours.job)), \(peer.title)")
            return alternate(comparison.ours, peer, effort: effort)
        }
        var together = Outcome(title: comparison.ours.title, name: comparison.ours.title, job: comparison.ours.job)
        for sample in pairs.compactMap(\.ours) { together.sample.add(sample) }
        if together.sample.seconds.isEmpty {
            note("\(describe(comparison.ours.job)), \(comparison.ours.title)")
            together = alternate(comparison.ours, effort: effort)
        }
        return ComparisonResult(ours: together, peers: pairs)
    }
}

/// Everything that a run found, as `--json` writes it.
struct Results: Codable, Sendable {
    var machine: Machine
    var extent: Extent
    /// What was left out, and why.
    var omissions: [String]
    var sgemm: [Outcome] = []
    var metaIterations: [ComparisonResult] = []
    var steps: [ComparisonResult] = []
    var gradients: [ComparisonResult] = []
    var instructionSets: [ComparisonResult] = []

    /// Every measurement of ours.
    var ours: [Outcome] { sgemm + (metaIterations + steps + gradients + instructionSets).map(\.ours) }

    /// From the fastest turns: what disturbs a turn makes a rate lower, never higher.
    var floor: Floor {
        let pairs = sgemm.filter { $0.problem == nil }.map { outcome in
            (outcome.job.threads, Floor.multiplyAdds(rows: outcome.job.parameters) / outcome.sample.least)
        }
        return Floor(rates: Dictionary(pairs) { first, _ in first })
    }

    func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try encoder.encode(self) + Data("\n".utf8)
    }
}

/// A job in a few words.
func describe(_ job: Job) -> String {
    let threads = "\(job.threads) thread\(job.threads == 1 ? "" : "s")"
    return switch job.operation {
    case .sgemm: "sgemm of \(job.parameters) rows, \(threads)"
    case .metaIteration: "\(metaTitle(job)), \(threads)"
    case .gradient: "gradient of \(job.optimizer), \(threads)"
    case .step: "\(job.optimizer) step of \(grouped(job.parameters)) parameters, \(threads)"
    }
}

/// What a number of periods is called.
func metaTitle(_ job: Job) -> String { job.periods == 1 ? "period" : "meta-iteration" }

/// Digits in groups of three.
func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    return String(
        digits.indices.flatMap { index in
            index > 0 && (digits.count - index) % 3 == 0 ? [",", digits[index]] : [digits[index]]
        })
}
