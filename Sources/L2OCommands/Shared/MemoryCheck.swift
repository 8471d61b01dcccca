import Evaluation
import Files
import Reporting

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Race {
    /// Refuses what would be killed for its memory, before anything is computed.
    ///
    /// - Throws: `InputError` where the race and its sweeps take more than the machine has.
    func checkMemory(with sweeps: [LearningRateSweep]) throws {
        let (needed, present) = (expectedBytes(with: sweeps), Double(ProcessInfo.processInfo.physicalMemory))
        guard needed > present else { return }
        func gigabytes(_ bytes: Double) -> String { "\(numberText(bytes / 1e9, digits: 3)) GB" }
        throw InputError(
            "race", "needs about \(gigabytes(needed)) of memory, more than the \(gigabytes(present)) that there are",
            advice: "take fewer parameters, a smaller minibatch, fewer steps, problems or threads")
    }
}
