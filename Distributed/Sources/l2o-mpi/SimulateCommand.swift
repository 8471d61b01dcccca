import ArgumentParser
import L2OCommands
import MPIProcesses
import Scaling

/// `l2o-mpi simulate`.
struct SimulateCommand: ParsableCommand, SharedWorkCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "How a plan would scale to more ranks: measured times of tasks and messages, replayed.",
        discussion: """
            The plan's tasks are run and timed on this machine, and messages between the ranks that are there; with one \
            rank, say what they cost. What an update then takes on more ranks is replayed, with stragglers where you \
            expect them. The table says how much of all cores' time is work, and where that is below 90 %, what to change.

            With --measure the ranks that are there also run updates together, and what these take stands beside what \
            the replay says: the whole, the messages alone, and the waiting for slower ranks.

            Examples:
              mpirun -n 2 --bind-to none l2o-mpi simulate --plan rnnprop-mixture --meta-batch 512
              mpirun -n 2 --bind-to none l2o-mpi simulate --plan rnnprop-paper --meta-batch 8 --measure
              l2o-mpi simulate --plan rnnprop-mixture --meta-batch-per-rank 4 --latency 2e-6 --bandwidth 1e10 \
            --stragglers 0.001 --slowdown 3
            """)

    @Option(help: ArgumentHelp("A plan's name or file.", valueName: "plan"))
    var plan: String

    @Option(help: ArgumentHelp("Tasks of an update; else what the plan says.", valueName: "n"))
    var metaBatch: Int?

    @Option(help: ArgumentHelp("Tasks of an update for each rank: the work grows with the ranks.", valueName: "n"))
    var metaBatchPerRank: Int?

    @Option(
        parsing: .upToNextOption, help: ArgumentHelp("Numbers of ranks (1 2 4 8 … 10000).", valueName: "n"))
    var ranks: [Int] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 10_000]

    @Option(help: ArgumentHelp("Threads of a rank.", valueName: "n"))
    var threads: Int = 1

    @Option(help: ArgumentHelp("Ranks that share a machine.", valueName: "n"))
    var ranksPerHost: Int = 1

    @Option(help: ArgumentHelp("Cores of a machine; else as many as its ranks have threads.", valueName: "n"))
    var coresPerHost: Int?

    @Option(help: ArgumentHelp("Seconds of a short message; else measured between the ranks.", valueName: "seconds"))
    var latency: Double?

    @Option(help: ArgumentHelp("Bytes a second; else measured between the ranks.", valueName: "bytes"))
    var bandwidth: Double?

    @Option(help: ArgumentHelp("The share of updates in which a rank is slower.", valueName: "p"))
    var stragglers: Double = 0

    @Option(help: ArgumentHelp("How many times as long it then takes.", valueName: "factor"))
    var slowdown: Double = 3

    @Option(help: ArgumentHelp("Meta-iterations that are timed.", valueName: "n"))
    var iterations: Int = 20

    @Flag(help: "Run updates on the ranks that are there too, and compare.")
    var measure = false

    @Option(help: ArgumentHelp("Root of all random numbers.", valueName: "n"))
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Folder of data sets.", valueName: "folder"))
    var dataDir: String?

    @Flag(help: "Print one JSON value on standard output and nothing else.")
    var json = false

    mutating func validate() throws {
        let counts = [threads, ranksPerHost, iterations, metaBatch, metaBatchPerRank, coresPerHost].compactMap(\.self)
        guard (counts + ranks).allSatisfy({ (1...1_000_000).contains($0) }), !ranks.isEmpty else {
            throw ValidationError("numbers of ranks, threads, tasks, cores and iterations are from 1 to 1000000")
        }
        guard (0...1).contains(stragglers), slowdown >= 1, slowdown.isFinite else {
            throw ValidationError("--stragglers is a share from 0 to 1, --slowdown a factor of at least 1")
        }
        guard [latency, bandwidth].compactMap(\.self).allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw ValidationError("--latency and --bandwidth are positive")
        }
        guard metaBatch == nil || metaBatchPerRank == nil else {
            throw ValidationError("give --meta-batch or --meta-batch-per-rank, not both")
        }
    }

    mutating func run() throws {
        let processes = Program.processes
        let measured = processes.count > 1 ? MessageTiming(processes) : nil
        guard let latency = latency ?? measured?.latency, let bandwidth = bandwidth ?? measured?.bandwidth else {
            throw ValidationError(
                "messages need two ranks to be measured: use mpirun -n 2, or give --latency and --bandwidth")
        }
        let training = try TimedTraining(
            plan: plan, metaBatch: metaBatch, seed: seed, threads: threads, dataFolder: dataDir)
        let real = measure ? GroupTiming(training, iterations: iterations, in: processes) : nil
        guard processes.rank == 0 else { return }
        let timing = PlanTiming(training, iterations: iterations)
        var model = ScalingModel(
            taskSeconds: timing.taskSeconds, secondsPerResult: timing.secondsPerResult,
            bytesPerResult: timing.bytesPerResult, latency: latency, bandwidth: bandwidth, metaBatch: timing.jobs)
        (model.threads, model.ranksPerHost) = (threads, ranksPerHost)
        model.coresPerHost = coresPerHost ?? .max
        (model.stragglers, model.slowdown) = (stragglers, slowdown)
        var report = ScalingReport(model)
        report.real = real.map { real in
            RealUpdates(
                seconds: real.update, exchange: real.exchange, waiting: real.waiting,
                replayed: model.update(ranks: processes.count))
        }
        report.rows = ranks.map { ranks in
            var model = model
            if let metaBatchPerRank { model.metaBatch = metaBatchPerRank * ranks }
            return ScalingRow(model, ranks: ranks)
        }
        print(json ? report.json : report.text)
    }
}

/// What messages between the ranks cost.
struct MessageTiming {
    let latency: Double
    let bandwidth: Double

    /// Measured by gathering, as results are; the quickest of several, since the rest is other programs'.
    init(_ processes: MPIProcesses) {
        func seconds(_ count: Int, repeats: Int) -> Double {
            let bytes = [UInt8](repeating: 1, count: count)
            return (0..<repeats).map { _ in
                let start = ContinuousClock.now
                _ = processes.gatherAll(bytes)
                return (ContinuousClock.now - start) / .seconds(1)
            }.min() ?? 0
        }
        let (long, others) = (1 << 22, Double(processes.count - 1))
        let (short, whole) = (seconds(1, repeats: 200), seconds(long, repeats: 20))
        var rounds = 0.0
        while Int(1) << Int(rounds) < processes.count { rounds += 1 }
        latency = short / (2 * rounds)
        bandwidth = others * Double(long) / max(whole - short, 1e-9)
    }
}
