public import ArgumentParser

/// The command `l2o`. Each subcommand parses, calls one library function and prints.
public struct L2O: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "l2o",
        abstract: "Learned optimizers: race them, inspect them, train them.",
        discussion: """
            Examples:
              l2o quickstart
              l2o meta-train --optimizer rnnprop --optimizee mnist-mlp --iterations 10000 --out runs/rnnprop
              l2o plan list
              l2o doctor runs/rnnprop
              l2o race --optimizee digits-mlp --optimizer rnnprop adam:lr=2^-5 sgd:lr=1
              l2o reproduce E1 --problems 5
              l2o report runs/reproduce
              l2o list optimizees
              l2o inspect rnnprop
              l2o explain gateprop
              l2o export onnx rnnprop --out rnnprop.onnx
              l2o data fetch mnist

            Environment:
              L2O_DATA_DIR  folder of data sets, where --data-dir is not given
              L2O_KERNELS   baseline, avx2 or avx512; else the fastest there is
              NO_COLOR      no colours

            Exit codes:
              0 done, 1 something given cannot be used, 64 wrong arguments,
              130 and 143 interrupted
            """,
        version: About.text,
        subcommands: commands)

    /// All of them, for a program that has others too.
    public static let commands: [any ParsableCommand.Type] = [
        QuickstartCommand.self, MetaTrainCommand.self, PlanCommand.self, DoctorCommand.self, RaceCommand.self,
        ReproduceCommand.self, ReportCommand.self, ListCommand.self, InspectCommand.self, ExplainCommand.self,
        ExportCommand.self, DataCommand.self,
    ]

    public init() {}
}
