import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Optimizers
import Testing

/// The rules whose periods the fixtures hold.
private let papers: [any FeatureRule.Type] = [RNNpropFeatures.self, DMoptimizerFeatures.self]

@Suite("Two periods of meta-training agree with PyTorch in float64") struct PeriodTests {
    @Test("The task is the one that the fixture's script drew")
    func draws() throws {
        let fixture = try PeriodFixture<RNNpropFeatures>()
        let task = try #require(fixture.instance as? CombinedInstance)
        let first = try #require(task.first as? RandomScalingInstance)
        let second = try #require(task.second as? RandomScalingInstance)
        let mlp = try #require(first.wrapped as? MLPInstance)
        #expect(relativeError(first.scales + second.scales, fixture["scales"]) < 1e-7)
        #expect(relativeError(task.initialParameters, fixture["start"]) < 1e-7)
        #expect((0..<40).flatMap(mlp.minibatch) == fixture["minibatches"].map { Int($0) })
    }

    @Test("Losses, parameters, meta-gradients and Adam's steps", arguments: papers)
    func periods(features: any FeatureRule.Type) throws {
        func check<F: FeatureRule>(_: F.Type) throws {
            for kernels in Kernels.available { try periods(PeriodFixture<F>(), kernels) }
        }
        try check(features)
    }

    private func periods<F: FeatureRule>(_ fixture: PeriodFixture<F>, _ kernels: Kernels) throws {
        let unroll = PeriodFixture<F>.unroll
        let lossWeights = (0..<unroll).map { step -> Float in
            MetaTrainingPlan.paper(F.kind).metaLoss.losses == .mean ? 1 / Float(unroll) : (step == unroll - 1 ? 1 : 0)
        }
        let instance = fixture.instance
        var optimizer = fixture.optimizer(kernels)
        let adam = Adam(learningRate: 1e-4)
        var adamState = adam.initialState(parameterCount: optimizer.metaParameters.count)
        var parameters = instance.initialParameters
        var state = optimizer.initialState(parameterCount: parameters.count)
        for period in 0..<PeriodFixture<F>.periods {
            let (start, startParameters) = (state, parameters)
            var losses: [Float] = []
            var gradients: [Float] = []
            for step in 0..<unroll {
                var gradient = parameters
                var span = gradient.mutableSpan
                losses.append(
                    instance.lossAndGradient(
                        at: period * unroll + step, parameters: parameters.span, gradient: &span))
                gradients += gradient
                optimizer.update(&parameters, gradient: gradient, state: &state)
            }
            for (loss, expected) in zip(losses, fixture["losses\(period)"]) {
                #expect(abs(loss - expected) < 1e-5 * expected, "\(kernels.name), period \(period)")
            }
            #expect(relativeError(parameters, fixture["parameters\(period)"]) < 1e-5, "\(kernels.name)")

            var recorded = AlignedFloats(count: gradients.count)
            recorded.withMutablePointer { pointer in
                for (index, value) in gradients.enumerated() { pointer[index] = value }
            }
            let metaGradient = optimizer.metaGradient(
                of: RecordedPeriod(
                    startState: start, startParameters: startParameters, gradients: recorded,
                    lossWeights: lossWeights), sample: .all)
            for (tensor, error) in fixture.errors(metaGradient, "gradient\(period)", optimizer) {
                #expect(error < 1e-4, "\(kernels.name), period \(period), \(tensor)")
            }

            // From the expected gradient, so that Adam's division does not enlarge what small entries lack.
            var weights = optimizer.metaParameters
            adam.update(&weights, gradient: fixture.flat("gradient\(period)"), state: &adamState)
            let change = zip(weights, optimizer.metaParameters).map { $0 - $1 }
            for (tensor, error) in fixture.errors(change, "change\(period)", optimizer) {
                // A step of 1e-4 keeps some four digits where it is added to weights near 1.
                #expect(error < 5e-4, "\(kernels.name), period \(period), \(tensor)")
            }
            optimizer = optimizer.optimizer(weights)
        }
    }

    @Test("A meta-iteration of the trainer", arguments: papers)
    func trainer(features: any FeatureRule.Type) throws {
        func check<F: FeatureRule>(_: F.Type) throws {
            for kernels in Kernels.available { try trainer(PeriodFixture<F>(), kernels) }
        }
        try check(features)
    }

    private func trainer<F: FeatureRule>(_ fixture: PeriodFixture<F>, _ kernels: Kernels) throws {
        let periods = PeriodFixture<F>.periods
        var plan = MetaTrainingPlan.paper(F.kind)
        plan.truncation = FixedTruncation(horizon: periods * PeriodFixture<F>.unroll, unroll: PeriodFixture<F>.unroll)
        let start = fixture.optimizer(kernels)
        let trainer = MetaTrainer(
            optimizer: start, tasks: OneOptimizee(fixture.optimizee), plan: plan, seed: PeriodFixture<F>.seed)
        let report = trainer.iterate()
        for period in 0..<periods {
            let losses = fixture["losses\(period)"].map(Double.init)
            let metaLoss =
                plan.metaLoss.losses == .last
                ? losses.last! : losses.reduce(0, +) / Double(losses.count)
            #expect(abs(report.periodLosses[period] - metaLoss) < 1e-5 * metaLoss)
            #expect(abs(report.lastLosses[period] - losses.last!) < 1e-5 * losses.last!)
            let norm = fixture.flat("gradient\(period)").reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(abs(report.gradientNorms[period] - norm) < 1e-4 * norm)
        }
        let change = zip(trainer.optimizer.metaParameters, start.metaParameters).map { $0 - $1 }
        let expected = zip(fixture.flat("change0"), fixture.flat("change1")).map { $0 + $1 }
        #expect(relativeError(change, expected) < 2e-3)
    }
}
