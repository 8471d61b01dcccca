import Foundation
import LearnedOptimizers
import NumericCore

/// An operation of ours and the peers it is compared with.
struct Comparison: Sendable {
    var ours: Side
    var peers: [Side] = []
}

/// How much is measured.
enum Extent: String, Codable, Sendable {
    /// Ours alone, once each, to see that it runs.
    case smoke
    /// Two sizes, the fastest peers, short turns.
    case quick
    case full

    var effort: Effort {
        switch self {
        case .smoke: Effort(turns: 1, secondsPerTurn: 0)
        case .quick: Effort(turns: 5, secondsPerTurn: 0.05)
        case .full: Effort(turns: 7, secondsPerTurn: 0.3)
        }
    }
}

/// Which comparisons are made, in the order of the tables.
struct Suite {
    /// Where the peers' Python and program are; nil for ours alone.
    struct Peers: Sendable {
        var python: String
        var worker: String
    }

    var extent: Extent
    var threads: [Int]
    var peers: Peers?
    var hasMNIST: Bool

    /// The paper's optimizee, and the sizes that show whether time stays flat.
    static let paperParameters = 15_910

    /// Coordinates of a meta-iteration: the MLP and the convex function.
    static let paperCoordinates = 15_930

    /// The rate that floors are computed from.
    var sgemm: [Side] {
        threads.map { threads in
            ours(Job(operation: .sgemm, parameters: extent == .full ? 2048 : 1024, threads: threads))
        }
    }

    /// The paper's setting: five periods of 20 steps, and one.
    var metaIterations: [Comparison] {
        learned.flatMap { optimizer in
            [5, 1].flatMap { periods in
                threads.map { threads in
                    comparison(
                        Job(operation: .metaIteration, optimizer: optimizer, periods: periods, threads: threads),
                        fastestOnly: extent != .full || periods == 1 || optimizer != "rnnprop")
                }
            }
        }
    }

    /// RNNprop, and where the processor can also in bfloat16.
    private var learned: [String] { ["rnnprop"] + (Kernels.bfloat16 == nil ? [] : [Workload.bfloat16]) }

    /// One step at every size.
    var steps: [Comparison] {
        let larger =
            switch extent {
            case .smoke: [Int]()
            case .quick: [100_000]
            case .full: [100_000, 1_000_000, 10_000_000]
            }
        let sizes = [Self.paperParameters] + larger
        return (learned + [Workload.halfState, "dm", Gateprop.kind, Workload.guarded, SmallFC.kind, "adam"])
            .flatMap { optimizer in
                sizes.flatMap { size in
                    threads.map { threads in
                        comparison(
                            Job(operation: .step, optimizer: optimizer, parameters: size, threads: threads),
                            fastestOnly: extent != .full || optimizer == Workload.bfloat16)
                    }
                }
            }
    }

    /// The paper's CNNs on one thread, as each thread of a race runs them.
    var gradients: [Comparison] {
        let names = extent == .full ? Peer.cnns : [Peer.cnns[0]]
        return names.map { name in
            comparison(Job(operation: .gradient, optimizer: name), fastestOnly: extent != .full)
        }
    }

    /// Each instruction set on one thread, turn by turn with the fastest.
    var instructionSets: [Comparison] {
        [
            Job(operation: .step, optimizer: "rnnprop", parameters: Self.paperParameters),
            Job(operation: .step, optimizer: "dm", parameters: Self.paperParameters),
            Job(operation: .metaIteration, optimizer: "rnnprop", periods: 1),
        ].map { job in
            let sides = Kernels.available.map { kernels in
                ours(job, title: kernels.name, environment: ["L2O_KERNELS": kernels.name])
            }
            return Comparison(ours: sides[sides.count - 1], peers: sides.dropLast().reversed())
        }
    }

    /// What is left out, and why, a line each.
    var omissions: [String] {
        var lines: [String] = []
        if extent != .full { lines.append("sizes, peers and repetitions, since this is a \(extent.rawValue) run") }
        if peers == nil && extent != .smoke { lines.append("peers, since there is no Python with their packages") }
        if !hasMNIST {
            lines.append(
                "the peers' meta-iterations, since MNIST is not in the data folder; ours takes the built-in digits")
        }
        return lines
    }

    private func comparison(_ job: Job, fastestOnly: Bool) -> Comparison {
        var comparison = Comparison(ours: ours(job))
        guard let peers, job.operation != .metaIteration || hasMNIST else { return comparison }
        var theirs = job
        // What the peers compute is the same, in single precision.
        if job.optimizer == Workload.bfloat16 { theirs.optimizer = RNNprop.kind }
        comparison.peers = Peer.all.filter {
            $0.operation == theirs.operation && $0.optimizers.contains(theirs.optimizer)
                && ($0.isFastest || !fastestOnly)
        }.map { peer in
            var job = theirs
            job.form = peer.form
            return Side(
                title: peer.title,
                command: peer.command(python: peers.python, worker: peers.worker, threads: job.threads),
                job: job, bytesPerParameter: peer.bytesPerParameter)
        }
        return comparison
    }

    /// OpenMP gets one thread, as the library sets itself, except for the sgemm rate.
    private func ours(_ job: Job, title: String = "swift-l2o", environment: [String: String] = [:]) -> Side {
        Side(
            title: title,
            command: WorkerCommandLine(
                program: Bundle.main.executablePath ?? CommandLine.arguments[0], arguments: ["worker"],
                environment: environment.merging(
                    ["OMP_NUM_THREADS": job.operation == .sgemm ? "\(job.threads)" : "1"]) { $1 }),
            job: job)
    }
}
