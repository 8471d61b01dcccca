import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Testing

@Suite("Commands go by the register of rules") struct RuleCommandTests {
    @Test(
        "Every rule with a first-order meta-gradient is trained, inspected, examined and raced",
        arguments: RuleRegister.all.filter { $0.type is any FirstOrderLearnedOptimizer.Type }.map(\.name))
    func everyRule(_ rule: String) throws {
        try withTemporaryFolder { folder in
            let train = words(
                "meta-train --quiet --optimizee digits-mlp:width=4 --horizon 40 --iterations 2 --out run")
            let trained = try l2o(train.dropLast() + ["\(folder)/run", "--optimizer", rule])
            #expect(trained.exitCode == 0, "\(trained.errors)")
            let weights = "\(folder)/run/latest.safetensors"
            #expect(try LearnedWeights.load(path: weights).kind == rule)

            let inspected = try #require(try l2o(["inspect", weights, "--json"]).json() as? [String: Any])
            #expect(inspected["kind"] as? String == rule && inspected["problem"] == nil)
            let untrained = try RuleRegister.named(rule).type.init(key: RandomKey(seed: 1))
            #expect(inspected["weights"] as? Int == untrained.metaParameters.count)
            #expect(inspected["network"] is String)

            let doctor = try #require(
                try l2o(["doctor", "\(folder)/run", "--tasks", "2", "--json"]).json() as? [String: Any])
            let findings = try #require(doctor["findings"] as? [[String: Any]])
            let differences = try #require(findings.first { $0["check"] as? String == "finite differences" })
            #expect(differences["verdict"] as? String == "fine", "\(differences)")

            let race = words("race --optimizee digits-mlp:width=4 --steps 5 --problems 2 --json --optimizer")
            let raced = try l2o(race + [weights, "adam"])
            #expect(raced.exitCode == 0, "\(raced.errors)")
            let results = try #require((try raced.json() as? [String: Any])?["results"] as? [[String: Any]])
            #expect((results.first?["optimizer"] as? String)?.hasPrefix("\(rule)(weights=") == true)
            #expect(results.first?["diverged"] as? Int == 0)
        }
    }
    @Test("The weights alone of a checkpoint are the same optimizer, with what the file says about them")
    func weightsAlone() throws {
        try withTemporaryFolder { folder in
            let plan = try l2o(["plan", "show", "rnnprop-mixture"]).output
                .replacing(#/"tasks": \[[^\]]*\]/#, with: "\"tasks\": [\"quadratic:n=3..9\"]")
                .replacing("\"iterations\": 3600", with: "\"iterations\": 1")
            try writeFileAtomically("\(folder)/plan.json", text: plan)
            let trained = try l2o(words("meta-train --quiet --plan \(folder)/plan.json --out \(folder)/run"))
            #expect(trained.exitCode == 0, "\(trained.errors)")
            let (checkpoint, alone) = ("\(folder)/run/latest.safetensors", "\(folder)/alone.safetensors")
            // One of a task's periods is done.
            #expect(try SafetensorsFile(path: checkpoint).tensors.contains { $0.name.hasPrefix("task.") })
            let outcome = try l2o(["inspect", checkpoint, "--weights", alone])
            #expect(outcome.output.hasSuffix("Written to \(alone)\n"), "\(outcome.errors)")
            let file = try SafetensorsFile(path: alone)
            let weights = try LearnedWeights.load(path: checkpoint)
            #expect(try LearnedWeights.load(path: alone) == weights)
            #expect(file.tensors.map(\.name) == weights.tensors.map(\.name))
            #expect(file.metadata["plan"]?.contains("quadratic") == true && file.metadata["seed"] == "0")
            #expect(!file.metadata.keys.contains { $0.hasPrefix("task.") })
            // From the log beside the checkpoint, for races by the clock.
            #expect(try #require(file.metadata["minutes"].flatMap { Double($0) }) > 0)
            let resumed = try l2o(["inspect", alone, "--weights", "\(folder)/again.safetensors"])
            #expect(resumed.exitCode == 0)
            #expect(try readFile("\(folder)/again.safetensors") == readFile(alone))
        }
    }

    @Test("A rule without one says how it can be trained, and races")
    func withoutFirstOrder() throws {
        try withTemporaryFolder { folder in
            let train = words("meta-train --quiet --optimizer celo --optimizee quadratic --iterations 1 --out")
            let refused = try l2o(train + ["\(folder)/run"])
            #expect(refused.exitCode == 1 && refused.errors.contains("which celo lacks; choose nres or pes"))
            let path = "\(folder)/celo.safetensors"
            try Celo(key: RandomKey(seed: 1), units: 3).weights.safetensors().write(to: path)
            let race = words("race --optimizee quadratic --steps 5 --problems 2 --json --optimizer sgd --rivals")
            let results = try #require(
                (try l2o(race + [folder]).json() as? [String: Any])?["results"] as? [[String: Any]])
            #expect(results.map { $0["label"] as? String } == ["sgd lr=0.001", "celo"])
        }
    }

    @Test("A constant is written otherwise; one that the rule lacks or cannot have is refused")
    func constantsAreSet() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/longer.safetensors"
            let outcome = try l2o(["inspect", "gateprop", "--weights", path, "--set", "rate_steps=1600"])
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let (changed, shipped) = try (LearnedWeights.load(path: path), WeightsOrigin("gateprop").weights())
            #expect(changed.constants["rate_steps"] == 1600 && changed.tensors == shipped.tensors)
            for (change, says) in [
                ("rate_step=1600", "did you mean rate_steps"), ("fast_decay=1", "give a number from"),
                ("rate_steps", "give a name and a number"), ("rate_steps=many", "give a name and a number"),
            ] {
                let refused = try l2o(["inspect", "gateprop", "--weights", "\(folder)/none", "--set", change])
                #expect(refused.exitCode != 0 && refused.errors.contains(says), "\(refused.errors)")
                #expect(!fileExists("\(folder)/none"))
            }
            #expect(try l2o(["inspect", "gateprop", "--set", "rate_steps=1"]).errors.contains("--weights"))
        }
    }

    @Test("Where there are no weights, none are written")
    func noWeightsAlone() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/some.safetensors"
            try SafetensorsFile([Tensor("a", shape: [1], values: [1])], metadata: [:]).write(to: path)
            let outcome = try l2o(["inspect", path, "--weights", "\(folder)/none.safetensors"])
            #expect(outcome.exitCode == 1 && outcome.errors.contains("unexpected tensor"), "\(outcome.errors)")
            #expect(!fileExists("\(folder)/none.safetensors"))
        }
    }
}
