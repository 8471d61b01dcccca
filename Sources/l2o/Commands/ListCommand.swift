import ArgumentParser
import Datasets
import Optimizees
import Optimizers
import Reporting

/// `l2o list`.
struct ListCommand: SharedOptionsCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what there is to choose from.",
        discussion: """
            Examples:
              l2o list optimizees
              l2o list optimizers
              l2o list datasets --data-dir data
            """)

    /// What can be listed.
    enum Subject: String, CaseIterable, ExpressibleByArgument {
        case optimizees, optimizers, datasets
    }

    @OptionGroup var shared: SharedOptions

    @Argument(help: ArgumentHelp("What to list."))
    var subject: Subject

    @Option(help: dataFolderHelp)
    var dataDir: String?

    mutating func run() throws {
        switch subject {
        case .optimizees: try listOptimizees()
        case .optimizers: try listOptimizers()
        case .datasets: try listDatasets()
        }
    }

    private func listOptimizees() throws {
        struct Item: Encodable {
            let name: String
            let summary: String
            let options: [String]
        }
        let entries = OptimizeeCatalogue.entries
        if shared.json {
            return try Output.write(
                json: entries.map { Item(name: $0.name, summary: $0.summary, options: $0.options) })
        }
        let table = TextTable(
            [.init("name"), .init("what"), .init("options")],
            rows: entries.map { [$0.name, $0.summary, $0.options.joined(separator: ", ")] })
        try Output.write(table.text() + "\nWith options: mnist-mlp:width=40,batch=64\n")
    }

    private func listOptimizers() throws {
        struct Item: Encodable {
            let name: String
            let summary: String
            let defaults: String
        }
        let entries = OptimizerCatalogue.descriptions
        if shared.json {
            return try Output.write(
                json: entries.map { Item(name: $0.keyword, summary: $0.summary, defaults: $0.defaults) })
        }
        let table = TextTable(
            [.init("name"), .init("what"), .init("defaults")],
            rows: entries.map { [$0.keyword, $0.summary, $0.defaults] })
        try Output.write(
            table.text()
                + "\nWith options: adam:lr=2^-5,beta1=0.95, adam:lr=sweep, adam:lr=0.01,cosine=1000,warmup=100\n"
                + "Learned optimizers are named by their files of weights.\n")
    }

    private func listDatasets() throws {
        struct Item: Encodable {
            let name: String
            let summary: String
            let isFound: Bool
            let folder: String?
            let advice: String?
        }
        let folder = try DataFolder.resolve(dataDir)
        let missing = MNIST.missingFiles(dataFolder: folder)
        let items = [
            Item(
                name: "mnist", summary: "handwritten digits, 55,000 for training", isFound: missing.isEmpty,
                folder: "\(folder)/mnist", advice: missing.isEmpty ? nil : "l2o data fetch mnist"),
            Item(
                name: "digits", summary: "drawn digits, 20,000 for training", isFound: true, folder: nil, advice: nil),
        ]
        if shared.json { return try Output.write(json: items) }
        let table = TextTable(
            [.init("name"), .init("what"), .init("where"), .init("to get it")],
            rows: items.map { item in
                let place = item.folder.map { item.isFound ? $0 : "not in \($0)" } ?? "built in"
                return [item.name, item.summary, place, item.advice ?? ""]
            })
        try Output.write(table.text())
    }
}
