import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

@Suite(.enabled(if: Kernels.bfloat16 != nil, "this processor has no AVX512_BF16")) struct BFloat16Tests {
    /// Weights and inputs whose products bfloat16 has exactly: then nothing tells it from single precision.
    @Test(
        "Where every factor is a bfloat16, the first step has the bits of single precision, but for the order of sums"
    )
    func exactFactors() throws {
        for count in [1, 15, 16, 17, 65, 1000] {
            let single = try optimizer(.single)
            let bfloat16 = try optimizer(.bfloat16)
            var (a, b) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
            var (aState, bState) = (
                single.initialState(parameterCount: count), bfloat16.initialState(parameterCount: count)
            )
            let gradient = (0..<count).map { Float(($0 + 1) % 3 - 1) }
            single.update(&a, gradient: gradient, state: &aState)
            bfloat16.update(&b, gradient: gradient, state: &bState)
            let difference = zip(a, b).map { abs($0 - $1) }.max()!
            #expect(difference < 1e-7, "\(count) coordinates")
            #expect(a.contains { $0 != 0 })
        }
    }

    /// One layer on DMoptimizer's features, which are −1, 0 or 1 where the gradient is; weights of a few bits.
    private func optimizer(
        _ factors: Kernels.FactorPrecision
    ) throws -> CoordinatewiseOptimizer<DMoptimizerFeatures> {
        let kernels = try Kernels.selected(multiplyingIn: factors)
        let untrained = CoordinatewiseOptimizer<DMoptimizerFeatures>(
            key: RandomKey(seed: 5), hidden: 5, layers: 1, kernels: kernels)
        var stream = RandomStream(RandomKey(seed: 6))
        // Kernels multiply by 1 / ln 2 before they round, so that the weights that are exact are multiples of ln 2.
        let ln2: Float = 0.693147181
        return untrained.optimizer(
            untrained.metaParameters.map { _ in ln2 * Float(stream.index(below: 33) - 16) / 8 })
    }

    @Test("It is another optimizer by name, and the same by weights")
    func name() throws {
        let single = RNNprop(key: RandomKey(seed: 1))
        let bfloat16 = single.with(kernels: try Kernels.selected(multiplyingIn: .bfloat16))
        #expect(bfloat16.name == single.name + "+bfloat16")
        #expect(bfloat16.metaParameters == single.metaParameters)
        #expect(bfloat16.optimizer(single.metaParameters).name == bfloat16.name)
    }

    @Test("Meta-gradients are within 1 % of single precision's", arguments: [16, 37, 1000])
    func metaGradient(count: Int) throws {
        let steps = 20
        var stream = RandomStream(RandomKey(seed: 8))
        let rows = (0..<steps).map { _ in (0..<count).map { _ in stream.normal() } }
        let recorded = AlignedFloats(rows.flatMap(\.self))
        let gradients = try [Kernels.FactorPrecision.single, .bfloat16].map { factors in
            let optimizer = RNNprop(key: RandomKey(seed: 7)).with(
                kernels: try Kernels.selected(multiplyingIn: factors))
            let period = RecordedPeriod(
                startState: optimizer.initialState(parameterCount: count),
                startParameters: [Float](repeating: 0, count: count), gradients: recorded,
                lossWeights: [Float](repeating: 1 / Float(steps), count: steps))
            return optimizer.metaGradient(of: period, sample: .all)
        }
        func norm(_ values: [Float]) -> Double {
            values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        }
        let error = norm(zip(gradients[0], gradients[1]).map { $0 - $1 }) / norm(gradients[0])
        #expect(error < 0.01 && error > 0, "off by \(error)")
    }
}
