import Evaluation
import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Testing

@Suite struct RaceCommandTests {
    /// The schema that other programs read; further keys are allowed.
    private func check(_ json: Any, optimizee: String, steps: Int, problems: Int, optimizers: [String]) throws {
        let race = try #require(json as? [String: Any])
        #expect(race["optimizee"] as? String == optimizee)
        #expect(race["steps"] as? Int == steps)
        #expect(race["seeds"] as? Int == problems)
        let results = try #require(race["results"] as? [[String: Any]])
        #expect(results.count == optimizers.count)
        for (result, name) in zip(results, optimizers) {
            #expect((result["optimizer"] as? String)?.hasPrefix(name) == true)
            #expect((result["final_loss"] as? [Double])?.count == problems)
            let curves = try #require(result["curve"] as? [[Double]])
            #expect(curves.map(\.count) == Array(repeating: steps, count: problems))
            #expect(result["ms_per_step"] is Double)
            #expect(result["state_bytes_per_parameter"] is Int)
            #expect(result["diverged"] as? Int == 0)
        }
    }

    @Test func printsJSONAndNothingElse() throws {
        let outcome = try l2o(
            words("race --optimizee rosenbrock --steps 12 --problems 3 --optimizer sgd:lr=0.0001 adam --json"))
        #expect(outcome.exitCode == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        try check(
            try outcome.json(), optimizee: "rosenbrock", steps: 12, problems: 3,
            optimizers: ["sgd(lr=0.0001)", "adam(lr=0.001,"])
    }

    @Test("--seeds, the former name of --problems, counts problems too")
    func formerName() throws {
        let outcome = try l2o(words("race --optimizee rosenbrock --steps 2 --seeds 3 --optimizer adam --json"))
        try check(try outcome.json(), optimizee: "rosenbrock", steps: 2, problems: 3, optimizers: ["adam("])
    }

    @Test func writesFilesWithTheCommandThatMadeThem() throws {
        try withTemporaryFolder { folder in
            let weights = "\(folder)/mine.safetensors"
            try RNNprop(key: RandomKey(seed: 1)).weights.safetensors().write(to: weights)
            let out = "\(folder)/runs/race"
            let arguments =
                words("race --optimizee digits-mlp:width=4 --steps 5 --problems 2 --optimizer adam:lr=2^-5")
                + [weights, "--out", out]
            let outcome = try l2o(arguments)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            for label in ["adam lr=2^-5", "mine"] { #expect(outcome.output.contains(label)) }
            let json = try JSONSerialization.jsonObject(with: Data(readFile("\(out)/race.json")))
            try check(
                json, optimizee: "digits-mlp:width=4", steps: 5, problems: 2, optimizers: ["adam(", "rnnprop("])
            let command = (json as? [String: Any])?["command"] as? String
            #expect(command == "l2o " + arguments.joined(separator: " "))
            #expect(try RaceResult(file: "\(out)/race.json").csv().utf8.elementsEqual(readFile("\(out)/race.csv")))
            #expect(try String(decoding: readFile("\(out)/race.svg"), as: UTF8.self).contains("<svg"))
            let seconds = try String(decoding: readFile("\(out)/race-seconds.svg"), as: UTF8.self)
            #expect(seconds.contains(">seconds</text>"))
        }
    }

    /// The untuned AdamW is the rival of what needs no tuning; every result says what was spent.
    @Test func sweepsTheLearningRateAndSaysHowManyWereTried() throws {
        let outcome = try l2o(
            words(
                "race --optimizee convex --steps 20 --problems 2 --optimizer adam:lr=sweep adam:lr=2^-5 adamw --json")
        )
        #expect(outcome.exitCode == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        let results = try #require((try outcome.json() as? [String: Any])?["results"] as? [[String: Any]])
        let swept = try #require(results.first?["learning_rate"] as? Double)
        #expect(results[0]["trials"] as? Int ?? 0 >= 7)
        #expect(results[1]["trials"] is NSNull && results[2]["trials"] is NSNull)
        #expect(results[2]["learning_rate"] as? Double == 0.001)
        #expect(abs((2 * log2(swept)).rounded() - 2 * log2(swept)) < 1e-9, "a power of √2")
    }

    @Test func sweepsUnderSchedulesAreToldApart() throws {
        let specifications = ["adam:lr=sweep", "adam:lr=sweep,cosine=20", "adam:lr=sweep,cosine=20,warmup=4"]
        let outcome = try l2o(
            words("race --optimizee convex --steps 20 --problems 2 --quiet --optimizer") + specifications)
        #expect(outcome.exitCode == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        for label in ["adam", "adam cosine=20", "adam cosine=20 warmup=4"] {
            #expect(outcome.output.contains("Learning rates of \(label): "))
        }
    }

    @Test func ofAChoiceTheBestRaces() throws {
        let outcome = try l2o(
            words("race --optimizee convex --steps 20 --problems 2 --json --optimizer")
                + ["adam:lr=sweep,epsilon=1e-8|1", "sgd", "nadam:lr=sweep,epsilon=1|1e-12,warmup=4"])
        #expect(outcome.exitCode == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        let results = try #require((try outcome.json() as? [String: Any])?["results"] as? [[String: Any]])
        let alone = try #require(
            (try l2o(
                words("race --optimizee convex --steps 20 --problems 2 --json --optimizer")
                    + ["adam:lr=sweep,epsilon=1e-8", "adam:lr=sweep,epsilon=1"]
            ).json() as? [String: Any])?["results"] as? [[String: Any]])
        func mean(_ result: [String: Any]) -> Double {
            (result["final_loss"] as? [Double] ?? []).reduce(0, +)
        }
        #expect(results.map { ($0["label"] as? String)?.prefix(4) } == ["adam", "sgd ", "nada"])
        #expect(mean(results[0]) == alone.map(mean).min())
        let trials = alone.compactMap { $0["trials"] as? Int }
        #expect(trials.count == 2 && results[0]["trials"] as? Int == trials.reduce(0, +))
    }

    /// Started where the loss overflows, every rate diverges, and the search goes down to its end.
    @Test func aBestRateAtTheEndOfTheSearchIsSaid() throws {
        let outcome = try l2o(
            words(
                "race --optimizee rosenbrock:noise=1e15 --steps 3 --problems 2 --optimizer sgd:lr=sweep --json --quiet"
            ))
        #expect(outcome.errors == "l2o: sgd: the best rate, 2^-40, is the last that was tried\n")
        let result = try #require(((try outcome.json() as? [String: Any])?["results"] as? [[String: Any]])?.first)
        #expect(outcome.exitCode == 0 && result["diverged"] as? Int == 2)
    }

    @Test func resultsDoNotDependOnThreadsButOnTheSeed() throws {
        let call = words("race --optimizee quadratic --steps 9 --problems 3 --optimizer adam:lr=0.1 --json")
        func losses(_ more: String...) throws -> [Double]? {
            let race = try l2o(call + more).json() as? [String: Any]
            return (race?["results"] as? [[String: Any]])?.first?["final_loss"] as? [Double]
        }
        let one = try #require(try losses("--threads", "1"))
        #expect(try losses("--threads", "3") == one)
        #expect(try losses("--seed", "1") != one)
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func signalsEndARaceInOrder(_ signal: Int32) throws {
        let process = Process()
        process.executableURL = productsFolder.appendingPathComponent("l2o")
        process.arguments = words(
            "race --optimizee rosenbrock:n=10000 --steps 10000000 --problems 2 --optimizer adam --quiet")
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        // Long enough for the handlers to be there.
        usleep(1_000_000)
        kill(process.processIdentifier, signal)
        let identifier = process.processIdentifier
        let rescue = DispatchWorkItem { kill(identifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 20, execute: rescue)
        defer { rescue.cancel() }
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 128 + signal)
        #expect(said == "l2o: interrupted\n")
    }
}
