import ArgumentParser
import L2OCommands
import MPIProcesses

/// `l2o` for the processes that `mpirun` starts.
struct L2OMPI: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "l2o-mpi",
        abstract: "l2o on many machines: meta-training, races and reproductions shared by the ranks of MPI.",
        discussion: """
            The same commands as those of l2o. Results have the same bits on any number of ranks. The first rank alone \
            writes files and speaks.

            Examples:
              mpirun -n 4 --bind-to none l2o-mpi meta-train --plan rnnprop-mixture --threads 2 --out runs/mixture
              mpirun -n 2 --bind-to none l2o-mpi meta-train --out runs/mixture --resume
              mpirun -n 4 --bind-to none l2o-mpi race --optimizee digits-mlp --optimizer rnnprop adam:lr=sweep
              mpirun -n 4 --bind-to none l2o-mpi reproduce E1 --out runs/reproduce
              mpirun -n 2 --bind-to none l2o-mpi simulate --plan rnnprop-mixture --meta-batch 512

            Ranks are bound to a core each unless mpirun is told otherwise, while each takes as many threads as the machine \
            has cores: give --bind-to none and --threads.
            """,
        version: L2O.configuration.version,
        subcommands: L2O.commands + [SimulateCommand.self])
}

@main
struct Program {
    /// Joined before anything else is done.
    static let processes = MPIProcesses()

    @MainActor
    static func main() async { await CommandRunner(L2OMPI.self, in: processes).run() }
}
