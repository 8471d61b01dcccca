import Files
import Foundation
import Testing

@Suite struct CommandTests {
    @Test func versionSaysWhatRuns() throws {
        let outcome = try l2o(["--version"], environment: ["L2O_KERNELS": "baseline"])
        #expect(outcome.exitCode == 0)
        #expect(outcome.output.hasPrefix("l2o 0.1.0\nkernels  baseline (available: baseline"))
        #expect(outcome.output.contains("\nthreads  ") && outcome.output.contains("\nSwift    6."))
    }

    @Test(arguments: [
        [], ["race"], ["doctor"], ["meta-train"], ["list"], ["inspect"], ["data"], ["data", "fetch"],
        ["export", "onnx"],
    ])
    func helpHasExamples(_ command: [String]) throws {
        let outcome = try l2o(command + ["--help"])
        #expect(outcome.exitCode == 0 && outcome.errors.isEmpty)
        #expect(outcome.output.contains("Examples:\n  l2o "))
    }

    @Test(arguments: [("optimizees", "rosenbrock"), ("optimizers", "adam"), ("datasets", "digits")])
    func listsInTextAndJSON(_ subject: String, _ member: String) throws {
        let text = try l2o(["list", subject])
        #expect(text.exitCode == 0 && text.output.contains(member))
        let items = try #require(try l2o(["list", subject, "--json"]).json() as? [[String: Any]])
        #expect(items.contains { $0["name"] as? String == member })
        #expect(items.allSatisfy { $0["summary"] is String })
    }

    @Test func namedWeightsAreListed() throws {
        for command in ["list optimizers", "reproduce --help", "inspect --help", "meta-train --help"] {
            #expect(try l2o(words(command)).output.contains("rnnprop-paper"), "\(command)")
        }
        let items = try #require(try l2o(["list", "optimizers", "--json"]).json() as? [[String: Any]])
        let learned = items.filter { $0["is_learned"] as? Bool == true }
        #expect(learned.map { $0["name"] as? String } == ["gateprop", "rnnprop", "rnnprop-paper"])
        // Only coordinatewise networks have a smaller state.
        let small = learned.filter { ($0["options"] as? [String])?.contains("state=half") == true }
        #expect(small.map { $0["name"] as? String } == ["rnnprop", "rnnprop-paper"])
    }

    @Test func datasetsThatAreMissingSayHowToGetThem() throws {
        try withTemporaryFolder { folder in
            let outcome = try l2o(["list", "datasets", "--data-dir", folder])
            #expect(outcome.output.contains("not in \(folder)/mnist"))
            #expect(outcome.output.contains("l2o data fetch mnist"))
        }
    }

    @Test func inspectsAnyTensors() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/some.safetensors"
            let tensor = Tensor("a\u{1B}[2J", shape: [2, 2], values: [1, 3, -1, .nan])
            try SafetensorsFile([tensor], metadata: ["note": "two\nlines"]).write(to: path)
            let text = try l2o(["inspect", path])
            #expect(text.exitCode == 0)
            #expect(!text.output.contains("\u{1B}") && text.output.contains("not all"))
            let report = try #require(try l2o(["inspect", path, "--json"]).json() as? [String: Any])
            #expect(report["weights"] as? Int == 4)
            #expect(report["is_finite"] as? Bool == false)
            #expect(report["problem"] is String && report["kind"] == nil)
            let tensors = try #require(report["tensors"] as? [[String: Any]])
            #expect(tensors[0]["shape"] as? [Int] == [2, 2])
            #expect(tensors[0]["mean"] as? Double == 1)
            #expect(tensors[0]["not_finite"] as? Int == 1)
        }
    }

    /// The pipe's reader is gone before anything is written.
    @Test func closedPipeEndsWithoutAWord() throws {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        let binary = productsFolder.appendingPathComponent("l2o").path
        shell.arguments = ["-c", "{ sleep 0.2; \"$0\" list optimizees; echo \"$?\" >&2; } | true", binary]
        let errors = Pipe()
        shell.standardError = errors
        try shell.run()
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        shell.waitUntilExit()
        #expect(said == "0\n")
    }
}
