import Files
import Foundation
import LearnedOptimizers
import MetaTraining
import NumericCore
import Testing

/// A plan from text.
private func read(_ text: String) throws -> MetaTrainingPlan {
    try MetaTrainingPlan(json: try JSONValue(parsing: Array(text.utf8), path: "plan.json"), subject: "plan.json")
}

private func plan(_ members: String) -> String { "{\"optimizer\": \"rnnprop\", \"tasks\": \"convex\", \(members)}" }

@Suite struct PlanTests {
    @Test(
        "Every plan that has a name is read back from its file as it was", arguments: MetaTrainingPlan.named.indices)
    func roundTrips(_ index: Int) throws {
        let plan = MetaTrainingPlan.named[index]
        for indented in [false, true] { #expect(try read(plan.json.text(indented: indented)) == plan) }
        let coded = try JSONEncoder().encode(plan)
        #expect(try JSONDecoder().decode(MetaTrainingPlan.self, from: coded) == plan)
        #expect(try MetaTrainingPlan.find(plan.name) == plan)
        try plan.check(plan.name)
    }

    @Test("The paper's plans are the paper's")
    func papers() throws {
        let rnnprop = MetaTrainingPlan.paper("rnnprop")
        #expect(rnnprop == .rnnpropPaper && MetaTrainingPlan.paper("dm") == .dmPaper)
        #expect(rnnprop.truncation as? FixedTruncation == FixedTruncation(horizon: 100, unroll: 20))
        #expect(rnnprop.metaLoss as? RawMetaLoss == RawMetaLoss(losses: .last) && rnnprop.metaBatch == 1)
        #expect(rnnprop.metaOptimizer == MetaOptimizer() && rnnprop.metaOptimizer.rate == 1e-4)
        #expect(rnnprop.selection is AverageSelection && rnnprop.estimator as? FirstOrder == FirstOrder())
        #expect(MetaTrainingPlan.dmPaper.metaLoss.losses == .mean)
        #expect(MetaTrainingPlan.dmPaper.selection is ValidationSelection)
        let other = MetaTrainingPlan.paper("some-rule")
        #expect(other.optimizer == "some-rule" && other.metaLoss.losses == .mean)
    }

    @Test("A file need not say more than what it changes")
    func defaults() throws {
        let found = try read(plan(#""meta_optimizer": {"rate": 0.001}"#))
        var expected = MetaTrainingPlan(optimizer: "rnnprop", tasks: try TaskNames("convex"))
        expected.name = "plan"
        expected.metaOptimizer.rate = 1e-3
        #expect(found == expected)
    }

    @Test("The example of the documentation is a plan, and says all that it shows")
    func documentation() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
            separator: "/")
        let page = String(decoding: try readFile("\(root)/Documentation/Plans.md"), as: UTF8.self)
        let example = try #require(page.firstMatch(of: #/```json\n([^`]*)```/#)).1
        let json = try JSONValue(parsing: Array(example.utf8), path: "Plans.md")
        let plan = try MetaTrainingPlan(json: json, subject: "Plans.md")
        guard case .object(let members) = json else { return }
        for member in members {
            guard case .object(let inner) = member.value else {
                #expect(plan.json[member.name] == member.value, "\(member.name)")
                continue
            }
            for field in inner { #expect(plan.json[member.name]?[field.name] == field.value, "\(field.name)") }
        }
        #expect(plan.estimator is ReusedNoise && plan.metaBatch == 8)
        // Every member of every kind of part stands there.
        for name in MetaTrainingPlan.documentedNames { #expect(page.contains("`\(name)`"), "\(name)") }
    }

    @Test(arguments: [
        ("[]", "is no plan"), ("{}", "does not say which \"optimizer\""),
        ("{\"optimizer\": \"rnnprop\"}", "which \"tasks\""),
        ("{", "line 1"), ("{\"optimizer\": \"a\", \"optimizer\": \"b\"}", "names \"optimizer\" twice"),
        (plan(#""iteratons": 9"#), "has no member \"iteratons\"; did you mean iterations?"),
        (plan(#""iterations": 0"#), "has iterations = 0; give a whole number from 1 to 1000000000"),
        (plan(#""iterations": 1.5"#), "has iterations = 1.5"),
        (plan(#""meta_batch": "8""#), "has meta_batch = \"8\""),
        (plan(#""factors": "half""#), "give single or bfloat16"),
        (plan(#""truncation": 7"#), "its truncation is no object"),
        (plan(#""truncation": {"kind": "fixd"}"#), "has kind = \"fixd\"; did you mean fixed?"),
        (plan(#""truncation": {"kind": 3}"#), "its truncation has kind = 3"),
        (plan(#""truncation": {"horizn": 40}"#), "of kind fixed has no member \"horizn\"; did you mean horizon?"),
        (plan(#""truncation": {"horizon": 50}"#), "has horizon 50, no multiple of unroll 20"),
        (plan(#""truncation": {"kind": "log-uniform", "shortest": 500}, "iterations": 9"#), "in rising order"),
        (plan(#""truncation": {"kind": "log-uniform"}"#), "does not say how many iterations"),
        (plan(#""meta_optimizer": {"schedule": "cosine"}"#), "does not say how many iterations"),
        (plan(#""meta_optimizer": {"schedule": "linear"}"#), "give constant or cosine"),
        (plan(#""meta_optimizer": {"beta1": 1}"#), "its meta_optimizer has beta1 = 1"),
        (plan(#""meta_optimizer": {"averages": [0.9], "use": 0.99}"#), "has use = 0.99, which is no average"),
        (plan(#""meta_optimizer": {"averages": [0.9, 0.9]}"#), "different ones"),
        (
            plan(#""iterations": 9, "meta_optimizer": {"schedule": "cosine", "final_rate": 1}"#),
            "final_rate 1.0 above rate"
        ),
        (plan(#""meta_loss": {"losses": "last-30"}"#), "counts the last 30 losses of periods of 20"),
        (plan(#""meta_loss": {"losses": "first"}"#), "give last, mean, or last-4"),
        (plan(#""meta_loss": {"clip": 0.5}"#), "give a number from 1 to 1000000, or null"),
        (plan(#""estimator": {"kind": "es"}"#), "its estimator has kind = \"es\""),
        (plan(#""estimator": {"kind": "pes", "sigma": 0}"#), "its estimator has sigma = 0"),
        (plan(#""estimator": {"kind": "pes", "tensors": "x"}"#), "give a list of different names"),
        (plan(#""constants": {"rate_steps": "many"}"#), "give an object of names and numbers"),
        (plan(#""selection": {"kind": "validation", "tasks": 0}"#), "its selection has tasks = 0"),
        (#"{"optimizer": "rnnprop", "tasks": ["convex", 3]}"#, "neither a name nor a list of names"),
        (#"{"optimizer": "rnnprop", "tasks": ["convex:n=9..3"]}"#, "is no range"),
        (#"{"optimizer": "rnnprop", "tasks": []}"#, "has 0 entries"),
    ])
    func whatCannotBeUsedIsExplained(_ text: String, _ says: String) {
        let error = #expect(throws: InputError.self) { try read(text) }
        let description = error?.description ?? ""
        #expect(description.contains(says) && !description.contains("\n"), "\(description)")
    }

    @Test("A plan's constants are the rule's to train; those it lacks or cannot have are refused")
    func constants() throws {
        let rule = Gateprop(key: RandomKey(seed: 1))
        #expect(try MetaTrainingPlan.gateprop.settingConstants(rule).weights == rule.weights)
        let changed = try read(plan("\"constants\": {\"rate_steps\": 800}")).settingConstants(rule)
        #expect(changed.weights.constants["rate_steps"] == 800 && changed.weights.constants["rate"] == 0.03125)
        #expect(changed.metaParameters == rule.metaParameters)
        for constants in ["{\"rate_step\": 800}", "{\"fast_decay\": 1}", "{\"rate_steps\": -1}"] {
            let plan = try read(plan("\"constants\": \(constants)"))
            let error = #expect(throws: InputError.self) { try plan.settingConstants(rule) }
            #expect(error?.description.contains(constants.split(separator: "\"")[1]) == true)
        }
    }

    @Test("Values that no file could have are refused in code too")
    func ranges() {
        var plan = MetaTrainingPlan.rnnpropPaper
        plan.metaBatch = 0
        #expect(throws: InputError.self) { try plan.check("plan") }
        plan = .rnnpropPaper
        plan.estimator = FirstOrder(backwardStride: 0)
        #expect(throws: InputError.self) { try plan.check("plan") }
        plan = .rnnpropPaper
        plan.truncation.unroll = 30
        #expect(throws: InputError.self) { try plan.check("plan") }
    }

    @Test func plansAreFoundByNameOrFile() throws {
        let error = #expect(throws: InputError.self) { try MetaTrainingPlan.find("rnnprop-papr") }
        #expect(error?.description.contains("did you mean rnnprop-paper?") == true)
        #expect(throws: InputError.self) { try MetaTrainingPlan.find("nowhere.json") }
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try writeFileAtomically(path, text: MetaTrainingPlan.rnnpropMixture.json.text(indented: true))
        #expect(try MetaTrainingPlan.find(path) == .rnnpropMixture)
    }

    @Test func fieldsAreChangedByName() throws {
        var plan = MetaTrainingPlan.rnnpropPaper
        try plan.set("truncation", "horizon", .integer(40), option: "--horizon")
        #expect((plan.truncation as? FixedTruncation)?.horizon == 40)
        #expect(throws: InputError.self) { try plan.set("truncation", "horizon", .integer(0), option: "--horizon") }
        var mixture = MetaTrainingPlan.rnnpropMixture
        let error = #expect(throws: InputError.self) {
            try mixture.set("truncation", "horizon", .integer(40), option: "--horizon")
        }
        #expect(error?.description.contains("leave out --horizon") == true)
    }
}
