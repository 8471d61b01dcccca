import ArgumentParser
import Evaluation
import Files
import LearnedOptimizers
import NumericCore
import Optimizees
import Optimizers
import Reporting

/// `l2o race`.
struct RaceCommand: SharedOptionsCommand, SharedWorkCommand {
    static let configuration = CommandConfiguration(
        commandName: "race",
        abstract: "Race optimizers on the same problems.",
        discussion: """
            On each problem all optimizers start from the same parameters and see the same minibatches. An optimizer is a \
            name with options (l2o list optimizers), or a file with the weights of a learned one. With lr=sweep it runs \
            at the best learning rate of a grid of powers of √2, with lr=sweep,epsilon=1e-8|1e-12 also at the better ε; \
            rnnprop:state=half keeps the state of a learned one in \
            16 bits, FILE:factors=bfloat16 multiplies in bfloat16, FILE:state=half,factors=bfloat16 does both.

            The final loss is that of the last parameters, averaged over all minibatches of the run. The table shows \
            its median and quartiles over the problems; by the clock, how long an optimizer takes to where the best \
            hand-designed one ends, without and with a run for each rate that was tried. Under the chart the first \
            optimizer is held against each other one, problem by problem.

            Examples:
              l2o race --optimizee digits-mlp --optimizer rnnprop adam:lr=2^-5
              l2o race --optimizee digits-mlp-relu --optimizer rnnprop adam:lr=sweep --out runs/relu
              l2o race --optimizee mnist-mlp --optimizer runs/mine/best.safetensors rnnprop rnnprop:state=half
              l2o race --optimizee mnist-mlp --optimizer gateprop adam:lr=sweep --rivals others --axis seconds
              l2o race --optimizee rosenbrock --steps 500 --optimizer sgd momentum --json
            """)

    @OptionGroup var shared: SharedOptions

    @Option(help: ArgumentHelp("What is optimized; see l2o list optimizees.", valueName: "name"))
    var optimizee: String

    @Option(
        name: [.customLong("optimizer"), .customLong("optimizers")], parsing: .upToNextOption,
        help: ArgumentHelp(
            "One or several optimizers: rnnprop, adam:lr=0.03125, adam:lr=sweep, a file.", valueName: "spec"))
    var optimizers: [String]

    @OptionGroup var rivals: RivalOptions

    @Option(parsing: .unconditional, help: ArgumentHelp("Steps of each run.", valueName: "n"))
    var steps: Int = 100

    @Option(
        name: problemsName, parsing: .unconditional,
        help: ArgumentHelp("Problems that each optimizer meets.", valueName: "n"))
    var problems: Int = 5

    @Option(
        help: ArgumentHelp(
            "Folder for race.json, race.csv, race.svg and race-seconds.svg; made if missing.", valueName: "folder"))
    var out: String?

    @Option(help: tensorBoardHelp)
    var tensorboard: String?

    @Option(
        help: ArgumentHelp(
            "What the printed chart and race.svg are drawn over: steps or seconds.", valueName: "axis"),
        transform: { try timeAxis($0) })
    var axis: TimeAxis = .steps

    @Flag(help: "Print no tables of the sweeps.")
    var brief = false

    @Option(help: dataFolderHelp)
    var dataDir: String?

    mutating func validate() throws {
        guard (1...10_000_000).contains(steps) else {
            throw ValidationError("--steps \(steps): give a number from 1 to 10000000")
        }
        guard (1...100_000).contains(problems) else {
            throw ValidationError("--problems \(problems): give a number from 1 to 100000")
        }
        guard !optimizers.isEmpty else { throw ValidationError("--optimizer: name at least one") }
    }

    mutating func run() throws {
        Interrupt.catchSignals()
        let specified = try OptimizerSpecification.optimizers(optimizers + rivals.files)
        // Before hours of work, not after.
        if Team.isFirst { for folder in [out, tensorboard].compactMap(\.self) { try makeFolder(folder) } }
        let problem = try OptimizeeCatalogue(data: AppData(folder: dataDir)).optimizee(named: optimizee)
        let sweeps = specified.flatMap(\.optimizersToTune).map {
            LearningRateSweep(on: problem, of: $0, steps: steps, problems: problems, seed: shared.seed)
        }
        let ready = specified.filter(\.optimizersToTune.isEmpty)
        var race = Race(
            on: problem, steps: steps, problems: problems, seed: shared.seed,
            entrants: ready.map { entrant($0) })
        try race.checkMemory(with: sweeps)
        let swept = try results(of: sweeps)
        race.entrants = entrants(specified, swept)
        var result = try showingProgress("race") { try race.run(control: $0, performer: Self.performer) }
        guard Team.isFirst else { return }
        result.command = commandText()
        if let out { try write(result, swept, to: out) }
        if let tensorboard { try result.write(tensorBoard: tensorboard) }
        try print(result, swept)
    }

    /// Who computes the runs: a group of processes shares them.
    private static var performer: any RunPerformer { Team.current.map { GroupRuns($0) } ?? ComputedRuns() }

    private func results(of sweeps: [LearningRateSweep]) throws -> [SweepResult] {
        guard !sweeps.isEmpty else { return [] }
        let results = try showingProgress(sweepsText(sweeps.map(\.optimizer))) {
            try LearningRateSweep.run(sweeps, control: $0, performer: Self.performer)
        }
        for result in results where result.isOnEdge {
            Output.note("l2o: \(result.label): the best rate, \(result.best.text), is the last that was tried\n")
        }
        return results
    }

    private func showingProgress<T>(_ title: String, _ work: (RunControl) throws -> T) throws -> T {
        let line = ProgressLine(title, isShown: shared.showsProgress)
        defer { line.finish() }
        return try work(
            RunControl(
                progress: { line.update($0.completed, of: $0.total) }, isCancelled: Interrupt.isRequested))
    }

    /// All of them in the order in which they were given, those to be tuned as the sweeps tuned them, the best where there
    /// was a choice.
    ///
    /// A sweep may find the very rate at which the optimizer also runs without one: then its label says which it is.
    private func entrants(_ specified: [SpecifiedOptimizer], _ swept: [SweepResult]) -> [Entrant] {
        var tuned = swept[...]
        let entrants = specified.map { specified in
            let own = tuned.prefix(specified.optimizersToTune.count)
            tuned = tuned.dropFirst(own.count)
            return SweepResult.best(of: own).map { best in
                Entrant(best.optimizer, trials: own.reduce(0) { $0 + $1.trials.count })
            } ?? entrant(specified)
        }
        return entrants.map { entrant in
            guard entrant.trials != nil, entrants.count(where: { $0.label == entrant.label }) > 1 else {
                return entrant
            }
            return Entrant(entrant.optimizer, label: entrant.label + " (sweep)", trials: entrant.trials)
        }
    }

    private func entrant(_ specified: SpecifiedOptimizer) -> Entrant {
        var entrant = Entrant(specified.optimizer, label: specified.label)
        entrant.trainingMinutes = specified.trainingMinutes
        return entrant
    }

    // MARK: Results

    private func write(_ result: RaceResult, _ sweeps: [SweepResult], to folder: String) throws {
        try result.write(json: "\(folder)/race.json")
        try result.write(csv: "\(folder)/race.csv")
        try writeFileAtomically("\(folder)/race.svg", text: result.chart(axis: axis).svg())
        try writeFileAtomically("\(folder)/race-seconds.svg", text: result.chart(axis: .seconds).svg())
        if !sweeps.isEmpty { try writeFileAtomically("\(folder)/sweep.svg", text: chart(sweeps).svg()) }
    }

    private func print(_ result: RaceResult, _ sweeps: [SweepResult]) throws {
        if shared.json { return try Output.write(result.json()) }
        for sweep in brief ? [] : sweeps {
            let count = "\(sweep.trials.count) tried, \(sweep.divergedRates) with a run that diverged"
            try Output.write("Learning rates of \(sweep.label): \(count)\n\n\(sweep.table().text())\n")
        }
        // A file gets every column.
        let table = isatty(STDOUT_FILENO) == 1 ? result.table(width: TerminalStyle.columns) : result.table()
        try Output.write("\(heading(result))\n\n\(table.text())\n\(result.chart(title: "", axis: axis).terminal())")
        if let duels = result.duelsText { try Output.write("\n\(duels)") }
        if let clock = result.clockText {
            try Output.write("\n\(wrapped(clock, width: min(100, TerminalStyle.columns)).joined(separator: "\n"))\n")
        }
        guard let out else { return }
        let names = ["race.json", "race.csv", "race.svg", "race-seconds.svg"] + (sweeps.isEmpty ? [] : ["sweep.svg"])
        try Output.write("\nWritten to \(out): \(names.joined(separator: ", "))\n")
    }

    private func heading(_ result: RaceResult) -> String {
        func number(_ value: Int, _ noun: String) -> String {
            "\(numberText(Double(value), digits: 15, trimsZeros: true)) \(noun)\(value == 1 ? "" : "s")"
        }
        let sizes = [(result.parameters ?? 0, "parameter"), (steps, "step"), (problems, "problem")]
        return "\(result.optimizee): \(sizes.map(number).joined(separator: ", "))"
    }

    private func chart(_ sweeps: [SweepResult]) -> LineChart {
        LineChart(
            title: "\(optimizee), \(steps) steps", xLabel: "learning rate", yLabel: "final loss",
            caption: problems > 1 ? "Median and quartiles of \(problems) runs." : "One run.", xScale: .powersOfTwo,
            series: sweeps.map { $0.series($0.label) })
    }
}

/// What `--axis` names.
private func timeAxis(_ text: String) throws -> TimeAxis {
    guard let axis = TimeAxis(rawValue: text) else { throw ValidationError("\(text): give steps or seconds") }
    return axis
}
