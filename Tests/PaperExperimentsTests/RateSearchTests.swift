import Evaluation
import Optimizers
import PaperExperiments
import TestProblems
import Testing

@Suite("Searches for learning rates")
struct RateSearchTests {
    private let bowl = Bowl(size: 5, curvature: 5)

    @Test("A frugal search tries less, and starts where it finds the rates of the usual one")
    func frugal() throws {
        for optimizer in OptimizerCatalogue.all {
            let (rich, frugal) = (RateSearch(spacing: 4, problems: 2), RateSearch.frugal(spacing: 4, problems: 5))
            let (many, few) = (RequestCount(), RequestCount())
            func panel(_ search: RateSearch) -> PanelRun {
                PanelRun(
                    optimizee: bowl, steps: 10, problems: 2, seed: 1, entrants: [], tuned: [optimizer], search: search
                )
            }
            let usual = try panel(rich).run(performer: many) { _ in RunControl() }.sweeps[0]
            let found = try panel(frugal).run(performer: few) { _ in RunControl() }.sweeps[0]
            #expect(found.best == usual.best && !found.isOnEdge, "\(optimizer.name)")
            #expect(few.runs < many.runs)
            // From the best rate it is there sooner; from elsewhere it goes down, if only to the next dent.
            for distance in [0, 3, -9] {
                var search = frugal
                search.starts = .init(problem: "x", halfPowers: [usual.optimizer: usual.best + distance])
                let count = RequestCount()
                let near = try panel(search).run(performer: count) { _ in RunControl() }.sweeps[0]
                let tried = near.trials.map(\.halfPower)
                #expect([-2, 0, 2].allSatisfy { tried.contains(usual.best + distance + $0) }, "\(optimizer.name)")
                #expect(!near.isOnEdge && (-1...1).allSatisfy { tried.contains(near.best + $0) })
                if distance == 0 { #expect(near.best == usual.best && count.runs < few.runs) }
                // A whole grid stays one.
                search.spacing = 1
                let whole = try panel(search).run(performer: RequestCount()) { _ in RunControl() }.sweeps[0]
                search.starts = nil
                let same = try panel(search).run(performer: RequestCount()) { _ in RunControl() }.sweeps[0]
                #expect(whole.best == same.best && whole.trials.count == same.trials.count && same.trials.count > 15)
            }
        }
        #expect(RateSearch.frugal(spacing: 4, problems: 1).problems == 1)
        #expect(
            RateSearch.frugal(spacing: 4, problems: 5).expectedRuns < RateSearch(spacing: 4, problems: 2).expectedRuns
        )
    }
}
