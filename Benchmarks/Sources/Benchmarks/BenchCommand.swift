import ArgumentParser
import Foundation
import NumericCore

/// The command `l2o-bench`: measures ours against the peers, prints tables.
@main
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "l2o-bench",
        abstract: "Times swift-l2o against the same arithmetic in JAX and PyTorch, turn by turn on one machine.",
        discussion: "With no further option it takes about half an hour. L2O_DATA_DIR names the folder with mnist/.",
        subcommands: [RunCommand.self, WorkerCommand.self], defaultSubcommand: RunCommand.self)
}

/// The measurements.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Measures and prints tables, which are Markdown.")

    @Flag(help: "A few minutes: two sizes, the fastest peers, short turns.")
    var quick = false

    @Flag(help: "Ours alone, once and briefly: shows that everything runs.")
    var smoke = false

    @Option(help: ArgumentHelp("Numbers of threads, with commas (1 and 2).", valueName: "list"))
    var threads: String?

    @Option(
        help: ArgumentHelp(
            "Only these tables, with commas: meta-iterations, steps, gradients, instruction-sets.", valueName: "list")
    )
    var only: String?

    @Option(help: ArgumentHelp("Turns of each program; medians are over these (7; quick 5).", valueName: "n"))
    var turns: Int?

    @Option(
        help: ArgumentHelp(
            "The Python that has the peers' packages; ours alone where there is none.", valueName: "file"))
    var python: String?

    @Option(help: ArgumentHelp("The peers' folder.", valueName: "folder"))
    var peers: String?

    @Option(help: ArgumentHelp("Writes every figure into this file.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("Puts the tables into this Markdown file, between its marks.", valueName: "file"))
    var document: String?

    /// The tables.
    private enum Part: String, CaseIterable {
        case metaIterations = "meta-iterations"
        case steps
        case gradients
        case instructionSets = "instruction-sets"
    }

    func validate() throws {
        _ = try (threadCounts, parts)
        if let turns, turns < 1 { throw ValidationError("--turns \(turns): give 1 or more") }
        if (python == nil) != (peers == nil) { throw ValidationError("give --python and --peers together") }
    }

    func run() throws {
        try Kernels.checkSelection()
        let interrupts = WorkerProcess.endAllOnInterrupt()
        defer { withExtendedLifetime(interrupts) {} }
        // Before half an hour of measuring, not after.
        let page = try document.map(DocumentTables.init(path:))
        let extent: Extent = smoke ? .smoke : quick ? .quick : .full
        var effort = extent.effort
        if let turns { effort.turns = turns }
        let suite = Suite(
            extent: extent, threads: try threadCounts, peers: smoke ? nil : peerPrograms,
            hasMNIST: BenchmarkData.hasMNIST)
        let parts = try parts
        var results = Results(machine: .current(), extent: extent, omissions: suite.omissions)
        let measure = { (comparisons: [Comparison]) in
            comparisons.map { ComparisonResult.measure($0, effort: effort, note: note) }
        }
        // Before everything else and after it: a floor is what the machine can do at its best.
        results.sgemm = suite.sgemm.map { alternate($0, effort: effort) }
        if parts.contains(.metaIterations) { results.metaIterations = measure(suite.metaIterations) }
        if parts.contains(.steps) { results.steps = measure(suite.steps) }
        if parts.contains(.gradients) { results.gradients = measure(suite.gradients) }
        if parts.contains(.instructionSets) { results.instructionSets = measure(suite.instructionSets) }
        for (index, side) in suite.sgemm.enumerated() {
            results.sgemm[index].sample.add(alternate(side, effort: effort).sample)
        }
        let text = Report(results: results).text
        print(text, terminator: "")
        try page?.replace(with: text)
        if let json { try results.json().write(to: URL(fileURLWithPath: json), options: .atomic) }
        // Peers may be missing; ours may not.
        let problems = results.ours.compactMap(\.problem)
        if !problems.isEmpty { throw ExitCode.failure }
    }

    private var threadCounts: [Int] {
        get throws {
            guard let threads else { return ProcessInfo.processInfo.activeProcessorCount > 1 ? [1, 2] : [1] }
            let counts = threads.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 }
            guard !counts.isEmpty, counts.count == threads.split(separator: ",").count else {
                throw ValidationError("--threads \(threads): give numbers such as 1,2")
            }
            return counts
        }
    }

    private var parts: [Part] {
        get throws {
            guard let only else { return Part.allCases }
            return try only.split(separator: ",").map { word in
                guard let part = Part(rawValue: String(word)) else {
                    throw ValidationError(
                        "--only \(word): choose of \(Part.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                return part
            }
        }
    }

    private var peerPrograms: Suite.Peers? {
        guard let python, let peers, FileManager.default.isExecutableFile(atPath: python) else { return nil }
        return Suite.Peers(python: python, worker: "\(peers)/worker.py")
    }

    private func note(_ text: String) { FileHandle.standardError.write(Data("measuring \(text)\n".utf8)) }
}
