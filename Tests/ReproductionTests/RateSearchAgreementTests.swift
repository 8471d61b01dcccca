import Datasets
import Evaluation
import Optimizees
import Optimizers
import Synchronization
import Testing

/// Computes, and counts what was asked for.
private final class CountingRuns: RunPerformer {
    let count = Atomic(0)

    func perform(_ requests: [RunRequest], meter: ProgressMeter) throws -> [Run] {
        count.add(requests.count, ordering: .relaxed)
        return try ComputedRuns().perform(requests, meter: meter)
    }
}

@Suite("Searches for a learning rate, on a network")
struct RateSearchAgreementTests {
    private let network = MLP(
        dataset: "digits", images: Digits.generate(count: 500, seed: 0), hiddenWidths: [4], batchSize: 32)

    @Test(
        "From coarse to fine comes to the whole grid's loss within 2 %, in fewer runs",
        arguments: OptimizerCatalogue.all)
    func agreement(optimizer: any HandDesignedOptimizer) throws {
        let sweep = LearningRateSweep(on: network, of: optimizer, steps: 30, seeds: 4, seed: 3)
        let (slow, fast) = (CountingRuns(), CountingRuns())
        let grid = try sweep.run(.grid, performer: slow)
        let search = try sweep.run(.coarseToFine(problems: 4), performer: fast)
        #expect(search.best.mean <= 1.02 * grid.best.mean, "\(search.best.text) instead of \(grid.best.text)")
        #expect(!search.isOnEdge)
        let (few, many) = (fast.count.load(ordering: .relaxed), slow.count.load(ordering: .relaxed))
        #expect(2 * few < many)
        #expect(few == search.trials.reduce(0) { $0 + $1.finalLosses.count }, "no run is asked for twice")
    }
}
