import Evaluation
import Optimizees
import Optimizers
import Testing

@Suite("Searches for a learning rate")
struct RateSearchTests {
    private let bowl = Bowl(size: 5, curvature: 5)

    @Test("Starts far away and still gets there", arguments: [-40 ... -30, 14...22, 0...0])
    func extends(grid: ClosedRange<Int>) throws {
        let sweep = LearningRateSweep(on: bowl, of: SGD(), steps: 3, seeds: 2, halfPowers: grid)
        let result = try sweep.run(.coarseToFine(problems: 2))
        #expect(result.best.halfPower == 0 && result.optimizer.learningRate == 1)
        #expect(result.best.finalLosses.count == 2)
        #expect(try abs(sweep.run(.coarse).best.halfPower) <= 1, "to the nearest power of two")
    }

    @Test("Neighbours that are compared met the same problems")
    func neighbours() throws {
        let result = try LearningRateSweep(on: bowl, of: Adam(), steps: 12, seeds: 5).run(.coarseToFine(problems: 3))
        let best = result.best
        #expect(best.finalLosses.count == 3)
        for step in [-1, 1] {
            let other = try #require(result.trials.first { $0.halfPower == best.halfPower + step })
            #expect(other.finalLosses.count == 3 && other.mean >= best.mean)
        }
    }

    @Test("Where every rate diverges down to the limit, it says so")
    func divergence() throws {
        var sweep = LearningRateSweep(
            on: Bowl(size: 1, curvature: 1e30), of: SGD(), steps: 10, seeds: 2, halfPowers: -2...0)
        sweep.limits = -10...4
        #expect(try sweep.run(.coarseToFine(problems: 2)).isOnEdge)
    }
}
