import Files
import Foundation
import Interchange
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

@Suite("l2o export onnx") struct ExportCommandTests {
    @Test("The file is the model of the optimizer, with the origin of its weights")
    func writesModel() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/gateprop.onnx"
            let outcome = try l2o(["export", "onnx", "gateprop", "--shapes", "784x20,20,1", "--out", path])
            #expect(outcome.exitCode == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
            for word in ["new_coordinates", "6 × 15701", "3 × 2", "gateprop(weights=", path] {
                #expect(outcome.output.contains(word), "\(word): \(outcome.output)")
            }
            let text = String(decoding: try readFile(path), as: UTF8.self)
            for word in ["x0[784,20] x1[20] x2[1]", "weights.command", "l2o meta-train --plan gateprop-late"] {
                #expect(text.contains(word), "\(word)")
            }
            #expect(!text.contains("weights.kind") && !text.contains("weights.rate_steps"))

            let adam = "\(folder)/adam.onnx"
            let item = try #require(
                try l2o(["export", "onnx", "adam:lr=0.01", "--out", adam, "--json"]).json() as? [String: Any])
            let model = try ONNXModel(of: Adam(learningRate: 0.01), version: "0.1.0")
            #expect(try readFile(adam) == model.bytes)
            #expect(item["bytes"] as? Int == model.bytes.count && item["operator_set"] as? Int == 18)
            let inputs = try #require(item["inputs"] as? [[String: Any]])
            #expect(inputs.map { $0["name"] as? String } == ["parameters", "gradient", "step", "first", "second"])
            #expect(inputs[0]["shape"] as? [String] == ["n"] && inputs[2]["shape"] as? [String] == [])
        }
    }

    @Test("A file of weights is exported; one that is there is replaced only where that is asked for")
    func replaces() throws {
        try withTemporaryFolder { folder in
            let (weights, path) = ("\(folder)/dm.safetensors", "\(folder)/dm.onnx")
            try DMoptimizer(key: RandomKey(seed: 1)).weights.safetensors(metadata: ["command": "none"]).write(
                to: weights)
            try writeFileAtomically(path, text: "precious")
            let refused = try l2o(["export", "onnx", weights, "--out", path])
            #expect(
                refused.exitCode == 1
                    && refused.errors == "l2o: \(path): is there already; give another --out, or --replace\n")
            #expect(try readFile(path) == Array("precious".utf8))
            let outcome = try l2o(["export", "onnx", weights, "--out", path, "--replace"])
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(try readFile(path).count > 4 * 5_000)
        }
    }

    @Test("What cannot be exported or written is refused in one line, and no file is left")
    func refusals() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/some.onnx"
            for (call, says) in [
                ("adm --out \(path)", "did you mean adam?"),
                ("adam:lr=sweep --out \(path)", "still to be searched for"),
                ("rnnprop:state=half --out \(path)", "cannot be written as a graph of operations; choose one of sgd"),
                ("gateprop --out \(path)", "looks at whole tensors; give their shapes, as --shapes 784x20,20"),
                ("adam --shapes 3x0 --out \(path)", "\"3x0\" is no tensor's shape"),
                ("adam --shapes 3,,4 --out \(path)", "\"\" is no tensor's shape"),
                ("adam --shapes 99999x99999 --out \(path)", "more than 2^31 elements"),
                ("\(folder)/none.safetensors --out \(path)", "none.safetensors: cannot be opened"),
                ("adam --out \(folder)/none/a.onnx", "none/a.onnx: cannot be written"),
                ("adam --out /dev/null --replace", "is not a regular file"),
            ] {
                let outcome = try l2o(words("export onnx \(call)"))
                #expect(outcome.exitCode == 1 && outcome.output.isEmpty && outcome.errorLines.count == 1)
                #expect(outcome.errors.contains(says), "\(call): \(outcome.errors)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}
