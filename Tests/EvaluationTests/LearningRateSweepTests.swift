import Evaluation
import NumericCore
import Optimizers
import Statistics
import TestProblems
import Testing

@Suite("Learning-rate sweeps")
struct LearningRateSweepTests {
    // Five parameters and curvature 5: one step of SGD at rate 1 is exact. Twice that rate never converges.
    private let bowl = Bowl(size: 5, curvature: 5)

    @Test("A spacing of one tries the whole grid and finds the known best rate in it")
    func known() throws {
        let result = try LearningRateSweep(
            on: bowl, of: SGD(), steps: 3, problems: 2, halfPowers: -6...6, spacing: 1
        ).run()
        #expect(result.best.text == "2^0")
        #expect(result.optimizer.learningRate == 1)
        #expect(result.trials.map(\.halfPower) == Array(-6...6))
        #expect(!result.isOnEdge)
    }

    @Test("From far apart to close: as good a rate as the whole grid's, in fewer trials", arguments: [2, 4])
    func coarse(spacing: Int) throws {
        for optimizer in OptimizerCatalogue.all {
            // Of other problems some have a second dent beside the best rate, which a coarse search may end in.
            var sweep = LearningRateSweep(on: bowl, of: optimizer, steps: 10, problems: 2, seed: 6, spacing: spacing)
            let result = try sweep.run()
            sweep.spacing = 1
            let whole = try sweep.run()
            #expect(result.best.mean < 1.001 * whole.best.mean, "\(optimizer.name)")
            #expect(result.trials.count < whole.trials.count)
            // Each rate meets the same problems in either.
            let common = whole.trials.filter { trial in result.trials.contains { $0.halfPower == trial.halfPower } }
            #expect(result.trials.filter(whole.trials.contains) == common)
        }
    }

    @Test("The three next rates on either side of the best were tried and are no better", arguments: [1, 2, 4, 8])
    func bracketed(spacing: Int) throws {
        for optimizer in OptimizerCatalogue.all {
            let result = try LearningRateSweep(
                on: bowl, of: optimizer, steps: 10, problems: 3, spacing: spacing
            ).run()
            for neighbour in [-3, -2, -1, 1, 2, 3].map({ result.best.halfPower + $0 }) {
                let trial = try #require(result.trials.first { $0.halfPower == neighbour }, "\(optimizer.name)")
                #expect(trial.mean >= result.best.mean)
            }
            #expect(result.trials.allSatisfy { $0.mean >= result.best.mean })
            let powers = result.trials.map(\.halfPower)
            #expect(powers == Set(powers).sorted(), "each rate once, in rising order")
        }
    }

    @Test("As many next rates as are wanted were tried on either side", arguments: [1, 2, 5])
    func reach(reach: Int) throws {
        for optimizer in OptimizerCatalogue.all {
            var sweep = LearningRateSweep(on: bowl, of: optimizer, steps: 10, problems: 2)
            sweep.reach = reach
            let result = try sweep.run()
            let near = result.trials.filter { abs($0.halfPower - result.best.halfPower) <= reach }
            #expect(near.count == 2 * reach + 1 && near.allSatisfy { $0.mean >= result.best.mean })
        }
    }

    @Test("More next rates may be tried on fewer problems than on all", arguments: [1, 4])
    func coarseReach(spacing: Int) throws {
        for optimizer in OptimizerCatalogue.all {
            var sweep = LearningRateSweep(
                on: bowl, of: optimizer, steps: 10, problems: 3, seed: 6, spacing: spacing, coarseProblems: 1)
            (sweep.reach, sweep.coarseReach) = (1, 2)
            let result = try sweep.run()
            func near(_ distance: Int) -> [SweepResult.Trial] {
                result.trials.filter { abs($0.halfPower - result.best.halfPower) <= distance }
            }
            #expect(near(1).count == 3)
            #expect(near(1).allSatisfy { $0.finalLosses.count == 3 && $0.mean >= result.best.mean })
            #expect(result.trials.contains { $0.finalLosses.count == 1 })
            let first = try #require(result.trials.min { $0.finalLosses[0] < $1.finalLosses[0] })
            #expect(result.trials.count { abs($0.halfPower - first.halfPower) <= 2 } == 5)
            // Where one problem is all there is, both are the same.
            sweep.problems = 1
            let single = try sweep.run()
            #expect(single.trials.allSatisfy { $0.finalLosses.count == 1 } && !single.isOnEdge)
        }
    }

    @Test("Side by side, sweeps find what each finds alone, and ask for the same runs", arguments: [1, 4])
    func sideBySide(spacing: Int) throws {
        let sweeps = OptimizerCatalogue.all.enumerated().map { index, optimizer in
            LearningRateSweep(
                on: bowl, of: optimizer, steps: 10, problems: 1 + index % 3, seed: 5, spacing: spacing,
                coarseProblems: 1)
        }
        let (together, alone) = (RequestCount(), RequestCount())
        let results = try LearningRateSweep.run(sweeps, performer: together)
        #expect(results.count == sweeps.count)
        for (sweep, result) in zip(sweeps, results) {
            let own = try sweep.run(performer: alone)
            #expect(own.trials == result.trials && own.best == result.best && own.label == result.label)
        }
        #expect(together.runs == alone.runs && together.calls < alone.calls)
        #expect(try LearningRateSweep.run([]).isEmpty)
    }

    @Test(
        "Grows in both directions until the best rate lies inside", arguments: [-30 ... -20, 9...12, 0...0], [1, 4])
    func extends(grid: ClosedRange<Int>, spacing: Int) throws {
        let result = try LearningRateSweep(
            on: bowl, of: SGD(), steps: 3, problems: 2, halfPowers: grid, spacing: spacing
        ).run()
        #expect(result.best.halfPower == 0)
        #expect(!result.isOnEdge)
        let powers = result.trials.map(\.halfPower)
        if spacing == 1 { #expect(powers == Array(powers[0]...powers.last!)) }
        #expect(powers.contains(-1) && powers.contains(1))
    }

    @Test("The best of several sweeps is the first with the lowest mean, and every run is counted")
    func bestOfSeveral() throws {
        let optimizers: [any HandDesignedOptimizer] = [Adam(), SGD(), NAdam(), SGD(), SeedRule()]
        let count = RequestCount()
        let results = try LearningRateSweep.run(
            optimizers.map { LearningRateSweep(on: bowl, of: $0, steps: 10, problems: 2) }, performer: count)
        let best = try #require(SweepResult.best(of: results))
        #expect(results.allSatisfy { best.best.mean <= $0.best.mean } && best.optimizer is SGD)
        #expect(results.reduce(0) { $0 + $1.runs } == count.runs)
        #expect(SweepResult.best(of: []) == nil)
    }

    @Test("Says when the best rate lies at the limits")
    func limits() throws {
        var sweep = LearningRateSweep(on: bowl, of: SGD(), steps: 3, problems: 1, halfPowers: -20 ... -12)
        sweep.limits = -22 ... -8
        let result = try sweep.run()
        #expect(result.best.halfPower == -8 && result.isOnEdge)
    }

    @Test("A rate at which a run diverges is worse than any other")
    func divergence() throws {
        let steep = Bowl(size: 1, curvature: 1e8)
        let result = try LearningRateSweep(on: steep, of: SGD(), steps: 10, problems: 2, halfPowers: -2...0).run()
        #expect(result.trials.last?.diverged == 2)
        #expect(result.divergedRates == result.trials.count { $0.mean == .infinity } && result.divergedRates > 10)
        #expect(result.trials.filter { $0.diverged > 0 }.allSatisfy { $0.mean == .infinity })
        #expect(result.best.diverged == 0 && result.best.halfPower == -53 && !result.isOnEdge)
    }

    @Test("The best rate's result is that of a race at this rate, and says how many were tried")
    func sameAsRace() throws {
        for optimizer in OptimizerCatalogue.all {
            let sweep = try LearningRateSweep(on: bowl, of: optimizer, steps: 10, problems: 2, seed: 5).run()
            let race = try Race(
                on: bowl, steps: 10, problems: 2, seed: 5, entrants: [Entrant(sweep)], measuresTime: false
            ).run()
            #expect(race.results[0].finalLoss == sweep.best.finalLosses)
            #expect(race.results[0].trials == sweep.trials.count)
            #expect(race.results[0].learningRate == sweep.best.learningRate)
            #expect(!sweep.isOnEdge, "\(optimizer.name)")
        }
    }

    @Test(
        "Every optimizer is tuned under every schedule",
        arguments: [
            Schedule.constant, .warmUp(steps: 3), .cosine(steps: 12), .warmUpCosine(warmUpSteps: 3, steps: 12),
            .inverseSquareRoot(timescale: 3), .inverseSquareRoot(timescale: 3, warmUpSteps: 3),
        ])
    func schedules(schedule: Schedule) throws {
        for var optimizer in OptimizerCatalogue.all {
            optimizer.schedule = schedule
            let sweep = try LearningRateSweep(on: bowl, of: optimizer, steps: 12, problems: 2).run()
            #expect(sweep.optimizer.schedule == schedule && !sweep.isOnEdge)
            #expect(sweep.label == ([type(of: optimizer).keyword] + schedule.options).joined(separator: " "))
            let start = try Race(
                on: bowl, steps: 12, problems: 2, optimizers: [optimizer.with(learningRate: 0)], measuresTime: false
            ).run()
            #expect(sweep.best.mean < start.results[0].finalStatistics.mean)
        }
    }

    @Test("Rates far from the best meet fewer problems where that is wanted, those around it all")
    func coarseProblems() throws {
        let few = LearningRateSweep(on: bowl, of: Adam(), steps: 12, problems: 3, coarseProblems: 1)
        let result = try few.run()
        #expect(result.best.finalLosses.count == 3 && result.trials.contains { $0.finalLosses.count == 1 })
        let around = result.trials.filter { abs($0.halfPower - result.best.halfPower) <= 2 }
        #expect(around.count == 5)
        #expect(around.allSatisfy { $0.finalLosses.count == 3 && $0.mean >= result.best.mean })
    }

    @Test("A sweep begins where the optimizer says, also one that nobody here knows")
    func begins() throws {
        #expect(LearningRateSweep(on: bowl, of: SGD(), steps: 1, problems: 1).halfPowers == -8...8)
        #expect(LearningRateSweep(on: bowl, of: AdamW(), steps: 1, problems: 1).halfPowers == (-20)...(-4))
        let sweep = LearningRateSweep(on: bowl, of: Sign(), steps: 2, problems: 1)
        #expect(sweep.halfPowers == -30...(-26))
        let tried = try sweep.run().trials.map(\.halfPower)
        #expect(tried.first == -30 && tried.contains(-26))
    }

    @Test("Cancelling stops")
    func cancellation() {
        let sweep = LearningRateSweep(on: bowl, of: Adam(), steps: 10, problems: 2)
        #expect(throws: CancellationError.self) { try sweep.run(control: RunControl(isCancelled: { true })) }
    }
}

/// Takes steps of one size, which another package might.
private struct Sign: HandDesignedOptimizer {
    static let keyword = "sign"
    static let summary = "steps along the gradient's signs"
    static let hyperparameters: [Hyperparameter<Self>] = []
    static let slotsPerParameter = 0
    static let usualHalfPowers = -30...(-26)
    var learningRate = 0.001
    var schedule = Schedule.constant

    func update(parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Slots) {
        for index in 0..<parameters.count {
            parameters[index] -= Float(learningRate) * (gradient[index] < 0 ? -1 : 1)
        }
    }
}
