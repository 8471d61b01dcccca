import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Testing

@Suite("Commands go by the register of rules") struct RuleCommandTests {
    @Test("Every registered rule is trained, inspected, examined and raced", arguments: RuleRegister.all.map(\.name))
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
}
