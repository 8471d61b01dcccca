import Files
import Foundation
import Testing

@Suite struct PlanCommandTests {
    @Test func plansAreListedAndShown() throws {
        let text = try l2o(["plan", "list"])
        #expect(text.exitCode == 0 && text.output.contains("rnnprop-mixture"))
        let items = try #require(try l2o(["plan", "list", "--json"]).json() as? [[String: Any]])
        for item in items {
            let name = try #require(item["name"] as? String)
            for flags in [[], ["--json"]] {
                let shown = try #require(try l2o(["plan", "show", name] + flags).json() as? [String: Any])
                #expect(shown["name"] as? String == name && shown["truncation"] is [String: Any])
            }
        }
    }

    @Test("A plan that was shown, kept as a file and followed is the plan of the run")
    func shownPlansAreFollowed() throws {
        try withTemporaryFolder { folder in
            let plan = try l2o(["plan", "show", "rnnprop-mixture"]).output
                .replacing(#/"tasks": \[[^\]]*\]/#, with: "\"tasks\": [\"2*quadratic:n=3..9\", \"convex:n=5\"]")
                .replacing("\"iterations\": 3600", with: "\"iterations\": 4")
            try writeFileAtomically("\(folder)/plan.json", text: plan)
            let outcome = try l2o(
                words("meta-train --quiet --json --plan \(folder)/plan.json --out \(folder)/run"))
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let result = try #require(try outcome.json() as? [String: Any])
            #expect(result["iterations"] as? Int == 4 && result["plan"] as? String == "rnnprop-mixture")
            let kept = try l2o(["plan", "show", "\(folder)/run"])
            #expect(
                try kept.output == l2o(["plan", "show", "\(folder)/plan.json"]).output)
            // Nothing else is needed to go on, and there is nothing left to do.
            let more = try l2o(words("meta-train --quiet --json --resume --out \(folder)/run"))
            #expect(try (more.json() as? [String: Any])?["iterations"] as? Int == 4)
            let doctor = try l2o(words("doctor \(folder)/run --tasks 2 --json --quiet"))
            #expect(doctor.exitCode == 0, "\(doctor.errors)")
        }
    }

    @Test("Options change the plan that is followed")
    func optionsChangeThePlan() throws {
        try withTemporaryFolder { folder in
            let run =
                "meta-train --quiet --iterations 1 --optimizee convex --scaling 0 --convex 0 --horizon 6 --unroll 3 "
            let options =
                "--meta-batch 2 --meta-loss last-2 --selection validation --meta-learning-rate 0.5 --backward-stride 2"
            let outcome = try l2o(words("\(run)--plan rnnprop-paper \(options) --out \(folder)/run"))
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let plan = try #require(try l2o(["plan", "show", "\(folder)/run"]).json() as? [String: Any])
            func part(_ name: String) -> [String: Any] { plan[name] as? [String: Any] ?? [:] }
            #expect(plan["tasks"] as? String == "convex" && plan["meta_batch"] as? Int == 2)
            #expect(part("truncation")["horizon"] as? Int == 6 && part("truncation")["unroll"] as? Int == 3)
            #expect(part("meta_loss")["losses"] as? String == "last-2")
            #expect(part("meta_optimizer")["rate"] as? Double == 0.5)
            #expect(part("estimator")["backward_stride"] as? Int == 2)
            #expect(part("selection")["kind"] as? String == "validation")
        }
    }

    @Test(arguments: [
        ("plan show rnnprop-papr", "did you mean rnnprop-paper?"), ("plan show nowhere.json", "cannot be opened"),
        ("meta-train --plan rnnprop-mixture --horizon 40 --out x", "leave out --horizon"),
        ("meta-train --plan rnnprop-mixture --optimizee convex --out x", "does not train on one optimizee"),
        ("meta-train --plan es-mixture --backward-stride 2 --out x", "leave out --backward-stride"),
        ("meta-train --plan rnnprop-paper --optimizer rnprop --iterations 2 --out x", "did you mean rnnprop?"),
        ("meta-train --resume --out x", "holds no meta-training run to continue"),
        (
            "meta-train --optimizer dm --optimizee mixture:convex;quadratc --iterations 2 --out x",
            "did you mean quadratic?"
        ),
    ])
    func whatCannotBeUsed(_ call: String, _ says: String) throws {
        try withTemporaryFolder { folder in
            let arguments = words(call).map { $0 == "x" ? "\(folder)/x" : $0 }
            let outcome = try l2o(arguments)
            #expect(outcome.exitCode == 1 && outcome.output.isEmpty && outcome.errorLines.count == 1)
            #expect(outcome.errors.hasPrefix("l2o: ") && outcome.errors.contains(says), "\(outcome.errors)")
            #expect(!fileExists("\(folder)/x"))
        }
    }

    @Test(arguments: [
        ("meta-train --out x", "--optimizer"), ("meta-train --plan rnnprop-paper --out x", "--iterations"),
        ("plan", "SUBCOMMANDS"), ("plan shw x", "did you mean show?"),
    ])
    func whatIsMissingIsSaid(_ call: String, _ says: String) throws {
        let outcome = try l2o(words(call))
        #expect((outcome.errors + outcome.output).contains(says), "\(outcome.errors)")
    }
}
