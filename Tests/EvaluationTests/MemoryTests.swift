import Evaluation
import NumericCore
import Optimizees
import Optimizers
import TestProblems
import Testing

@Suite("What a race takes of memory")
struct MemoryTests {
    private let optimizers: [any Optimizer] = [SGD(), Adam()]

    private func race(steps: Int = 1000, problems: Int = 4) -> Race {
        Race(on: Bowl(), steps: steps, problems: problems, optimizers: optimizers)
    }

    @Test("Runs on all threads at a time, with the largest state, and the losses of all")
    func formula() {
        let bowl = Bowl()
        let run = Double(bowl.parameterCount * (4 + 4 + 8) + bowl.instanceBytes)
        #expect(race().expectedBytes(threads: Threads(2)) == 2 * run + 2 * 4 * 1000 * 4)
        #expect(race(problems: 1).expectedBytes(threads: Threads(9)) == 2 * run + 2 * 1000 * 4)
    }

    @Test("A sweep counts as twenty optimizers")
    func sweeps() {
        let sweep = LearningRateSweep(on: Bowl(), of: Momentum(), steps: 1000, problems: 4)
        let twentyMore = race().expectedBytes(threads: Threads(1)) + 20 * 4 * 1000 * 4
        #expect(race().expectedBytes(with: [sweep], threads: Threads(1)) == twentyMore)
    }
}
