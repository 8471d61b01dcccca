import ArgumentParser
import Files
import MetaTraining
import Reporting

/// `l2o plan`.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show the plans that meta-training can follow.",
        discussion: """
            A plan is everything that decides what l2o meta-train learns, as data: tasks, horizons, meta-loss, gradient \
            estimator, optimizer of the weights, choice of the best. Documentation/Plans.md describes its members.

            Examples:
              l2o plan list
              l2o plan show rnnprop-mixture > my-plan.json
              l2o meta-train --plan my-plan.json --out runs/mine
            """,
        subcommands: [PlanListCommand.self, PlanShowCommand.self])
}

/// `l2o plan list`.
struct PlanListCommand: SharedOptionsCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the plans that have a name.",
        discussion: """
            Examples:
              l2o plan list
              l2o plan list --json
            """)

    @OptionGroup var shared: SharedOptions

    mutating func run() throws {
        struct Item: Encodable {
            let name: String
            let summary: String
            let optimizer: String
            let iterations: Int?
        }
        let plans = MetaTrainingPlan.named
        if shared.json {
            return try Output.write(
                json: plans.map {
                    Item(name: $0.name, summary: $0.summary, optimizer: $0.optimizer, iterations: $0.iterations)
                })
        }
        try Output.write(
            TextTable([.init("name"), .init("what")], rows: plans.map { [$0.name, $0.summary] }).text()
                + "\nl2o plan show NAME prints one as a file to change.\n")
    }
}

/// `l2o plan show`.
struct PlanShowCommand: SharedOptionsCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print a plan as the JSON file that l2o meta-train --plan reads, every member spelled out.",
        discussion: """
            Examples:
              l2o plan show rnnprop-paper
              l2o plan show rnnprop-mixture > my-plan.json
              l2o plan show my-plan.json
              l2o plan show runs/mixture
            """)

    @OptionGroup var shared: SharedOptions

    @Argument(help: ArgumentHelp("A plan's name or file, or the folder of a run.", valueName: "plan"))
    var plan: String

    mutating func run() throws {
        let found: MetaTrainingPlan =
            try fileExists("\(plan)/latest.safetensors") ? .ofRun(in: plan) : .find(plan)
        try Output.write(found.json.text(indented: !shared.json) + "\n")
    }
}
