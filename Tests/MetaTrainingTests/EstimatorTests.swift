import Files
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizers
import Testing

/// The derivative of the mean loss of each period of `unroll` steps with respect to the log-rate ρ, on a parabola of
/// curvature 1 from θ = 1: f_t = (1 − e^ρ)^2t / 2, and all steps so far count.
private func exactSlopes(rate: Double, unroll: Int, periods: Int) -> [Double] {
    (0..<periods).map { period in
        let steps = period * unroll..<(period + 1) * unroll
        return steps.reduce(0) { $0 - Double($1) * rate * pow(1 - rate, Double(2 * $1 - 1)) } / Double(unroll)
    }
}

/// The same where a period begins at parameters that are taken as given, as truncation has it.
private func truncatedSlopes(rate: Double, unroll: Int, periods: Int) -> [Double] {
    let first = exactSlopes(rate: rate, unroll: unroll, periods: 1)[0]
    return (0..<periods).map { first * pow(1 - rate, Double(2 * $0 * unroll)) }
}

@Suite struct EstimatorTests {
    private static let strategies: [any EvolutionStrategy] = {
        var (reused, persistent) = (ReusedNoise(), PersistentNoise())
        (reused.sigma, persistent.sigma) = (0.005, 0.005)
        return [reused, persistent]
    }()

    @Test(
        "Evolution strategies estimate the exact derivative through all periods, within their standard error",
        arguments: [0, 1])
    func evolution(_ index: Int) {
        var strategy = Self.strategies[index]
        // The noise of one weight is noise in the estimate of the other.
        strategy.tensors = ["rate"]
        let (unroll, periods, runs) = (5, 4, 3000)
        let optimizer = LogRateDescent(rate: 0.1)
        let settings = settings(unroll: unroll)
        let estimates = (0..<runs).map { number in
            let run = strategy.run(trainingTask(Parabola(), noise: number), optimizer)
            return (0..<periods).map { _ in Double(run.runPeriod(optimizer, settings).gradient[0]) }
        }
        let exact = exactSlopes(rate: 0.1, unroll: unroll, periods: periods)
        let truncated = truncatedSlopes(rate: 0.1, unroll: unroll, periods: periods)
        for period in 0..<periods {
            let values = estimates.map { $0[period] }
            let mean = values.reduce(0, +) / Double(runs)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(runs - 1)
            let error = (variance / Double(runs)).squareRoot()
            #expect(abs(mean - exact[period]) < 4 * error, "period \(period): \(mean) ± \(error), \(exact[period])")
            #expect(error < 0.1 * abs(exact[period]))
            // What a truncated derivative would give is told apart.
            if period > 0 { #expect(abs(mean - truncated[period]) > 6 * error, "period \(period)") }
        }
    }

    @Test("Steps before the first period are taken as given: nothing is learned from them", arguments: [0, 1])
    func burnIn(_ index: Int) {
        var strategy = Self.strategies[index]
        strategy.tensors = ["rate"]
        let optimizer = LogRateDescent(rate: 0.1)
        let estimates = (0..<3000).map { number in
            Double(
                strategy.run(trainingTask(Parabola(), noise: number, burnIn: 7), optimizer)
                    .runPeriod(optimizer, settings(unroll: 5)).gradient[0])
        }
        let mean = estimates.reduce(0, +) / 3000
        let error = (estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2999 / 3000).squareRoot()
        let expected = exactSlopes(rate: 0.1, unroll: 5, periods: 1)[0] * pow(0.9, 14)
        #expect(abs(mean - expected) < 4 * error && error < 0.05 * abs(expected), "\(mean) ± \(error), \(expected)")
    }

    @Test("Reused noise stays, persistent noise is drawn anew and added up", arguments: [0, 1])
    func noise(_ index: Int) throws {
        let strategy = Self.strategies[index]
        let optimizer = LogRateDescent(rate: 0.1)
        let run = strategy.run(trainingTask(Incline(), noise: 7), optimizer)
        // The losses change linearly with the drift: estimate / slope is the noise in its direction.
        let directions = (0..<3).map { _ in
            let gradient = run.runPeriod(optimizer, settings(unroll: 4)).gradient
            return Double(gradient[1] / gradient[0])
        }
        let isConstant = directions.allSatisfy { abs($0 - directions[0]) < 1e-4 * abs(directions[0]) }
        #expect(isConstant == !type(of: strategy).renewsNoise, "\(directions)")
    }

    @Test("Weights that are not named stay as they are, and unknown names are refused")
    func subset() throws {
        var strategy = ReusedNoise()
        strategy.tensors = ["drift"]
        let optimizer = LogRateDescent(rate: 0.1)
        let run = strategy.run(trainingTask(Parabola()), optimizer)
        _ = run.runPeriod(optimizer, settings(unroll: 4))
        let gradient = run.runPeriod(optimizer, settings(unroll: 4)).gradient
        #expect(gradient[0] == 0 && gradient[1] != 0)
        strategy.tensors = ["drfit"]
        let error = #expect(throws: InputError.self) { try strategy.check(optimizer) }
        #expect(error?.description.contains("did you mean drift?") == true)
        // φ lies in another order than files have it.
        let learned = RNNprop(key: RandomKey(seed: 1))
        strategy.tensors = ["readout.weight"]
        let changed = strategy.run(trainingTask(Incline()), learned).runPeriod(learned, settings(unroll: 2)).gradient
        let byName = learned.optimizer(changed).weights
        for tensor in byName.tensors {
            #expect(tensor.values.contains { $0 != 0 } == (tensor.name == "readout.weight"), "\(tensor.name)")
        }
    }

    @Test("First-order gradients are the derivative where the task's gradients do not depend on the weights")
    func firstOrder() {
        for metaLoss in [RawMetaLoss(losses: .lastFew(3)), RelativeMetaLoss(), LogMetaLoss(), PeriodMeanMetaLoss()]
            as [any MetaLoss]
        {
            let settings = settings(unroll: 6, metaLoss)
            let weights: [Double] = [log(0.03), 0.002]
            /// The meta-losses of two periods, in double precision; the second begins where the run's first left it.
            func losses(_ shift: [Double]) -> Double {
                var position: [Double] = [0.5, -1, 2]
                func take(_ step: Int, _ weights: [Double]) -> Float {
                    let gradient = (0..<3).map { Double(Incline.Instance.gradient(step, $0)) }
                    let loss = zip(gradient, position).reduce(5.0) { $0 + $1.0 * $1.1 }
                    for index in 0..<3 { position[index] -= exp(weights[0]) * gradient[index] + weights[1] }
                    return Float(loss)
                }
                let first = (0..<6).map { take($0, weights) }[0]
                return metaLoss.value(
                    of: (6..<12).map { take($0, zip(weights, shift).map { $0 + $1 }) }, first: first)
            }
            let optimizer = LogRateDescent(rate: 0.03, drift: 0.002)
            let run = FirstOrder().run(trainingTask(Incline()), optimizer)
            _ = run.runPeriod(optimizer, settings)
            let result = run.runPeriod(optimizer, settings)
            #expect(abs(result.metaLoss - losses([0, 0])) < 1e-5)
            for index in 0..<2 {
                let step = 0.05 * (index == 0 ? 1 : 0.03)
                let shift = (0..<2).map { $0 == index ? step : 0 }
                let slope = (losses(shift) - losses(shift.map(-))) / (2 * step)
                #expect(
                    abs(Double(result.gradient[index]) - slope) < 0.01 * abs(slope),
                    "\(type(of: metaLoss).kind): \(result.gradient[index]), \(slope)")
            }
        }
    }

    @Test("A rule without a first-order gradient is refused by it, and trained by evolution strategies")
    func withoutFirstOrder() throws {
        let rule = ForwardOnly(inner: LogRateDescent(rate: 0.1))
        #expect(throws: InputError.self) { try FirstOrder().check(rule) }
        try ReusedNoise().check(rule)
        let run = ReusedNoise().run(trainingTask(Parabola()), rule)
        _ = run.runPeriod(rule, settings(unroll: 3))
        #expect(run.runPeriod(rule, settings(unroll: 3)).gradient[0] != 0)
    }
}

/// φ and forward steps, and nothing else.
private struct ForwardOnly: LearnedOptimizer {
    static let descriptor = LogRateDescent.descriptor
    let inner: LogRateDescent

    init(inner: LogRateDescent) { self.inner = inner }
    init(key: RandomKey) { inner = LogRateDescent(key: key) }
    init(weights: LearnedWeights) { inner = LogRateDescent(weights: weights) }
    var weights: LearnedWeights { inner.weights }
    var metaParameters: [Float] { inner.metaParameters }
    func optimizer(_ metaParameters: [Float]) -> ForwardOnly { ForwardOnly(inner: inner.optimizer(metaParameters)) }
    var name: String { inner.name }
    var stateBytesPerParameter: Int { 0 }
    func initialState(for layout: ParameterLayout) -> Int { 0 }
    func record(_ state: Int) -> StateRecord { inner.record(state) }
    func state(from record: StateRecord, for layout: ParameterLayout) throws -> Int { try record.count("steps") }
    func update(parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Int) {
        inner.update(parameters: &parameters, gradient: gradient, loss: loss, state: &state)
    }
}
