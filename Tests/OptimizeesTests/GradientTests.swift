import NumericCore
import Optimizees
import Testing
import _Differentiation

@differentiable(reverse)
private func rosenbrock(_ x: [Float]) -> Float {
    var total: Float = 0
    for index in 0..<withoutDerivative(at: x.count - 1) {
        let rise = x[index + 1] - x[index] * x[index]
        let rest = 1 - x[index]
        total = total + 100 * rise * rise + rest * rest
    }
    return total
}

/// Optimizees that must obey what every optimizee obeys.
enum Samples {
    static let mlp = MLPCase().mlp
    static let scaledMLP = RandomScaling(mlp, range: 1)

    static let all: [any Optimizee] =
        Activation.allCases.map { MLPCase(activation: $0, hidden: [5, 3]).mlp } + [
            CNNCase().cnn, CNNCase(layers: "c-p-c-p-f-f", channels: 3, batch: 5, scale: 0.2).cnn,
            Convex(), Convex(dimension: 1, clip: .infinity), Convex(dimension: 7, clip: 0.3), Quadratic(),
            Quadratic(dimension: 1, condition: 2), Rosenbrock(), Rosenbrock(dimension: 5), Rastrigin(),
            Rastrigin(dimension: 9),
            DifferentiableOptimizee(name: "swift", initial: [-1.2, 1, 0.5], noise: 0.1, function: rosenbrock),
            LSTMCase().lstm, LSTMCase(layers: 2, batch: 16).lstm,
            MLPRegression(hiddenWidths: [6, 4], batchSize: 9, initialScale: 0.5),
            MLPRegression(
                teacher: TeacherNetwork(inputs: 3, scale: 10, noise: 0.1), hiddenWidths: [5], activation: .elu,
                batchSize: 16),
            scaledMLP, RandomScaling(Convex(), range: 1, granularity: .function),
            RandomScaling(Rosenbrock(dimension: 4), range: 1, distribution: .uniform),
            RandomScaling(mlp, range: 1, keep: 0.5), Combined(mlp, Convex()),
            Combined(scaledMLP, RandomScaling(Convex(), range: 1)),
        ]
}

@Suite struct GradientTests {
    /// The loss is a Float: a difference over 1e-2 is good to about three digits.
    @Test(arguments: Samples.all.indices) func gradientIsTheSlopeOfTheLoss(_ index: Int) {
        let optimizee = Samples.all[index]
        let instance = optimizee.instance(key: RandomKey(seed: 11))
        var parameters = instance.initialParameters
        #expect(parameters.count == optimizee.parameterCount)
        let (loss, gradient) = instance.lossAndGradient(at: 2, parameters)
        #expect(instance.loss(at: 2, parameters) == loss)
        #expect(gradient.allSatisfy { $0.isFinite })
        let largest = gradient.map(abs).max() ?? 0
        for coordinate in stride(from: 0, to: parameters.count, by: 5) {
            let here = parameters[coordinate]
            let delta: Float = 0x1p-8
            parameters[coordinate] = here + delta
            let above = instance.loss(at: 2, parameters)
            parameters[coordinate] = here - delta
            let below = instance.loss(at: 2, parameters)
            parameters[coordinate] = here
            let slope = (above - below) / (2 * delta)
            #expect(
                abs(slope - gradient[coordinate]) <= 0.01 * largest + 1e-6 * abs(loss) / delta,
                "\(optimizee.name), coordinate \(coordinate)")
        }
    }

    @Test(arguments: Samples.all.indices) func theSameKeyGivesTheSameBits(_ index: Int) {
        let optimizee = Samples.all[index]
        let key = RandomKey(seed: 4).child(2)
        let first = optimizee.instance(key: key)
        let second = optimizee.instance(key: key)
        let start = first.initialParameters
        #expect(start == second.initialParameters)
        // In another order, and with the second one's scratch memory used before.
        let expected = (0..<3).map { first.lossAndGradient(at: $0, start) }
        for step in (0..<3).reversed() {
            let other = second.lossAndGradient(at: step, start)
            #expect(other.loss == expected[step].loss)
            #expect(other.gradient == expected[step].gradient)
        }
    }

    @Test(arguments: Samples.all.indices) func anotherKeyGivesAnotherProblem(_ index: Int) {
        let optimizee = Samples.all[index]
        let losses = (0..<5).map { seed in
            let instance = optimizee.instance(key: RandomKey(seed: UInt64(seed)))
            return instance.loss(at: 0, instance.initialParameters)
        }
        #expect(Set(losses).count > 1)
    }

    @Test(arguments: Samples.all.indices) func resultsDoNotDependOnThreads(_ index: Int) {
        let optimizee = Samples.all[index]
        let results = UnsafeMutableBufferPointer<Float>.allocate(capacity: 16)
        defer { results.deallocate() }
        results.initialize(repeating: .nan)
        nonisolated(unsafe) let shared = results
        parallelLoop(16) { index in
            let instance = optimizee.instance(key: RandomKey(seed: 1).child(index / 2))
            let (loss, gradient) = instance.lossAndGradient(at: 1, instance.initialParameters)
            shared[index] = gradient.reduce(loss, +)
        }
        for pair in 0..<8 { #expect(results[2 * pair] == results[2 * pair + 1]) }
        let alone = optimizee.instance(key: RandomKey(seed: 1).child(0))
        let (loss, gradient) = alone.lossAndGradient(at: 1, alone.initialParameters)
        #expect(gradient.reduce(loss, +) == results[0])
    }

    /// A diverging problem is a result, not a crash.
    @Test(arguments: Samples.all.indices, [Float.nan, .infinity, 1e30, -3e38])
    func unusableParametersGiveALoss(_ index: Int, value: Float) {
        let optimizee = Samples.all[index]
        let instance = optimizee.instance(key: RandomKey(seed: 1))
        let parameters = [Float](repeating: value, count: optimizee.parameterCount)
        let loss = instance.lossAndGradient(at: 0, parameters).loss
        #expect(!value.isNaN || loss.isNaN)
        // And the instance works as before.
        let fresh = optimizee.instance(key: RandomKey(seed: 1))
        let start = fresh.initialParameters
        let (again, expected) = (instance.lossAndGradient(at: 0, start), fresh.lossAndGradient(at: 0, start))
        #expect(again.loss == expected.loss)
        #expect(again.gradient == expected.gradient)
    }

    @Test func derivedGradientIsTheWrittenOne() {
        let written = Rosenbrock(dimension: 3, noise: 0.1)
        let derived = DifferentiableOptimizee(
            name: "swift", initial: [-1.2, 1, -1.2], noise: 0.1, function: rosenbrock)
        let (a, b) = (written.instance(key: RandomKey(seed: 9)), derived.instance(key: RandomKey(seed: 9)))
        #expect(a.initialParameters == b.initialParameters)
        let (x, y) = (a.lossAndGradient(at: 0, a.initialParameters), b.lossAndGradient(at: 0, a.initialParameters))
        #expect(abs(x.loss - y.loss) < 1e-5 * x.loss)
        #expect(relativeError(x.gradient.map(Double.init), y.gradient.map(Double.init)) < 1e-5)
    }
}
