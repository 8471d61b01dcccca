import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Optimizers
import Testing

@Suite struct MetaOptimizerTests {
    @Test func ratesAreThoseOfTheSchedule() {
        var optimizer = MetaOptimizer()
        optimizer.rate = 0.01
        for update in [0, 1, 1000] { #expect(optimizer.rate(update: update, of: nil) == 0.01) }
        optimizer.schedule = .cosine
        optimizer.finalRate = 0.001
        optimizer.warmUp = 10
        #expect(optimizer.rate(update: 0, of: 110) == 0.001 && optimizer.rate(update: 9, of: 110) == 0.01)
        #expect(abs(optimizer.rate(update: 10, of: 110) - 0.01) < 1e-12)
        #expect(abs(optimizer.rate(update: 60, of: 110) - 0.0055) < 1e-12)
        #expect(abs(optimizer.rate(update: 35, of: 110) - (0.001 + 0.009 * (1 + 0.5.squareRoot()) / 2)) < 1e-12)
        for update in [110, 5000] { #expect(abs(optimizer.rate(update: update, of: 110) - 0.001) < 1e-12) }
    }

    /// A trainer on the parabola; φ of every iteration.
    private func train(_ iterations: Int, _ change: (inout MetaTrainingPlan) -> Void) -> (
        trainer: MetaTrainer<LogRateDescent>, weights: [[Float]], reports: [MetaIteration]
    ) {
        var plan = MetaTrainingPlan.dmPaper
        plan.truncation = FixedTruncation(horizon: 8, unroll: 8)
        plan.metaOptimizer.rate = 0.01
        change(&plan)
        let trainer = MetaTrainer(
            optimizer: LogRateDescent(rate: 0.05), tasks: OneOptimizee(Parabola()), plan: plan)
        var (weights, reports): ([[Float]], [MetaIteration]) = ([], [])
        for _ in 0..<iterations {
            reports.append(trainer.iterate())
            weights.append(trainer.optimizer.metaParameters)
        }
        return (trainer, weights, reports)
    }

    @Test("Averages are Σ (1 − d) dᵏ φ over Σ (1 − d) dᵏ, and the one that is used is what comes out")
    func averages() {
        let decays = [0.5, 0.9, 0.99]
        let (trainer, weights, _) = train(12) {
            $0.metaOptimizer.averages = decays
            $0.metaOptimizer.use = 0.9
        }
        for (index, decay) in decays.enumerated() {
            let shares = weights.indices.map { pow(decay, Double(weights.count - 1 - $0)) }
            for element in 0..<2 {
                let sum = zip(shares, weights).reduce(0) { $0 + $1.0 * Double($1.1[element]) }
                let found = Double(trainer.state.metaOptimizer.averages[index][element])
                #expect(abs(found - sum / shares.reduce(0, +)) < 1e-6, "decay \(decay)")
            }
        }
        #expect(trainer.trained.metaParameters == trainer.state.metaOptimizer.averages[1])
        #expect(trainer.trained.metaParameters != trainer.optimizer.metaParameters)
        let plain = train(12) { _ in }
        #expect(plain.weights == weights, "averages do not change what is trained")
        #expect(plain.trainer.trained.metaParameters == plain.trainer.optimizer.metaParameters)
    }

    @Test("Before the first update the optimizer to use is the one that training began with")
    func averagesAtFirst() {
        let trainer = train(0) {
            $0.metaOptimizer.averages = [0.9]
            $0.metaOptimizer.use = 0.9
        }.trainer
        #expect(trainer.trained.metaParameters == LogRateDescent(rate: 0.05).metaParameters)
    }

    @Test("Gradients longer than so many times their running norm are shortened to it")
    func clipping() {
        // Norms 1, 1, then 100, which counts as 2 in the running norm of decay 0.5 and shortens to 2.
        var optimizer = MetaOptimizer()
        (optimizer.clip, optimizer.clipDecay) = (2, 0.5)
        (optimizer.beta1, optimizer.beta2) = (0, 0)
        var state = optimizer.initialState(count: 2)
        var norms: [Double] = []
        var moments: [[Float]] = []
        for gradient in [[1, 0], [0, 1], [60, 80], [0, 0]] as [[Float]] {
            var weights: [Float] = [0, 0]
            optimizer.step(&weights, gradient: gradient, state: &state, update: 0, of: nil)
            norms.append(state.runningNorm ?? .nan)
            moments.append(state.adam.first)
        }
        #expect(norms == [1, 1, 1.5, 0.75])
        #expect(moments[1] == [0, 1])
        #expect(abs(moments[2][0] - 1.2) < 1e-6 && abs(moments[2][1] - 1.6) < 1e-6)
        // A first gradient of 0 does not shut out all that come.
        var fresh = optimizer.initialState(count: 1)
        for gradient in [[0], [3]] as [[Float]] {
            var weights: [Float] = [0]
            optimizer.step(&weights, gradient: gradient, state: &fresh, update: 0, of: nil)
        }
        #expect(fresh.adam.first == [3] && fresh.runningNorm == 3)
    }

    @Test("A task's gradient is shortened to so many times the median norm, and one that is not finite stays so")
    func taskClipping() {
        var optimizer = MetaOptimizer()
        let gradients: [[Float]] = [[0, 8], [0, 1], [-2, 0], [0, 64], [0, 0]]
        #expect(optimizer.clipped(tasks: gradients) == gradients)
        optimizer.taskClip = 2
        #expect(optimizer.clipped(tasks: gradients) == [[0, 4], [0, 1], [-2, 0], [0, 4], [0, 0]])
        #expect(optimizer.clipped(tasks: [[1], [.nan], [2]])[1][0].isNaN)
        #expect(optimizer.clipped(tasks: []).isEmpty)
    }

    @Test("A falling rate takes the steps of that rate")
    func fallingRate() {
        let (_, weights, _) = train(40) {
            $0.iterations = 40
            $0.metaOptimizer.schedule = .cosine
        }
        let steps = zip(weights.dropFirst(), weights).map { abs($0[0] - $1[0]) }
        // Adam's steps are about as long as the rate while gradients keep their sign.
        #expect(steps[0] > 0.009 && steps[18] < 0.007 && steps[38] < 0.0005, "\(steps)")
    }
}
