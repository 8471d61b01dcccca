import Files
import Foundation
import LearnedOptimizers
import Testing

/// What is shipped is inside the command, which needs no folder beside it.
@Suite("The command alone, copied elsewhere")
struct CopiedCommandTests {
    /// Copies the command into an empty folder and runs it there.
    private func inEmptyFolder<T>(_ body: (_ folder: String, _ run: ([String]) throws -> Outcome) throws -> T) throws
        -> T
    {
        try withTemporaryFolder { folder in
            let copy = "\(folder)/l2o"
            try FileManager.default.copyItem(atPath: productsFolder.appendingPathComponent("l2o").path, toPath: copy)
            return try body(folder) { try l2o($0, command: copy, folder: folder) }
        }
    }

    private func labels(_ race: Outcome) throws -> [String] {
        let value = try #require(try race.json() as? [String: Any])
        return try #require(value["results"] as? [[String: Any]]).compactMap { $0["label"] as? String }
    }

    @Test("Races shipped weights by name")
    func races() throws {
        try inEmptyFolder { _, run in
            let race = try run(
                words("race --optimizee rosenbrock --steps 10 --problems 1 --json --optimizer rnnprop adam")
                    + ["rnnprop:state=half"])
            #expect(race.exitCode == 0, "\(race.errors)")
            #expect(try labels(race) == ["rnnprop", "adam lr=0.001", "rnnprop, half state"])
        }
    }

    @Test("Inspects shipped weights and writes their file, which is another name of the same optimizer")
    func inspects() throws {
        try inEmptyFolder { folder, run in
            let outcome = try run(words("inspect rnnprop-paper --json --out paper.safetensors"))
            let report = try #require(try outcome.json() as? [String: Any])
            #expect(report["kind"] as? String == "rnnprop" && report["file"] as? String == "rnnprop-paper")
            let file = "\(folder)/paper.safetensors"
            #expect(try readFile(file) == ShippedWeights.named("rnnprop-paper").bytes)
            let race = words("race --optimizee rosenbrock --steps 2 --problems 1 --optimizer")
            #expect(try labels(try run(race + ["paper.safetensors", "--json"])) == ["rnnprop (paper)"])
            let twice = try run(race + ["rnnprop-paper", "paper.safetensors"])
            #expect(twice.errors.contains("paper.safetensors: is the same optimizer as rnnprop-paper"))
            let near = try run(race + ["papr.safetensors"])
            #expect(near.errors.hasSuffix("did you mean paper.safetensors?\n"), "\(near.errors)")
        }
    }

    @Test("A name wins over a file that is called the same")
    func nameWins() throws {
        try inEmptyFolder { folder, run in
            try writeFileAtomically("\(folder)/rnnprop", text: "no weights")
            #expect(try run(["inspect", "rnnprop"]).exitCode == 0)
            #expect(try run(["inspect", "./rnnprop"]).exitCode == 1)
        }
    }

    @Test("Training begins with shipped weights")
    func trains() throws {
        try inEmptyFolder { folder, run in
            let train = words("meta-train --quiet --optimizer rnnprop --optimizee quadratic --horizon 40")
            let outcome = try run(train + words("--iterations 1 --meta-learning-rate 0 --from rnnprop --out run"))
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let weights = try LearnedWeights.load(path: "\(folder)/run/latest.safetensors")
            #expect(try weights == WeightsOrigin("rnnprop").weights())
            let other = try run(
                words("meta-train --optimizer dm --optimizee quadratic --iterations 1 --from rnnprop --out dm"))
            #expect(other.errors == "l2o: rnnprop: holds weights of rnnprop, not dm; give --optimizer rnnprop\n")
        }
    }
}
