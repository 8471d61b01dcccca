import Files
import LearnedOptimizers
import NumericCore
public import Optimizers

/// One step of an optimizer as an ONNX model: what other programs run without this library.
///
///     let model = try ONNXModel(of: Adam(learningRate: 0.01))
///     try model.write(to: "adam.onnx")
///
/// The model takes `parameters` and `gradient`, flat vectors, the number of `step`s taken before and what the rule remembers,
/// each under the name that it has in a file of the optimizer's state; it gives the same after the step, `new_parameters` and so
/// on. Nothing is remembered in the model, and all constants and weights are inside it.
public struct ONNXModel: Sendable {
    /// The file's content.
    public let bytes: [UInt8]
    /// What goes in.
    package let inputs: [Port]
    /// What comes out.
    package let outputs: [Port]
    /// The number of operations.
    package let nodeCount: Int

    /// The version of ONNX's operations that models use, and that of the file format.
    package static let (operatorSet, formatVersion) = (Int64(18), Int64(8))

    /// Writes an optimizer's step as a graph.
    ///
    /// - Parameters:
    ///   - optimizer: what takes the step; see `exportable`.
    ///   - layout: the tensors that the parameters are. Rules that look at each parameter alone need none: their model then
    ///     takes any number of parameters.
    ///   - version: of the program that writes the file.
    ///   - metadata: what else the file shall say, such as where weights come from.
    /// - Throws: `InputError` where the optimizer cannot be written so, or needs the tensors and has none.
    public init(
        of optimizer: any Optimizer, layout: ParameterLayout? = nil, version: String = "",
        metadata: [String: String] = [:]
    ) throws {
        let rule = try Self.rule(optimizer, layout: layout)
        let graph = Graph()
        let step = StepGraph(graph, layout: layout)
        step.finish(parameters: rule.parameters(after: step))
        inputs = graph.inputs
        outputs = graph.outputs
        nodeCount = graph.nodeCount
        var all = rule.constants.merging(["optimizer": optimizer.name, "rule": rule.ruleName]) { $1 }
        if let layout { all["parameters"] = layout.description }
        all.merge(metadata) { own, _ in own }
        bytes = Self.message(graph, name: rule.ruleName, version: version, metadata: all)
    }

    /// Refuses what cannot be exported, as `init` does.
    package static func check(_ optimizer: any Optimizer, layout: ParameterLayout?) throws {
        _ = try rule(optimizer, layout: layout)
    }

    private static func rule(
        _ optimizer: any Optimizer, layout: ParameterLayout?
    ) throws -> any ExportableOptimizer {
        guard let rule = optimizer as? any ExportableOptimizer else {
            throw InputError(
                optimizer.name, "cannot be written as a graph of operations",
                advice: "choose one of \(exportable.joined(separator: ", ")), without options of learned rules")
        }
        if let choosing = optimizer as? any KernelChoosing, choosing.kernels.factors != .single {
            throw InputError(
                optimizer.name, "multiplies in \(choosing.kernels.factors)", advice: "leave out that option")
        }
        if let layout {
            guard layout.shapes.allSatisfy({ $0.count > 0 }), !layout.shapes.isEmpty else {
                throw InputError("the shapes", "have no elements", advice: "give tensors of at least one element")
            }
        } else if !(optimizer is any ElementwiseOptimizer) {
            throw InputError(
                optimizer.name, "looks at whole tensors", advice: "give their shapes, as --shapes 784x20,20")
        }
        return rule
    }

    /// The names of the rules that can be exported, learned ones last.
    public static var exportable: [String] { ExportableRules.names }

    /// Writes the file, as a whole or not at all.
    ///
    /// - Throws: `InputError` where it cannot be written.
    public func write(to path: String) throws { try writeFileAtomically(path, bytes) }

    /// `onnx.ModelProto`.
    package static func message(
        _ graph: Graph, name: String, version: String, metadata: [String: String]
    ) -> [UInt8] {
        let summary = "One step of \(metadata["optimizer"] ?? name). Outputs new_X are the inputs X of the next step."
        var model = ProtobufMessage()
        model.add(1, formatVersion)
        model.add(2, "swift-l2o")
        if !version.isEmpty { model.add(3, version) }
        model.add(6, summary)
        model.add(7, graph.message(name: name, summary: summary))
        var operators = ProtobufMessage()
        operators.add(1, "")
        operators.add(2, operatorSet)
        model.add(8, operators)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            var entry = ProtobufMessage()
            entry.add(1, key)
            entry.add(2, value)
            model.add(14, entry)
        }
        return model.bytes
    }
}
