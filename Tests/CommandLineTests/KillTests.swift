import Files
import Foundation
import Testing

@Suite struct KillTests {
    private static let paper =
        "--optimizer rnnprop --optimizee quadratic --iterations 400 --meta-learning-rate 0.001 --checkpoint-every 100"

    private func run(_ folder: String, _ options: String = paper, resumes: Bool) throws -> Process {
        let process = Process()
        process.executableURL = productsFolder.appendingPathComponent("l2o")
        process.arguments =
            words("meta-train \(options) --out run --quiet") + (resumes ? ["--resume"] : [])
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Every file of the run; of the metrics all but the seconds, which differ from run to run.
    private func files(_ folder: String) throws -> [String: [UInt8]] {
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/run")
        return try Dictionary(
            uniqueKeysWithValues: names.filter { !$0.hasSuffix(".tmp") && !$0.hasSuffix(".svg") && $0 != "lock" }.map
            { name in
                let bytes = try readFile("\(folder)/run/\(name)")
                guard name == "metrics.jsonl" else { return (name, bytes) }
                let log = String(decoding: bytes, as: UTF8.self)
                return (name, Array(log.replacing(#/"seconds":[^,]*/#, with: "").utf8))
            })
    }

    /// A mixture of tasks under way, evolution strategies with noise that adds up, averages and a falling rate.
    private static let mixture = """
        {"name": "mixture", "optimizer": "rnnprop", "iterations": 400, "meta_batch": 2,
         "tasks": ["quadratic:n=2..4,noise=0|0.1", "convex:n=3"],
         "truncation": {"kind": "log-uniform", "unroll": 4, "shortest": 8, "longest_at_first": 16, "longest": 80},
         "meta_loss": {"kind": "log"}, "estimator": {"kind": "pes", "tensors": ["readout.weight"]},
         "meta_optimizer": {"rate": 0.01, "schedule": "cosine", "clip": 3, "averages": [0.9, 0.99], "use": 0.9}}
        """

    @Test(
        "Killed twenty times at random moments and resumed, training ends at the same bits",
        arguments: [paper, "--plan plan.json --checkpoint-every 100"])
    func endsAtTheSameBits(_ options: String) throws {
        func run(_ folder: String, resumes: Bool) throws -> Process {
            try writeFileAtomically("\(folder)/plan.json", text: Self.mixture)
            return try self.run(folder, options, resumes: resumes)
        }
        try withTemporaryFolder { whole in
            let start = Date()
            let undisturbed = try run(whole, resumes: false)
            undisturbed.waitUntilExit()
            #expect(undisturbed.terminationStatus == 0)
            let seconds = Date().timeIntervalSince(start)
            let expected = try files(whole)
            #expect(expected.count == 7, "latest, four numbered ones, the best, metrics: \(expected.keys)")
            var kills = 0
            // A run that ends before it was killed so often is followed by another; never more than these.
            for _ in 0..<10 where kills < 20 {
                try withTemporaryFolder { broken in
                    var ended = false
                    while !ended {
                        let process = try run(broken, resumes: fileExists("\(broken)/run/latest.safetensors"))
                        if kills < 20 {
                            Thread.sleep(forTimeInterval: Double.random(in: 0...0.2) * seconds)
                            kill(process.processIdentifier, SIGKILL)
                        }
                        process.waitUntilExit()
                        ended = process.terminationReason == .exit
                        if ended { #expect(process.terminationStatus == 0) } else { kills += 1 }
                    }
                    #expect(try files(broken) == expected, "after \(kills) kills")
                }
            }
            #expect(kills == 20)
        }
    }

    @Test("A second command in the same folder is told so in one line, until the first has died")
    func oneAtATime() throws {
        try withTemporaryFolder { folder in
            let first = try run(folder, resumes: false)
            while !fileExists("\(folder)/run/latest.safetensors") { Thread.sleep(forTimeInterval: 0.01) }
            let arguments = first.arguments!.map { $0 == "run" ? "\(folder)/run" : $0 } + ["--resume"]
            let second = try l2o(arguments)
            #expect(second.exitCode == 1 && second.errorLines.count == 1, "\(second.errors)")
            #expect(second.errors.contains("/run: another run is under way in it; wait until it has ended"))
            kill(first.processIdentifier, SIGKILL)
            first.waitUntilExit()
            #expect(try l2o(arguments).exitCode == 0)
        }
    }

    @Test("Ctrl-C and SIGTERM save and leave", arguments: [SIGINT, SIGTERM])
    func signals(_ signal: Int32) throws {
        try withTemporaryFolder { folder in
            let process = try run(folder, resumes: false)
            while !fileExists("\(folder)/run/latest.safetensors") { Thread.sleep(forTimeInterval: 0.01) }
            Thread.sleep(forTimeInterval: 0.2)
            kill(process.processIdentifier, signal)
            process.waitUntilExit()
            #expect(process.terminationReason == .exit && process.terminationStatus == 128 + signal)
            let log = String(decoding: try readFile("\(folder)/run/metrics.jsonl"), as: UTF8.self)
            let metadata = try SafetensorsFile(path: "\(folder)/run/latest.safetensors").metadata
            #expect(metadata["iteration"] == "\(log.split(separator: "\n").count)")
        }
    }
}
