import Evaluation
import Files
import NumericCore
import Optimizees
import Optimizers
import Reporting

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RaceCommand {
    /// Refuses what would be killed for its memory, before anything is computed.
    ///
    /// Each thread runs one problem: parameters, gradient, the optimizer's state, and what the problem itself takes. Every
    /// run's losses are kept.
    ///
    /// - Throws: `InputError` where that exceeds what the machine has.
    func checkMemory(_ optimizee: any Optimizee, _ contenders: [Contender]) throws {
        let ratesOfSweep = 20.0
        let state = contenders.map(\.optimizer.stateBytesPerParameter).max() ?? 0
        let runs = Double(seeds) * contenders.reduce(0) { if case .sweep = $1 { $0 + ratesOfSweep } else { $0 + 1 } }
        let run = Double(optimizee.parameterCount) * Double(8 + state) + Double(optimizee.instanceBytes)
        let needed = run * min(runs, Double(Threads.current.count)) + runs * Double(steps) * 4
        let present = Double(ProcessInfo.processInfo.physicalMemory)
        guard needed > present else { return }
        func gigabytes(_ bytes: Double) -> String { "\(numberText(bytes / 1e9, digits: 3)) GB" }
        throw InputError(
            "race", "needs about \(gigabytes(needed)) of memory, more than the \(gigabytes(present)) that there are",
            advice: "take fewer parameters, a smaller minibatch, fewer steps, seeds or threads")
    }
}
