import Evaluation
import Foundation
import Testing

/// A race of one problem and four steps whose times are given.
private func result(
    _ label: String, _ curve: [Float], milliseconds: Double? = nil, rate: Double? = nil, trials: Int? = nil,
    minutes: Double? = nil
) -> OptimizerResult {
    OptimizerResult(
        optimizer: "\(label)()", label: label, finalLoss: [Double(curve[curve.count - 1])], curve: [curve],
        millisecondsPerStep: milliseconds, stateBytesPerParameter: 0, diverged: 0, learningRate: rate, trials: trials,
        trainingMinutes: minutes)
}

private let race = RaceResult(
    optimizee: "o", steps: 4, problems: 1,
    results: [
        result("learned", [5, 1, 1, 1], milliseconds: 10, minutes: 5),
        result("slow", [5, 4, 2, 1], milliseconds: 2000, minutes: 1),
        result("never", [9, 9, 9, 9], milliseconds: 1),
        result("untuned", [5, 1, 1, 0], milliseconds: 1, rate: 0.1),
        result("tuned", [5, 4, 3, 2], milliseconds: 50, rate: 0.1, trials: 10),
    ])

@Suite("A race by the clock") struct WallClockTests {
    @Test("The target is where the best tuned optimizer ends; tuning takes a run for each rate that was tried")
    func times() throws {
        let clock = try #require(race.clock())
        #expect(clock.target == "tuned")
        let times = clock.optimizers.map(\.secondsToTarget)
        #expect(times == [0.01, 4, nil, 0.001, 0.15])
        #expect(clock.optimizers.map(\.tuningSeconds) == [0, 0, 0, 0, 2])
        #expect(clock["tuned"]?.secondsWithTuning == 2.15)
        #expect(clock["learned"]?.secondsWithTuning == 0.01)
    }

    @Test("Meta-training is paid back by what each problem saves, or never")
    func breakEven() throws {
        let clock = try #require(race.clock())
        let problems = try #require(clock["learned"]?.breakEvenProblems)
        #expect(abs(problems - 300 / (2.15 - 0.01)) < 1e-9)
        #expect(clock["slow"]?.breakEvenProblems == .infinity)
        // Nobody noted how long it was trained, or nothing was.
        #expect(clock["never"]?.breakEvenProblems == nil && clock["tuned"]?.breakEvenProblems == nil)
    }

    @Test(
        "Without a tuned optimizer the best hand-designed one is the target; without either, or without times, nothing"
    )
    func targets() {
        var some = race
        some.results.removeLast()
        #expect(some.clock()?.target == "untuned" && some.clock()?["learned"]?.breakEvenProblems == nil)
        some.results.removeLast()
        #expect(some.clock() == nil)
        // One that does not race.
        #expect(
            some.clock(to: race.results[4])?["learned"]?.breakEvenProblems
                == race.clock()?["learned"]?.breakEvenProblems)
        some.results = [result("a", [1], rate: 1), result("b", [1], rate: 2)]
        #expect(some.clock() == nil)
    }

    @Test("JSON has the clock beside the results, and reads back without it")
    func json() throws {
        let value = try #require(
            try JSONSerialization.jsonObject(with: Data(race.json())) as? [String: Any])
        let clock = try #require(value["clock"] as? [String: Any])
        let entries = try #require(clock["optimizers"] as? [[String: Any]])
        #expect(clock["target"] as? String == "tuned" && entries.count == 5)
        #expect(entries[4]["seconds_with_tuning"] as? Double == 2.15 && entries[2]["seconds_to_target"] is NSNull)
        #expect(entries[1]["break_even_problems"] is NSNull && entries[4]["break_even_problems"] == nil)
        let again = try RaceResult(json: race.json(), name: "it")
        #expect(again.results[0].trainingMinutes == 5)
        #expect(try again.json() == race.json())
    }
}
