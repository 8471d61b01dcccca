import Foundation

/// One of the programs of a pair, and what it is to do.
struct Side: Sendable {
    var title: String
    var command: WorkerCommandLine
    var job: Job
    /// Bytes a parameter that it needs, roughly.
    var bytesPerParameter = 400
}

/// One program's part of a comparison.
struct Outcome: Codable, Sendable {
    var title: String
    /// The library and its version.
    var name = ""
    var job: Job
    var sample = Sample()
    /// Our time in the same turns, where this is a peer's.
    var ours: Sample?
    /// Why there are no figures.
    var problem: String?
}

/// How long and how often is measured.
struct Effort: Sendable {
    /// Turns of each side; medians are over these.
    var turns: Int
    /// About how long one turn lasts; a longer operation runs once.
    var secondsPerTurn: Double
}

/// Lets two programs, or one alone, take turns: each turn of one is followed by a turn of the other, so that what the
/// machine does meanwhile meets both.
func alternate(_ ours: Side, _ peer: Side? = nil, effort: Effort) -> Outcome {
    let sides = [ours] + (peer.map { [$0] } ?? [])
    let last = sides[sides.count - 1]
    var outcome = Outcome(title: last.title, job: last.job)
    let needed = sides.reduce(0) { $0 + $1.bytesPerParameter * $1.job.parameters }
    if last.job.operation == .step, let available = ProcessMemory.available, needed > available {
        outcome.problem = "needs about \(needed >> 30) GiB, more than there is"
        return outcome
    }
    var asked = ours.title
    do {
        var workers: [(worker: WorkerProcess, operations: Int)] = []
        for side in sides {
            asked = side.title
            let worker = try WorkerProcess(side.command, threads: side.job.threads)
            let answer = try worker.ask(.prepare(side.job))
            outcome.name = answer.name ?? side.title
            let warm = answer.seconds?.min() ?? effort.secondsPerTurn
            workers.append((worker, min(2000, max(1, Int(effort.secondsPerTurn / warm)))))
        }
        var samples = sides.map { _ in Sample() }
        for _ in 0..<effort.turns {
            for index in sides.indices {
                asked = sides[index].title
                samples[index].add(try workers[index].worker.ask(.measure(operations: workers[index].operations)))
            }
        }
        outcome.sample = samples[samples.count - 1]
        if peer != nil { outcome.ours = samples[0] }
    } catch {
        outcome.problem = "\(asked): \(error)"
    }
    return outcome
}
