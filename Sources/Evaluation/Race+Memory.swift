public import NumericCore
import Optimizees
import Optimizers

extension Race {
    /// How many bytes the race takes at its peak, about, with the sweeps that tune some of its optimizers before.
    ///
    /// Each thread runs one problem at a time: parameters, gradient, the optimizer's state, and what the problem itself
    /// takes. Every run's losses are kept.
    ///
    /// - Parameters:
    ///   - sweeps: of the same problems.
    ///   - threads: how many runs there are at a time.
    public func expectedBytes(with sweeps: [LearningRateSweep] = [], threads: Threads = .current) -> Double {
        let optimizers = entrants.map(\.optimizer) + sweeps.map { $0.optimizer as any Optimizer }
        let state = optimizers.map(\.stateBytesPerParameter).max() ?? 0
        let run = Double(optimizee.parameterCount) * Double(8 + state) + Double(optimizee.instanceBytes)
        let runs = Double(problems) * Double(entrants.count + sweeps.count * Self.expectedRatesOfSweep)
        return run * min(runs, Double(threads.count)) + runs * Double(steps) * 4
    }

    /// Sweeps end where they will; few try more.
    private static let expectedRatesOfSweep = 20
}
