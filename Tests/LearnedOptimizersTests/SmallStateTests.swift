import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

@Suite struct SmallStateTests {
    @Test("168 bytes a parameter in place of 328, and DMoptimizer's 160 in place of 320")
    func bytes() {
        let key = RandomKey(seed: 1)
        #expect(RNNprop(key: key).withSmallState.stateBytesPerParameter == 168)
        #expect(DMoptimizer(key: key).withSmallState.stateBytesPerParameter == 160)
        #expect(RNNprop(key: key).withSmallState.name != RNNprop(key: key).name)
    }

    @Test(
        "Half-precision state: the first step has the same bits, later ones stay within 1 % of the step's size",
        arguments: [0, 1, 15, 16, 17, 63, 64, 65, 1000])
    func staysClose(count: Int) {
        for kernels in Kernels.available {
            compare(CoordinatewiseOptimizer<RNNpropFeatures>(key: RandomKey(seed: 2), kernels: kernels), count)
            compare(CoordinatewiseOptimizer<DMoptimizerFeatures>(key: RandomKey(seed: 3), kernels: kernels), count)
        }
    }

    private func compare<F: FeatureRule>(_ untrained: CoordinatewiseOptimizer<F>, _ count: Int) {
        // Weights as large as trained ones have.
        let whole = untrained.optimizer(untrained.metaParameters.map { 3 * $0 })
        let small = SmallStateOptimizer(whole)
        var stream = RandomStream(RandomKey(seed: UInt64(count)))
        var (exact, rounded) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
        var (exactState, roundedState) = (
            whole.initialState(parameterCount: count), small.initialState(parameterCount: count)
        )
        for step in 0..<30 {
            let gradient = (0..<count).map { _ in stream.normal() }
            let before = exact
            whole.update(&exact, gradient: gradient, state: &exactState)
            small.update(&rounded, gradient: gradient, state: &roundedState)
            if step == 0 { #expect(exact == rounded) }
            // From the same parameters again, so that only this step's difference counts.
            let largest = zip(exact, before).map { abs($0 - $1) }.max() ?? 0
            let difference = zip(exact, rounded).map { abs($0 - $1) }.max() ?? 0
            #expect(difference <= 0.01 * largest)
            if step == 29, count >= 15 { #expect(difference > 0, "nothing was rounded") }
            rounded = exact
        }
    }
}
