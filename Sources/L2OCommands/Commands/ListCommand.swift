import ArgumentParser
import Datasets
import LearnedOptimizers
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
        var text = table(entries.map { [$0.name, $0.summary] }) + "\nOptions, as in mnist-mlp:width=40,batch=64\n"
        var first = entries.startIndex
        while first < entries.endIndex {
            let last = entries[first...].prefix { $0.options == entries[first].options }.endIndex - 1
            let names = first == last ? entries[first].name : "\(entries[first].name) … \(entries[last].name)"
            text += "  \(names): \(entries[first].options.joined(separator: ", "))\n"
            first = last + 1
        }
        try Output.write(text)
    }

    private func listOptimizers() throws {
        let handDesigned = OptimizerCatalogue.descriptions.map {
            OptimizerItem(
                name: $0.keyword, summary: $0.summary, isLearned: false, defaults: $0.defaults, options: nil)
        }
        let learned = try ShippedWeights.all.map { weights in
            let rule = type(of: try weights.optimizer()).descriptor
            return OptimizerItem(
                name: weights.name, summary: weights.summary, isLearned: true, defaults: nil,
                options: LearnedOption.all(of: rule).map(\.text))
        }
        if shared.json { return try Output.write(json: handDesigned + learned) }
        let defaults = handDesigned.map { "  \($0.defaults!)\n" }.joined()
        let options = LearnedOption.all.map { "  \($0.text) \($0.summary)\n" }.joined()
        try Output.write(
            """
            Hand-designed
            \(table(handDesigned.map { [$0.name, $0.summary] }))
            Options and their defaults
            \(defaults)
            Also lr=2^-5.5, lr=sweep for the best rate of a grid, lr=sweep,epsilon=1e-8|1e-12 for the better of two
            constants too, and schedules: cosine=STEPS or rsqrt=TIMESCALE, with or without warmup=STEPS.

            Learned
            \(table(learned.map { [$0.name, $0.summary] }))
            Others are named by their file of weights. Options, as in rnnprop:\(LearnedOption.all[0].text)
            \(options)
            """)
    }

    private func table(_ rows: [[String]]) -> String { TextTable([.init("name"), .init("what")], rows: rows).text() }

    private func listDatasets() throws {
        let folder = try DataFolder.resolve(dataDir)
        let missing = MNIST.missingFiles(dataFolder: folder)
        let items = [
            DatasetItem(
                name: "mnist", summary: "handwritten digits, 55,000 for training", isFound: missing.isEmpty,
                folder: "\(folder)/mnist", advice: missing.isEmpty ? nil : "l2o data fetch mnist"),
            cifar10(in: folder),
            DatasetItem(
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

    private func cifar10(in dataFolder: String) -> DatasetItem {
        let summary = "colour photographs, 50,000 for training"
        let advice = "l2o data fetch cifar-10"
        switch CIFAR10.source(dataFolder: dataFolder) {
        case .folder(let folder, let batches, let hasTest):
            let isWhole = batches.count == CIFAR10.batchCount && hasTest
            let names = batches.map(String.init).joined(separator: ", ")
            let part = "in part: data_batch \(names) of 5\(hasTest ? "" : ", no test_batch")"
            return DatasetItem(
                name: "cifar-10", summary: isWhole ? summary : "colour photographs, \(part)", isFound: true,
                folder: folder, advice: nil)
        case .archive(let path):
            return DatasetItem(name: "cifar-10", summary: summary, isFound: true, folder: path, advice: nil)
        case nil:
            return DatasetItem(
                name: "cifar-10", summary: summary, isFound: false, folder: dataFolder, advice: advice)
        }
    }
}

/// A line of `l2o list optimizers`.
private struct OptimizerItem: Encodable {
    let name: String
    let summary: String
    let isLearned: Bool
    /// Of a hand-designed one, its specification with every default written out.
    let defaults: String?
    /// Of a learned one.
    let options: [String]?
}

/// A line of `l2o list datasets`.
private struct DatasetItem: Encodable {
    let name: String
    let summary: String
    let isFound: Bool
    let folder: String?
    let advice: String?
}
