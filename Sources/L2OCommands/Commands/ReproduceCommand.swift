import ArgumentParser
import Evaluation
import Files
import HTMLReport
import LearnedOptimizers
import NumericCore
import Optimizees
import Optimizers
import PaperExperiments
import Reporting
import ResultsStore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `l2o reproduce`.
struct ReproduceCommand: SharedOptionsCommand, SharedWorkCommand {
    static let configuration = CommandConfiguration(
        commandName: "reproduce",
        abstract: "Run the paper's experiments: E1 to E10, the 22 test rows, or variations of them.",
        discussion: """
            Each experiment races learned optimizers against seven hand-designed ones, every one at the best learning rate \
            of a sweep, and against AdamW as it comes. E9 and E10 meta-train what they compare. A problem whose data are \
            missing is skipped.

            Every run is kept in OUT/store.sqlite and found there the next time: interrupted work continues, and several \
            processes may work on one folder at the same time. OUT also receives report.html, a page with every figure and \
            table, results.json, finals.csv and a CSV of each experiment's figure.

            Examples:
              l2o reproduce E1 --problems 5
              l2o reproduce rows --weights rnnprop --weights rnnprop-paper --weights runs/dm/latest.safetensors
              l2o reproduce rows --schedules
              l2o reproduce variations --weights gateprop --problems 5
              l2o reproduce rows --strongest
              l2o reproduce rows --weights gateprop --rivals others
              l2o reproduce all --quick --out runs/quick
            """)

    @OptionGroup var shared: SharedOptions

    @Argument(help: ArgumentHelp("E1 … E10, rows, all of these as all, or variations.", valueName: "experiment"))
    var experiments: [String]

    @Option(
        name: problemsName, parsing: .unconditional,
        help: ArgumentHelp("Problems that each optimizer meets (10; with --quick 2).", valueName: "n"))
    var problems: Int?

    @Flag(help: "Everything in minutes: fewer steps and rates, hardly any meta-training.")
    var quick = false

    @Flag(
        help: """
            Tune each problem's best hand-designed optimizer also with its learning rate under a cosine, and under a warm-up \
            and a cosine; takes about a quarter more time.
            """)
    var schedules = false

    @Flag(
        help: """
            Hold learned optimizers against a second bar: the strongest of all hand-designed ones, with NAdam, the seed rule, \
            two ε and five schedules, each with its rate tuned; takes about six times as long, on heavy problems three times.
            """)
    var strongest = false

    @Option(
        help: ArgumentHelp(
            "A learned optimizer: \(shippedNames) or a file; may be given several times (rnnprop).",
            valueName: "name|file"))
    var weights: [String] = []

    @OptionGroup var rivals: RivalOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Meta-iterations of each ablation of E9 and E10 (1000; with --quick 20).", valueName: "n"))
    var metaIterations: Int?

    @Option(help: ArgumentHelp("Folder for results and store; made if missing.", valueName: "folder"))
    var out: String = "runs/reproduce"

    @Option(help: dataFolderHelp)
    var dataDir: String?

    mutating func validate() throws {
        guard !experiments.isEmpty else {
            throw ValidationError("name an experiment: E1 … E10, rows, all, or variations")
        }
        if let problems, !(1...100_000).contains(problems) {
            throw ValidationError("--problems \(problems): give a number from 1 to 100000")
        }
        if let metaIterations, !(1...1_000_000_000).contains(metaIterations) {
            throw ValidationError("--meta-iterations \(metaIterations): give a number from 1 to 1000000000")
        }
    }

    mutating func run() throws {
        Interrupt.catchSignals()
        let wanted = try Experiments.named(experiments)
        let learned = try learnedEntrants()
        try makeFolder(out)
        let store = try ResultsStore(path: "\(out)/store.sqlite", version: About.version)
        let runs = StoredRuns(store)
        var settings = ReproductionSettings(
            problems: problems, seed: shared.seed, isQuick: quick, metaIterations: metaIterations)
        if strongest { settings.strongest = .everything }
        if schedules { settings.schedules = ScheduleShape.cosines }
        let reproduction = Reproduction(
            catalogue: OptimizeeCatalogue(data: AppData(folder: dataDir)), learned: learned, settings: settings,
            ablationFolder: "\(out)/ablations", version: About.version, command: command(experiments))
        let line = ProgressLine("reproduce", unit: "runs", isShown: shared.showsProgress)
        var result: ReproductionResult
        do {
            defer { line.finish() }
            result = try reproduction.run(
                wanted, performer: runs,
                progress: { line.update($0.runs, of: $0.totalRuns, share: $0.share, detail: $0.text) },
                isCancelled: Interrupt.isRequested)
        }
        // The processes of a group meet in the store: each computes what no other has claimed.
        guard Team.isFirst else { return }
        result.machine = Host.text
        let json = try date(&result)
        let analysis = ReproductionAnalysis(result)
        try write(result, json, analysis)
        if shared.json { return try Output.write(json) }
        try print(analysis, runs.count)
    }

    /// The weights that race, each once.
    private func learnedEntrants() throws -> [Entrant] {
        let names = try (weights.isEmpty ? ["rnnprop"] : weights) + rivals.files
        for name in names where try !OptimizerSpecification(name).isLearned {
            throw InputError(name, "is not learned, and races anyway", advice: "name weights, as rnnprop or a file")
        }
        return try OptimizerSpecification.optimizers(names).map { specified in
            var entrant = Entrant(specified.optimizer, label: specified.label)
            entrant.trainingMinutes = specified.trainingMinutes
            return entrant
        }
    }

    /// The command line with other experiments in place of those that were given.
    private func command(_ given: [String]) -> @Sendable ([String]) -> String {
        let arguments = CommandLine.arguments
        return { names in
            var rest = Array(arguments.dropFirst())
            for name in given { if let place = rest.firstIndex(of: name) { rest.remove(at: place) } }
            let place = rest.firstIndex(of: "reproduce").map { $0 + 1 } ?? 0
            return commandText([arguments[0]] + rest[..<place] + names + rest[place...])
        }
    }

    // MARK: Results

    /// Dates a result and returns it as JSON. Where the folder holds the same already, its date stays: a call that computes
    /// nothing changes nothing.
    private func date(_ result: inout ReproductionResult) throws -> [UInt8] {
        struct Dated: Decodable { let date: String? }
        if let earlier = try? readFile("\(out)/results.json") {
            result.date = try? JSONDecoder().decode(Dated.self, from: Data(earlier)).date
            let json = try result.json()
            if json == earlier { return json }
        }
        result.date = Date.now.formatted(.iso8601)
        return try result.json()
    }

    private func write(_ result: ReproductionResult, _ json: [UInt8], _ analysis: ReproductionAnalysis) throws {
        try writeFileAtomically("\(out)/results.json", json)
        try writeFileAtomically("\(out)/finals.csv", text: ReproductionResult.finalsCSV(result.panels))
        for experiment in result.experiments {
            try writeFileAtomically("\(out)/\(experiment.id).csv", text: result.csv(experiment))
        }
        try writeFileAtomically("\(out)/report.html", text: HTMLReport(analysis).html())
    }

    private func print(_ analysis: ReproductionAnalysis, _ count: StoredRuns.Count) throws {
        for experiment in analysis.experiments { try Output.write(experiment.text(width: TerminalStyle.columns)) }
        let files = analysis.experiments.map { "\($0.experiment.id).csv" }
        try Output.write(
            """

            \(count.computed) runs computed, \(count.found) found in the store
            Written to \(out): report.html, results.json, finals.csv, \(files.joined(separator: ", ")), store.sqlite

            """)
    }
}
