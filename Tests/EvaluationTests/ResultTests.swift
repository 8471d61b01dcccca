import Evaluation
import Files
import NumericCore
import Optimizers
import Statistics
import TestProblems
import Testing

@Suite("Results in files")
struct ResultFileTests {
    private var result: RaceResult {
        RaceResult(
            optimizee: "bowl", parameters: 5, steps: 3, problems: 2, seed: 1, command: "l2o race",
            results: [
                OptimizerResult(
                    optimizer: "a \"b\", c", finalLoss: [0.5, .infinity], curve: [[1, 0.1, 0.25], [1, .infinity]],
                    stateBytesPerParameter: 8, diverged: 1, learningRate: 0.5, trials: 17)
            ])
    }

    @Test("JSON has the documented keys, sorted, with null for what is not finite")
    func json() throws {
        #expect(
            String(decoding: try result.json(), as: UTF8.self) == """
                {"command":"l2o race","optimizee":"bowl","parameters":5,"results":[{"curve":[[1,0.1,0.25],[1,null]],\
                "diverged":1,"final_loss":[0.5,null],"label":"a \\"b\\", c","learning_rate":0.5,"ms_per_step":null,\
                "optimizer":"a \\"b\\", c","state_bytes_per_parameter":8,"trials":17,"update_ms_per_step":null}],\
                "seed":1,"seeds":2,"steps":3}

                """)
    }

    @Test("JSON reads back as the same result")
    func roundTrip() throws {
        let read = try RaceResult(json: result.json(), name: "test")
        #expect(try read.json() == result.json())
        #expect(read.results[0].finalLoss == [0.5, .infinity])
        #expect(read.results[0].curve[1][1].isNaN)
        #expect(read.results[0].divergedSteps == [nil, 1])
        let race = try Race(on: Bowl(), steps: 20, problems: 2, optimizers: everyOptimizer).run()
        let again = try RaceResult(json: race.json(), name: "test")
        #expect(again.results.map(\.curve) == race.results.map(\.curve))
        #expect(again.results.map(\.finalLoss) == race.results.map(\.finalLoss))
    }

    @Test("Only the documented keys are needed")
    func minimal() throws {
        let text = """
            {"optimizee":"x","steps":2,"seeds":1,"results":[{"optimizer":"y","final_loss":[null],"curve":[[1,null]],
            "ms_per_step":0.5,"state_bytes_per_parameter":4,"diverged":1}]}
            """
        let read = try RaceResult(json: Array(text.utf8), name: "test")
        #expect(read.results[0].label == "y" && read.results[0].millisecondsPerStep == 0.5)
        #expect(read.results[0].finalStatistics.mean == .infinity)
    }

    @Test(
        "What is no result is refused in one line",
        arguments: [
            ("", "damaged"), ("{", "damaged"), ("{}", "\"optimizee\" is missing"),
            (#"{"optimizee":1}"#, "\"optimizee\" has the wrong type"),
            (
                #"{"optimizee":"x","steps":2,"seeds":2,"results":[{"optimizer":"y","final_loss":[1],"curve":[[1]],"#
                    + #""state_bytes_per_parameter":4,"diverged":0}]}"#, "do not match"
            ),
        ])
    func errors(text: String, words: String) {
        let error = #expect(throws: InputError.self) { try RaceResult(json: Array(text.utf8), name: "r.json") }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test("The time to where the baseline ends is that of the smoothed curves, and of the steps that were timed")
    func timesToTarget() {
        func result(_ curve: [Float], milliseconds: Double?) -> OptimizerResult {
            OptimizerResult(
                optimizer: "x", finalLoss: [Double(curve[curve.count - 1])], curve: [curve],
                millisecondsPerStep: milliseconds, stateBytesPerParameter: 0, diverged: 0)
        }
        let baseline = result([5, 4, 3, 2], milliseconds: 2)
        let results = [baseline, result([5, 1, 1, 1], milliseconds: 10), result([5, 4, 3, 3], milliseconds: nil)]
        let race = RaceResult(optimizee: "o", steps: 4, problems: 1, results: results)
        let times = race.timesToTarget(of: baseline)
        #expect(times.map(\.steps) == [[3], [1], [.infinity]])
        #expect(times.map(\.medianSeconds) == [0.006, 0.01, nil])
        #expect(race.timesToTarget(of: baseline, window: 2)[1].steps == [2])
    }

    @Test("CSV has a line for each step, with quoted names")
    func csv() {
        #expect(
            result.csv() == """
                optimizer,seed,step,loss
                "a ""b"", c",0,0,1.0
                "a ""b"", c",0,1,0.1
                "a ""b"", c",0,2,0.25
                "a ""b"", c",1,0,1.0
                "a ""b"", c",1,1,inf

                """)
    }
}
