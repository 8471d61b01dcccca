import MetaTraining
import NumericCore
import Testing

@Suite struct TruncationTests {
    private func periods(_ schedule: some TruncationSchedule, iteration: Int, place: Int = 0, draw: Int) -> Int {
        var stream = RandomStream(RandomKey(seed: 1).child(draw))
        let start = TaskStart(iteration: iteration, iterations: 1000, place: place, places: 4)
        return schedule.periods(of: start, stream: &stream)
    }

    @Test func thePapersTasksAllHaveFivePeriodsOfTwenty() {
        let paper = FixedTruncation()
        #expect(paper.unroll == 20 && paper.periodsPerIteration == 5 && paper.validationHorizon == 100)
        #expect((0..<9).allSatisfy { periods(paper, iteration: $0, place: $0 % 4, draw: $0) == 5 })
        #expect(FixedTruncation(horizon: 50, unroll: 20).conflict != nil)
    }

    @Test func horizonsAreLogUniformUpToABoundThatGrows() {
        var schedule = LogUniformTruncation()
        (schedule.unroll, schedule.shortest, schedule.longestAtFirst, schedule.longest) = (10, 100, 400, 6400)
        (schedule.growth, schedule.isStaggered) = (0.5, false)
        for (iteration, most) in [(1, 402.2), (125, 800), (250, 1600), (500, 6400), (900, 6400)] {
            let expected = schedule.most(iteration: iteration, of: 1000)
            #expect(abs(expected - most) < 1, "\(iteration): \(expected)")
            let horizons = (0..<2000).map { 10 * periods(schedule, iteration: iteration, draw: $0) }
            #expect(horizons.min()! >= 100 && Double(horizons.max()!) <= expected + 5)
            #expect(Double(horizons.max()!) > 0.9 * expected)
            // As many below the geometric mean as above.
            let middle = (100 * expected).squareRoot()
            let below = Double(horizons.count { Double($0) < middle }) / 2000
            #expect(abs(below - 0.5) < 0.05, "\(iteration): \(below)")
        }
        #expect(schedule.spansPlan)
        schedule.growth = 0
        #expect(!schedule.spansPlan && schedule.most(iteration: 0, of: nil) == 6400)
        schedule.shortest = 500
        #expect(schedule.conflict != nil)
    }

    @Test func withATiltOfOneEveryOctaveGetsAsManySteps() {
        var schedule = LogUniformTruncation()
        (schedule.unroll, schedule.shortest, schedule.longestAtFirst, schedule.longest) = (10, 100, 6400, 6400)
        (schedule.tilt, schedule.isStaggered) = (1, false)
        let horizons = (0..<20_000).map { 10 * periods(schedule, iteration: 500, draw: $0) }
        #expect(horizons.min()! >= 100 && horizons.max()! <= 6400)
        // A task of h steps takes 2^k more in the octave that begins at 100 · 2ᵏ, where it goes so far.
        let octaves = (0..<4).map { octave in
            let (first, last) = (100 << octave, 200 << octave)
            return horizons.reduce(0) { $0 + max(0, min($1, last) - first) }
        }
        for (octave, steps) in octaves.enumerated() {
            // Short of the bound, a horizon exceeds s with a probability of (1/s − 1/6400) / (1/100 − 1/6400).
            let expected = (log(2.0) - Double(100 << octave) / 6400) / (1.0 / 100 - 1.0 / 6400) * 20_000
            #expect(abs(Double(steps) / expected - 1) < 0.06, "octave \(octave): \(steps), not \(expected)")
        }
    }

    @Test func aShareOfTasksIsMetLateAndTheOthersHorizonsStayAsTheyWere() {
        var schedule = LogUniformTruncation()
        (schedule.shortest, schedule.longestAtFirst, schedule.longest, schedule.growth) = (100, 400, 6400, 0.5)
        var late = schedule
        (late.late, late.latest) = (0.25, 25_600)
        for (iteration, most) in [(0, 400), (250, 3200), (900, 25_600)] {
            let burnIns = (0..<4000).map { draw in
                var stream = RandomStream(RandomKey(seed: 1).child(draw))
                var own = stream
                let start = TaskStart(iteration: iteration, iterations: 1000, place: 0, places: 4)
                #expect(late.periods(of: start, stream: &stream) == schedule.periods(of: start, stream: &own))
                #expect(schedule.burnIn(of: start, stream: &own) == 0)
                return late.burnIn(of: start, stream: &stream)
            }
            let some = burnIns.filter { $0 > 0 }
            #expect(abs(Double(some.count) / 4000 - 0.25) < 0.03)
            #expect(some.min()! >= 100 && some.max()! <= most && some.max()! > most * 9 / 10)
            let middle = Int((100 * Double(most)).squareRoot())
            #expect(abs(Double(some.count { $0 < middle }) / Double(some.count) - 0.5) < 0.06)
        }
        late.latest = 300
        #expect(late.conflict != nil)
    }

    @Test func theFirstTasksEndAtEvenlySpreadTimes() {
        var schedule = LogUniformTruncation()
        (schedule.unroll, schedule.shortest, schedule.longestAtFirst, schedule.longest) = (10, 400, 400, 400)
        #expect((0..<4).map { periods(schedule, iteration: 0, place: $0, draw: $0) } == [10, 20, 30, 40])
        #expect((0..<4).map { periods(schedule, iteration: 1, place: $0, draw: $0) } == [40, 40, 40, 40])
        schedule.isStaggered = false
        #expect((0..<4).allSatisfy { periods(schedule, iteration: 0, place: $0, draw: $0) == 40 })
    }
}
