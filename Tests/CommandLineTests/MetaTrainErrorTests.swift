import Files
import Foundation
import NumericCore
import Testing

/// What a run's folder and disk can do to `l2o meta-train`: one line each time, and the old files stay.
@Suite struct MetaTrainErrorTests {
    private let command = words("meta-train --quiet --optimizer rnnprop --optimizee quadratic --horizon 40")

    private func complains(_ outcome: Outcome, _ says: String) {
        #expect(outcome.exitCode == 1)
        #expect(outcome.output.isEmpty && outcome.errorLines.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.hasPrefix("l2o: ") && outcome.errors.contains(says), "\(outcome.errors)")
    }

    @Test func runsThatCannotBeContinuedSayWhy() throws {
        try withTemporaryFolder { folder in
            let run = command + ["--iterations", "2", "--out", folder]
            #expect(try l2o(run).exitCode == 0)
            let latest = "\(folder)/latest.safetensors"
            let bytes = try readFile(latest)
            let resume = run + ["--resume"]

            complains(try l2o(run), "already holds a meta-training run; continue it with --resume")
            complains(try l2o(resume + words("--seed 3")), "was made with seed = 0, not 3")
            complains(try l2o(resume + words("--unroll 10")), "was made with unroll = 20, not 10")
            complains(try l2o(resume + words("--scaling 2")), "was made with optimizee = ")
            complains(try l2o(words("meta-train --optimizer dm") + resume.dropFirst(4)), "give --optimizer rnnprop")
            #expect(try readFile(latest) == bytes)

            try writeFileAtomically(latest, bytes.prefix(bytes.count / 2))
            complains(try l2o(resume), "is cut short")
            try writeFileAtomically(latest, [UInt8](repeating: 0x58, count: 64))
            complains(try l2o(resume), "is no safetensors file")
            try writeFileAtomically(latest, [])
            complains(try l2o(resume), "has 0 bytes")

            let file = try SafetensorsFile(bytes: bytes, path: latest)
            let broken = file.tensors.map { tensor in
                tensor.name == "readout.weight"
                    ? Tensor(tensor.name, shape: tensor.shape, values: tensor.values.map { _ in .nan }) : tensor
            }
            try SafetensorsFile(broken, metadata: file.metadata).write(to: latest)
            complains(try l2o(resume), "\"readout.weight\" holds nan")
            complains(try l2o(words("race --optimizee rosenbrock --optimizer") + [latest]), "holds nan")
        }
    }

    @Test func kernelsWithoutBFloat16AreRefusedBeforeAnythingIsWritten() throws {
        try withTemporaryFolder { folder in
            let run = command + ["--iterations", "1", "--bfloat16", "--out", "\(folder)/run"]
            let outcome = try l2o(run, environment: ["L2O_KERNELS": "baseline"])
            // The first where the processor could, the second where it could not anyway.
            complains(
                outcome,
                Kernels.bfloat16 == nil
                    ? "this processor has no AVX512_BF16" : "L2O_KERNELS=baseline has no such kernels; unset it")
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/run"))
        }
    }

    @Test(.enabled(if: Kernels.bfloat16 != nil, "this processor has no AVX512_BF16"))
    func bfloat16TrainsAndRaces() throws {
        try withTemporaryFolder { folder in
            let run = command + ["--iterations", "2", "--bfloat16", "--out", folder]
            #expect(try l2o(run).exitCode == 0)
            let latest = "\(folder)/latest.safetensors"
            complains(try l2o(command + ["--iterations", "3", "--out", folder, "--resume"]), "factors = bfloat16")
            let race = try l2o(
                words("race --quiet --json --steps 20 --problems 1 --optimizee quadratic --optimizer") + [
                    latest, "\(latest):factors=bfloat16", "\(latest):factors=bfloat16,state=half",
                ])
            let results = try #require((try race.json() as? [String: Any])?["results"] as? [[String: Any]])
            let labels = results.compactMap { $0["label"] as? String }
            #expect(
                labels == [
                    "rnnprop (latest)", "rnnprop (latest), bfloat16", "rnnprop (latest), bfloat16, half state",
                ])
            #expect(Set(results.compactMap { ($0["final_loss"] as? [Double])?.first }).count == 3, "\(results)")
        }
    }

    @Test func weightsToBeginWith() throws {
        try withTemporaryFolder { folder in
            #expect(try l2o(command + ["--iterations", "1", "--out", "\(folder)/first"]).exitCode == 0)
            let from = ["--from", "\(folder)/first/latest.safetensors", "--iterations", "1"]

            let tuned = command + from + words("--meta-learning-rate 0 --out") + ["\(folder)/tuned"]
            #expect(try l2o(tuned).exitCode == 0)
            func weights(_ run: String) throws -> [Tensor] {
                try SafetensorsFile(path: "\(folder)/\(run)/latest.safetensors").tensors.filter {
                    !$0.name.hasPrefix("meta_adam")
                }
            }
            // At a meta-learning rate of 0 a run ends with what it began with.
            #expect(try weights("tuned") == weights("first"))

            let other = words("meta-train --optimizer dm --optimizee quadratic --out") + ["\(folder)/dm"]
            complains(try l2o(other + from), "holds weights of rnnprop, not dm; give --optimizer rnnprop")
            let nowhere = words("--iterations 1 --from nowhere.safetensors --out") + [folder]
            complains(try l2o(command + nowhere), "nowhere.safetensors")
        }
    }

    /// A limit on the size of files stands for a full disk: the weights, some 80 kB, do not fit.
    @Test func fullDiskLeavesWhatWasThere() throws {
        try withTemporaryFolder { folder in
            let binary = productsFolder.appendingPathComponent("l2o").path
            let run = command + ["--iterations", "2", "--out", folder]
            #expect(try l2o(run).exitCode == 0)
            let before = try readFile("\(folder)/latest.safetensors")
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            let more = command + ["--iterations", "4", "--out", folder, "--resume"]
            shell.arguments = ["-c", "ulimit -f 40; exec \"$0\" \"$@\"", binary] + more
            shell.environment = childEnvironment
            let errors = Pipe()
            (shell.standardError, shell.standardOutput) = (errors, FileHandle.nullDevice)
            try shell.run()
            let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            shell.waitUntilExit()
            #expect(shell.terminationReason == .exit && shell.terminationStatus == 1)
            #expect(said.split(separator: "\n").count == 1 && said.contains("cannot be written"), "\(said)")
            #expect(try readFile("\(folder)/latest.safetensors") == before)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { !$0.hasSuffix(".tmp") })
            #expect(try l2o(more).exitCode == 0)
        }
    }
}
