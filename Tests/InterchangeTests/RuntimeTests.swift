import Files
import Foundation
import Interchange
import LearnedOptimizers
import NumericCore
import Optimizers
import TestSupport
import Testing

private let hasRuntime = Python.has("onnx, onnxruntime, safetensors.numpy")

/// Optimizers as users write them, with what their steps depend on.
private let specifications = [
    "sgd:lr=0.01", "sgd:lr=0.01,cosine=15,warmup=4", "momentum:lr=0.01,rsqrt=5", "nesterov:lr=0.01,warmup=30",
    "adagrad:lr=0.01,accumulator=0.1", "rmsprop", "adadelta:rsqrt=7,warmup=3", "adam:lr=0.01",
    "adam:beta1=0,beta2=0.5",
    "adamw:lr=0.01,decay=0.1,cosine=18", "nadam", "nadam:beta1=0.5,psi=0.3", "nadamw:lr=0.01,decay=0.1,warmup=3",
    "seed-rule", "rnnprop", "rnnprop-paper", "gateprop",
]

/// Rules without shipped weights.
private let others = ["dm", "rnnprop-amalgamated", "small-fc-lopt"]

@Suite("ONNX Runtime takes the steps of our kernels") struct RuntimeTests {
    private static let comment: Comment =
        "no Python with onnx, onnxruntime and safetensors: Scripts/test_python.sh makes one for L2O_PYTHON"

    @Test("Of every optimizer by name", .enabled(if: hasRuntime, comment), arguments: specifications)
    func named(_ specification: String) throws {
        try check(try OptimizerSpecification(specification).optimizer(), specification)
    }

    @Test("Of rules with drawn weights", .enabled(if: hasRuntime, comment), arguments: others)
    func drawn(_ name: String) throws {
        let rule = try RuleRegister.named(name).type.init(key: RandomKey(seed: 2))
        // Biases and the like are 0 when untrained.
        var stream = RandomStream(RandomKey(seed: 3))
        let weights = rule.metaParameters.map { $0 + 0.02 * stream.truncatedNormal() }
        try check(rule.optimizer(weights), name)
    }

    @Test("No exportable rule is left out above")
    func allAreTested() {
        let tested = Set(
            (specifications + others).map { $0.prefix { $0 != ":" } }.map(String.init))
        #expect(tested.isSuperset(of: ONNXModel.exportable))
    }

    private static let layouts = [
        [[1]], [[7]], [[3, 1, 2], [1], [16]], [[13, 5], [5], [1, 1], [33]], [[2500], [3, 3]],
    ].map { ParameterLayout($0.enumerated().map { ParameterShape("x\($0)", $1) }) }

    private func check(_ optimizer: some Optimizer, _ name: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "l2o-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (index, layout) in Self.layouts.enumerated() {
            try makeFolder("\(folder)/\(index)")
            try RecordedRun(optimizer, layout).write(to: "\(folder)/\(index)/run.safetensors")
            let isElementwise = optimizer is any ElementwiseOptimizer && layout.shapes.count > 1
            try ONNXModel(of: optimizer, layout: isElementwise ? nil : layout).write(
                to: "\(folder)/\(index)/step.onnx")
        }
        let output = try Python.run(program, folder, unit(of: optimizer))
        let runs = output.split(separator: "\n")
            .map { line in line.split(separator: " ").map { Double($0) ?? .infinity } }
        #expect(runs.count == Self.layouts.count && runs.allSatisfy { $0.count == 3 }, "\(output)")
        // Kernels take the exponential of 5 tanh(x/5) for gateprop's steps, and their tanh may be wrong by 2e-7.
        let limit = optimizer is Gateprop ? 2e-6 : 1e-6
        for (layout, errors) in zip(Self.layouts, runs) {
            #expect(errors[0] < limit, "\(name), \(layout): steps differ by \(errors[0]) of their size")
            #expect(errors[1] < 1e-6, "\(name), \(layout): steps differ by \(errors[1])")
            #expect(errors[2] < 1e-5, "\(name), \(layout): states differ by \(errors[2]) of their size")
        }
    }

    /// What differences of a step are measured in: with formulas the parameter's own change; with rules that sum up what may
    /// cancel the largest change of the step, or of a usual step where that is larger; with LSTMs, whose output is such a sum,
    /// what it is multiplied by.
    private func unit(of optimizer: some Optimizer) -> String {
        guard let learned = optimizer as? any LearnedOptimizer else { return "own change" }
        return optimizer is any ElementwiseOptimizer ? "\(learned.weights.constants["scale"]!)" : "largest change"
    }
}

/// Some steps of an optimizer on gradients of many sizes, some of them zero: parameters before and after each, and the
/// states at both ends.
private struct RecordedRun {
    private static let steps = 24
    private var tensors: [Tensor] = []

    init<O: Optimizer>(_ optimizer: O, _ layout: ParameterLayout) {
        let count = layout.count
        var stream = RandomStream(RandomKey(seed: 17))
        var state = optimizer.initialState(for: layout)
        // As small as steps are, so that rounding parameters hides nothing.
        var parameters = (0..<count).map { _ in 0.01 * stream.truncatedNormal() }
        let sizes = (0..<count).map { _ in exp(stream.uniform(in: -12...1)) }
        add("start", optimizer.record(state))
        var (path, gradients) = (parameters, [Float]())
        for step in 0..<Self.steps {
            // The first parameter's gradient is always zero, and once all are; once they are far larger than before.
            let factor: Float = step == 9 ? 0 : step == 15 ? 300 : 1
            let gradient = (0..<count).map { index in
                index == 0 && count > 1 ? 0 : factor * sizes[index] * (stream.truncatedNormal() + 0.3)
            }
            optimizer.update(&parameters, gradient: gradient, loss: nil, state: &state)
            gradients += gradient
            path += parameters
        }
        add("end", optimizer.record(state))
        tensors += [
            Tensor("parameters", shape: [Self.steps + 1, count], values: path),
            Tensor("gradients", shape: [Self.steps, count], values: gradients),
        ]
    }

    private mutating func add(_ prefix: String, _ record: StateRecord) {
        tensors += record.tensors.map { Tensor("\(prefix)/\($0.name)", shape: $0.shape, values: $0.values) }
    }

    func write(to path: String) throws { try SafetensorsFile(tensors, metadata: [:]).write(to: path) }
}

/// Takes the same steps, each from our parameters but with the state that the graph itself gave. Prints for each run the
/// largest difference in units of the second argument, one rounding of the parameters left out; the same as it is; and that of
/// the states at the end, in units of the largest number of their row, or of all rows of an LSTM.
private let program = """
    import os, sys
    import numpy as np, onnx, onnxruntime
    from safetensors.numpy import load_file

    def part(error, size):
        return np.where(error > 0, error / np.where(size > 0, size, 1e-300), 0).max()

    def check(folder, unit):
        run = load_file(folder + "/run.safetensors")
        model = onnx.load(folder + "/step.onnx")
        onnx.checker.check_model(model, full_check=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        carried = {name[6:]: value for name, value in run.items() if name.startswith("start/")}
        carried["step"] = np.array(0, np.int64)
        changes = np.abs(np.diff(run["parameters"].astype(float), axis=0))
        usual = np.median(changes.max(axis=1))

        worst = largest = 0
        for before, after, gradient, change in zip(run["parameters"], run["parameters"][1:], run["gradients"], changes):
            outputs = dict(zip(names, session.run(None, {"parameters": before, "gradient": gradient, **carried})))
            carried = {name[4:]: value for name, value in outputs.items() if name != "new_parameters"}
            rounding = np.spacing(np.abs(after)).astype(float)
            error = np.abs(outputs["new_parameters"].astype(float) - after) - rounding
            assert error.shape == after.shape and not np.isnan(error).any()
            size = {"own change": change, "largest change": max(change.max(), usual)}.get(unit)
            worst = max(worst, part(error, float(unit) if size is None else size))
            largest = max(largest, error.max())
        assert carried.pop("step") == len(run["gradients"])

        drift = 0
        for name, value in carried.items():
            end = run["end/" + name].astype(float)
            assert value.shape == end.shape and value.dtype == np.float32
            size = np.abs(end).max() if name.startswith("lstm") else np.abs(end).max(axis=-1, keepdims=True)
            drift = max(drift, part(np.abs(value - end), size))
        print(worst, largest, drift)

    folder, unit = sys.argv[1:]
    for run in sorted(os.listdir(folder)):
        check(folder + "/" + run, unit)
    """
