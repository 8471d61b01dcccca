import ArgumentParser
import Files
import Interchange
import LearnedOptimizers
import MetaTraining
import Optimizers
import Reporting

/// `l2o export`.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write an optimizer for programs that have not this library.",
        discussion: """
            Examples:
              l2o export onnx rnnprop --out rnnprop.onnx
            """,
        subcommands: [ExportONNXCommand.self])
}

/// `l2o export onnx`.
struct ExportONNXCommand: SharedOptionsCommand {
    static let configuration = CommandConfiguration(
        commandName: "onnx",
        abstract: "Write one step of an optimizer as an ONNX model, weights and constants inside.",
        discussion: """
            The model takes flat float32 vectors, parameters and gradient, the number of steps taken before, and what the \
            rule remembers; it gives the same after the step, as new_parameters and so on. All that is remembered is 0 at \
            first (adagrad's accumulator may begin elsewhere). Documentation/ONNX.md has ten lines that run one.

            Rules that look at each parameter alone take any number of parameters. Those that look at whole tensors, gateprop \
            and small-fc-lopt, have a model for the tensors of --shapes, which lie one after the other in the vectors.

            These can be exported: \(ONNXModel.exportable.joined(separator: ", ")).

            Examples:
              l2o export onnx adam:lr=0.01 --out adam.onnx
              l2o export onnx rnnprop --out rnnprop.onnx
              l2o export onnx gateprop --shapes 784x20,20,20x10,10 --out gateprop.onnx
              l2o export onnx runs/mine/best.safetensors --out mine.onnx --replace
            """)

    @OptionGroup var shared: SharedOptions

    @Argument(
        help: ArgumentHelp("An optimizer: \(shippedNames), a file of weights, adam:lr=2^-7.", valueName: "name|file"))
    var optimizer: String

    @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
    var out: String

    @Option(help: ArgumentHelp("The tensors that the parameters are, as 784x20,20.", valueName: "shapes"))
    var shapes: String?

    @Flag(help: "Replace a file that is there.")
    var replace = false

    mutating func run() throws {
        let layout = try shapes.map(Self.layout)
        let specification = try OptimizerSpecification(optimizer)
        let chosen = try specification.optimizer()
        try ONNXModel.check(chosen, layout: layout)
        guard replace || !fileExists(out) else {
            throw InputError(out, "is there already", advice: "give another --out, or --replace")
        }
        let model = try ONNXModel(
            of: chosen, layout: layout, version: About.version,
            metadata: specification.isLearned ? try Self.origin(optimizer) : [:])
        try model.write(to: out)
        let report = ExportReport(model, optimizer: chosen.name, file: out)
        if shared.json { return try Output.write(json: report) }
        try Output.write(report.text)
    }

    /// The tensors that a user wrote.
    private static func layout(_ text: String) throws -> ParameterLayout {
        let tensors = text.split(separator: ",", omittingEmptySubsequences: false)
        return ParameterLayout(
            try tensors.enumerated().map { index, tensor in
                let lengths = tensor.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
                guard lengths.allSatisfy({ (1...1 << 31).contains($0) }) else {
                    throw InputError(
                        "--shapes \(text)", "\(quoted(String(tensor))) is no tensor's shape",
                        advice: "give lengths of at least 1, as 784x20,20")
                }
                guard lengths.reduce(into: 1.0, { $0 *= Double($1) }) <= 0x1p31 else {
                    throw InputError(
                        "--shapes \(text)", "\(tensor) has more than 2^31 elements", advice: "give smaller tensors")
                }
                return ParameterShape("x\(index)", lengths)
            })
    }

    /// What the file of learned weights says of how they came about.
    private static func origin(_ nameOrPath: String) throws -> [String: String] {
        let origin = try WeightsOrigin(nameOrPath)
        let alone = try LearnedWeights.alone(
            in: origin.file(), path: origin.text, minutes: origin.trainingMinutes
        ).metadata
        let own = Set(["kind", "convention"] + (try origin.weights().constants.keys))
        var metadata = ["weights": origin.text]
        for (key, value) in alone where !own.contains(key) { metadata["weights.\(key)"] = value }
        return metadata
    }
}

/// What `l2o export onnx` says about the file that it wrote.
private struct ExportReport: Encodable {
    struct PortReport: Encodable {
        let name: String
        let type: String
        let shape: [String]
        let summary: String

        init(_ port: Port) {
            name = port.name
            type = port.type.text
            shape = port.shape.map(\.text)
            summary = port.summary
        }
    }

    let file: String
    let optimizer: String
    let bytes: Int
    let operations: Int
    let operatorSet: Int64
    let inputs: [PortReport]
    let outputs: [PortReport]

    init(_ model: ONNXModel, optimizer: String, file: String) {
        self.file = file
        self.optimizer = optimizer
        bytes = model.bytes.count
        operations = model.nodeCount
        operatorSet = ONNXModel.operatorSet
        inputs = model.inputs.map(PortReport.init)
        outputs = model.outputs.map(PortReport.init)
    }

    var text: String {
        let table = TextTable(
            [.init("input"), .init("type"), .init("shape"), .init("output"), .init("what")],
            rows: inputs.map { port in
                let after = "new_\(port.name)"
                let output = outputs.contains { $0.name == after } ? after : ""
                let shape = port.shape.isEmpty ? "scalar" : port.shape.joined(separator: " × ")
                return [port.name, port.type, shape, output, port.summary]
            })
        let size = numberText(Double(bytes), digits: 15, trimsZeros: true)
        return """
            \(table.text())
            \(printable(optimizer)): \(operations) operations of opset \(operatorSet), \(size) bytes
            Written to \(printable(file))

            """
    }
}
