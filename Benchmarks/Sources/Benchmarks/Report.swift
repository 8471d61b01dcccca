import Foundation

/// A run's figures as text.
struct Report {
    let results: Results

    var text: String {
        var parts = [heading]
        for (title, table) in [
            ("Meta-training, the paper's setting: seconds", metaTable),
            ("One step: nanoseconds per parameter", stepTable),
            ("Loss and gradient of 128 images: milliseconds", gradientTable),
            ("Instruction sets, one thread", instructionSetTable),
            ("How near the floor", floorTable),
        ] where !table.rows.isEmpty {
            parts.append("### \(title)\n\n\(table.text)")
        }
        parts.append(problems)
        return parts.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var heading: String {
        let machine = results.machine
        let peers = (results.metaIterations + results.steps + results.gradients).flatMap(\.peers)
        let names = Set(peers.filter { $0.problem == nil }.map(\.name)).sorted()
        var lines = [
            "\(machine.date), commit \(machine.commit)",
            "\(machine.processor), \(machine.cores) cores, \(number(Double(machine.memoryBytes) / 1e9, 0)) GB; "
                + machine.system,
            "kernels: \(machine.kernels); \((["oneDNN \(machine.oneDNN)"] + names).joined(separator: ", "))",
        ]
        if machine.isBusy {
            lines.append("**measured under load** (\(number(machine.load, 1)) other processes): not to be relied on")
        }
        lines += results.omissions.map { "left out: \($0)" }
        lines += results.sgemm.map(sgemmRate)
        return lines.map { "- \($0)\n" }.joined()
    }

    private func sgemmRate(_ outcome: Outcome) -> String {
        if let problem = outcome.problem { return "sgemm, \(threads(outcome.job)): \(problem)" }
        let multiplyAdds = Floor.multiplyAdds(rows: outcome.job.parameters)
        let rates = [outcome.sample.median, outcome.sample.most, outcome.sample.least].map {
            number(2e-9 * multiplyAdds / $0, 0)
        }
        return "oneDNN's sgemm, \(outcome.job.parameters) rows, \(threads(outcome.job)): \(rates[0]) GFLOP/s "
            + "(\(rates[1]) to \(rates[2]))"
    }

    /// The columns that every comparison ends in.
    private static let figures = ["median", "min – max", "swift-l2o beside it", "faster"]

    private var metaTable: MarkdownTable {
        var table = MarkdownTable(
            headings: ["", "optimizer", "threads", "program"] + Self.figures + ["peak memory"], words: 4)
        for result in results.metaIterations {
            for outcome in [result.ours] + result.peers {
                table.rows.append(
                    [metaTitle(outcome.job), outcome.job.optimizer, "\(outcome.job.threads)", outcome.title]
                        + figures(outcome, unit: 1, digits: 3) + [megabytes(outcome.sample.peakBytes)])
            }
        }
        return table
    }

    private var stepTable: MarkdownTable {
        var table = MarkdownTable(
            headings: ["optimizer", "parameters", "threads", "program"] + Self.figures + ["bytes/parameter"],
            words: 4)
        for result in results.steps {
            for outcome in [result.ours] + result.peers {
                let job = outcome.job
                // At small sizes a program's own memory outweighs the state's.
                let bytes =
                    job.parameters < 10_000_000
                    ? nil : outcome.sample.ownBytes.map { Double($0) / Double(job.parameters) }
                table.rows.append(
                    [job.optimizer, grouped(job.parameters), "\(job.threads)", outcome.title]
                        + figures(
                            outcome, unit: 1e9 / Double(job.parameters), digits: job.optimizer == "adam" ? 2 : 1)
                        + [bytes.map { number($0, 0) } ?? ""])
            }
        }
        return table
    }

    private var gradientTable: MarkdownTable {
        var table = MarkdownTable(
            headings: ["optimizee", "threads", "program"] + Self.figures + ["peak memory"], words: 3)
        for result in results.gradients {
            for outcome in [result.ours] + result.peers {
                table.rows.append(
                    [outcome.job.optimizer, "\(outcome.job.threads)", outcome.title]
                        + figures(outcome, unit: 1e3, digits: 1) + [megabytes(outcome.sample.peakBytes)])
            }
        }
        return table
    }

    private var instructionSetTable: MarkdownTable {
        var table = MarkdownTable(headings: ["", "optimizer", "kernels", "median", "min – max", "speed"], words: 3)
        for result in results.instructionSets {
            for outcome in [result.ours] + result.peers {
                let job = outcome.job
                let isStep = job.operation == .step
                let unit = isStep ? 1e9 / Double(job.parameters) : 1
                let speed = 100 * (outcome.ours ?? outcome.sample).median / outcome.sample.median
                table.rows.append(
                    [isStep ? "step, ns/parameter" : "period, s", job.optimizer, outcome.title]
                        + figures(outcome, unit: unit, digits: isStep ? 1 : 3).prefix(2)
                        + [outcome.problem == nil ? "\(number(speed, 0)) %" : ""])
            }
        }
        return table
    }

    private var floorTable: MarkdownTable {
        let floor = results.floor
        var table = MarkdownTable(
            headings: [
                "", "threads", "floor", "with recomputation", "measured", "floor ÷ measured",
                "with recomputation",
            ], words: 2)
        for result in results.metaIterations + results.steps {
            let job = result.ours.job
            guard let least = floor.seconds(job), result.ours.problem == nil else { continue }
            let isStep = job.operation == .step
            let unit = isStep ? 1e9 / Double(job.parameters) : 1
            let digits = isStep ? 1 : 3
            let recomputed = floor.seconds(job, recomputes: true)
            let measured = result.ours.sample.median
            table.rows.append([
                isStep
                    ? "\(job.optimizer), \(grouped(job.parameters)), ns/parameter"
                    : "\(job.optimizer), \(metaTitle(job)), s",
                "\(job.threads)", number(least * unit, digits), recomputed.map { number($0 * unit, digits) } ?? "",
                number(measured * unit, digits), "\(number(100 * least / measured, 0)) %",
                recomputed.map { "\(number(100 * $0 / measured, 0)) %" } ?? "",
            ])
        }
        return table
    }

    /// What a dash in a table means.
    private var problems: String {
        results.all.flatMap { [$0.ours] + $0.peers }.compactMap { outcome in
            outcome.problem.map { "Not measured: \(describe(outcome.job)), \(outcome.title): \($0).\n" }
        }.joined(separator: "\n")
    }

    private func figures(_ outcome: Outcome, unit: Double, digits: Int) -> [String] {
        guard outcome.problem == nil else { return ["–", "", "", ""] }
        let sample = outcome.sample
        let range = "\(number(sample.least * unit, digits)) – \(number(sample.most * unit, digits))"
        return [
            number(sample.median * unit, digits), range,
            outcome.ours.map { number($0.median * unit, digits) } ?? "",
            outcome.ours.map { "\(number(sample.median / $0.median, 2)) ×" } ?? "",
        ]
    }

    private func threads(_ job: Job) -> String { "\(job.threads) thread\(job.threads == 1 ? "" : "s")" }

    private func megabytes(_ bytes: Int?) -> String { bytes.map { "\(number(Double($0) / 1e6, 0)) MB" } ?? "" }

    private func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}

extension Results {
    fileprivate var all: [ComparisonResult] { metaIterations + steps + gradients + instructionSets }
}
