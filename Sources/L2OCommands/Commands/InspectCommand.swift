import ArgumentParser
import Evaluation
import Files
import LearnedOptimizers
import MetaTraining
import Optimizers
import Reporting
import Statistics

/// `l2o inspect`.
struct InspectCommand: SharedOptionsCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a file of weights, or a shipped one, holds.",
        discussion: """
            Reads any safetensors file; it holds no code, so files from strangers are safe. Weights of learned \
            optimizers are recognised in the layouts of several projects. Those that are shipped have names (l2o list \
            optimizers); --out writes their file. A checkpoint also holds what meta-training needs to go on; --weights \
            writes the weights alone, with what the file says about them.

            Examples:
              l2o inspect rnnprop
              l2o inspect runs/mine/best.safetensors --json
              l2o inspect rnnprop --out rnnprop.safetensors
              l2o inspect runs/mine/best.safetensors --weights mine.safetensors
              l2o inspect gateprop --weights longer.safetensors --set rate_steps=800
            """)

    @OptionGroup var shared: SharedOptions

    @Argument(help: ArgumentHelp("A safetensors file, \(shippedNames).", valueName: "name|file"))
    var file: String

    @Option(help: ArgumentHelp("Write the same bytes to this file.", valueName: "file"))
    var out: String?

    @Option(
        help: ArgumentHelp("Write the weights alone to this file, without tasks under way.", valueName: "file"))
    var weights: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("A constant of the rule that --weights writes otherwise.", valueName: "name=number"))
    var changes: [String] = []

    mutating func validate() throws {
        if !changes.isEmpty && weights == nil { throw ValidationError("--set: say with --weights where to write") }
    }

    /// The constants to set, by name.
    private func constants() throws -> [String: Double] {
        try changes.reduce(into: [:]) { constants, change in
            let parts = change.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let value = Double(parts[1]), constants[String(parts[0])] == nil else {
                throw ValidationError("--set \(change): give a name and a number once, as rate_steps=400")
            }
            constants[String(parts[0])] = value
        }
    }

    mutating func run() throws {
        let origin = try WeightsOrigin(file)
        let bytes = try origin.bytes()
        let content = try SafetensorsFile(bytes: bytes, path: origin.text)
        let report = WeightReport(content, of: origin.text)
        let constants = try constants()
        let alone = try weights.map { _ in
            try LearnedWeights.alone(
                in: content, path: origin.text, minutes: origin.trainingMinutes, constants: constants)
        }
        if let out { try writeFileAtomically(out, bytes) }
        if let weights, let alone { try alone.write(to: weights) }
        if shared.json { return try Output.write(json: report) }
        let written = [out, weights].compactMap(\.self).map { printable($0) }
        try Output.write(report.text + (written.isEmpty ? "" : "\nWritten to \(written.joined(separator: ", "))\n"))
    }
}

/// What `l2o inspect` says about one file.
private struct WeightReport: Encodable {
    /// A tensor as it lies in the file; its statistics are those of its finite values.
    struct TensorSummary: Encodable {
        let name: String
        let shape: [Int]
        let minimum: Double?
        let mean: Double?
        let maximum: Double?
        let standardDeviation: Double?
        let notFinite: Int
    }

    let file: String
    /// Why the file holds no learned optimizer that can be run, if so.
    var problem: String?
    var kind: String?
    var convention: String?
    var hidden: Int?
    var network: String?
    var constants: [String: Double]?
    var stateBytesPerParameter: Int?
    let metadata: [String: String]
    /// The network's weights; a checkpoint holds more floats than these. Without a network, the floats of all tensors.
    var weights: Int
    let isFinite: Bool
    let tensors: [TensorSummary]

    /// - Parameter path: where the file lies, or the name of shipped weights.
    init(_ file: SafetensorsFile, of path: String) {
        self.file = path
        metadata = file.metadata
        weights = file.tensors.reduce(0) { $0 + $1.values.count }
        tensors = file.tensors.map { tensor in
            let values = tensor.values.lazy.filter(\.isFinite).map(Double.init)
            let statistics = values.isEmpty ? nil : Statistics(values)
            return TensorSummary(
                name: tensor.name, shape: tensor.shape, minimum: statistics?.minimum, mean: statistics?.mean,
                maximum: statistics?.maximum, standardDeviation: statistics?.standardDeviation,
                notFinite: tensor.values.count { !$0.isFinite })
        }
        isFinite = tensors.allSatisfy { $0.notFinite == 0 }
        do {
            let (rule, name) = try LearnedWeights.convention(of: file, path: path)
            let weights = try LearnedWeights(file, path: path)
            convention = name
            kind = weights.kind
            hidden = weights.size
            network = rule.size.text(weights.size)
            constants = weights.constants
            let optimizer = rule.type.init(weights: weights)
            stateBytesPerParameter = optimizer.stateBytesPerParameter
            self.weights = optimizer.metaParameters.count
        } catch {
            problem = "\(error)"
        }
    }

    var text: String {
        var facts: [[String]] = []
        if let kind, let convention { facts.append(["kind", "\(kind), in the layout of \(convention)"]) }
        if let network { facts.append(["network", network]) }
        facts.append(["weights", numberText(Double(weights), digits: 15, trimsZeros: true)])
        if let stateBytesPerParameter { facts.append(["state", "\(stateBytesPerParameter) bytes per parameter"]) }
        facts.append(["finite", isFinite ? "all" : "not all: see the table"])
        for (name, value) in (constants ?? [:]).sorted(by: { $0.key < $1.key }) {
            facts.append(["constant", "\(name) = \(value)"])
        }
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
            facts.append(["metadata", printable("\(name): \(value)")])
        }
        let width = facts.map(\.[0].count).max() ?? 0
        let lines = facts.map { $0[0] + String(repeating: " ", count: width + 2 - $0[0].count) + $0[1] + "\n" }
        let warning = problem.map { "\nNo learned optimizer that can be run. \($0)\n" } ?? ""
        return "\(printable(file))\n\n\(lines.joined())\(warning)\n\(table.text())"
    }

    private var table: TextTable {
        TextTable(
            [
                .init("tensor"), .init("shape"), .init("min", .right), .init("mean", .right), .init("max", .right),
                .init("std", .right), .init("not finite", .right),
            ],
            rows: tensors.map { tensor in
                let numbers = [tensor.minimum, tensor.mean, tensor.maximum, tensor.standardDeviation]
                return [printable(tensor.name), tensor.shape.map(String.init).joined(separator: " × ")]
                    + numbers.map { $0.map { numberText($0) } ?? "" }
                    + [tensor.notFinite > 0 ? "\(tensor.notFinite)" : ""]
            })
    }
}
