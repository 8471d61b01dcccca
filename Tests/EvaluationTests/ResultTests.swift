import Evaluation
import Files
import NumericCore
import Optimizers
import Testing

@Suite("Statistics")
struct StatisticsTests {
    @Test("Agree with NumPy")
    func values() {
        let statistics = Statistics([4, 1, 3, 2, 10])
        #expect(statistics.mean == 4 && statistics.median == 3)
        #expect(statistics.quantile(0.25) == 2 && statistics.quantile(0.75) == 4)
        #expect(abs(statistics.quantile(0.9) - 7.6) < 1e-12)
        #expect(abs(statistics.standardDeviation - 12.5.squareRoot()) < 1e-12)
        #expect(abs(statistics.standardError - 2.5.squareRoot()) < 1e-12)
        #expect(statistics.minimum == 1 && statistics.maximum == 10)
        #expect(Statistics([1, 2, 3, 4]).median == 2.5)
        #expect(Statistics([7]).standardError == 0)
    }

    @Test("Diverged runs count as infinitely bad")
    func infinite() {
        let statistics = Statistics([1, .nan, 2, .infinity, 3])
        #expect(statistics.median == 3 && statistics.mean == .infinity && statistics.maximum == .infinity)
        #expect(statistics.quantile(0.25) == 2 && statistics.quantile(0.6) == .infinity)
        #expect(Statistics([.infinity, .nan]).quantile(0.3) == .infinity)
    }

    @Test("A geometric mean multiplies")
    func geometric() {
        #expect(abs(geometricMean([1, 4, 16]) - 4) < 1e-12)
        #expect(geometricMean([0, 4]) == 0)
        #expect(geometricMean([]).isNaN)
    }

    @Test("A band has each step's median and quantiles, curves that end early counting as infinite")
    func band() {
        let band = CurveBand([[1, 2, 3], [3, .nan], [2, 4, 5]], steps: 3)
        #expect(band.median == [2, 4, 5])
        #expect(band.low == [1.5, 3, 4])
        #expect(band.high == [2.5, .infinity, .infinity])
        #expect(CurveBand([], steps: 3).median.isEmpty)
    }
}

@Suite("Results in files")
struct ResultFileTests {
    private var result: RaceResult {
        RaceResult(
            optimizee: "bowl", parameters: 5, steps: 3, seeds: 2, seed: 1, command: "l2o race",
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
        let race = try Race(on: Bowl(), steps: 20, seeds: 2, optimizers: everyOptimizer).run()
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
