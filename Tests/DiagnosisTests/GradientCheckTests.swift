import Diagnosis
import Files
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizers
import Testing

/// RNNprop with a meta-gradient that is wrong in one element in three.
private struct Wrong: FirstOrderLearnedOptimizer {
    static var descriptor: RuleDescriptor { RNNprop.descriptor }
    let right: RNNprop

    init(_ right: RNNprop) { self.right = right }
    init(key: RandomKey) { right = RNNprop(key: key) }
    init(weights: LearnedWeights) { right = RNNprop(weights: weights) }
    var weights: LearnedWeights { right.weights }
    var metaParameters: [Float] { right.metaParameters }
    func optimizer(_ metaParameters: [Float]) -> Wrong { Wrong(right.optimizer(metaParameters)) }
    var name: String { right.name }
    var stateBytesPerParameter: Int { right.stateBytesPerParameter }
    func initialState(for layout: ParameterLayout) -> RNNprop.State { right.initialState(for: layout) }
    func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout RNNprop.State
    ) {
        right.update(parameters: &parameters, gradient: gradient, loss: loss, state: &state)
    }
    func record(_ state: RNNprop.State) -> StateRecord { right.record(state) }
    func state(from record: StateRecord, for layout: ParameterLayout) throws -> RNNprop.State {
        try right.state(from: record, for: layout)
    }
    func metaGradient(of period: borrowing RecordedPeriod<RNNprop.State>, sample: CoordinateSample) -> [Float] {
        right.metaGradient(of: period, sample: sample).enumerated().map { $0 % 3 == 0 ? 1.1 * $1 : $1 }
    }
}

@Suite("The doctor's instruments") struct InstrumentTests {
    @Test("Finite differences find a meta-gradient that is a tenth off in some elements, and pass the right one")
    func gradientCheck() throws {
        let right = RNNprop(key: RandomKey(seed: 6))
        var stream = RandomStream(RandomKey(seed: 7))
        let gradients = (0..<12).map { _ in (0..<10).map { _ in stream.normal() } }
        let network = try #require(right.reference as? ReferenceNetwork)
        let fine = GradientCheck.finding([gradients], right, network, smallPlan())
        let bad = GradientCheck.finding([gradients], Wrong(right), network, smallPlan())
        #expect(fine.verdict == .fine && bad.verdict == .bad, "\(fine.value); \(bad.value)")
        #expect(bad.numbers["largest_relative_error"]! > 0.02)
        // Weights so large that the last bit of a sum decides what comes out some steps later.
        let wild = right.optimizer(right.metaParameters.map { 60 * $0 })
        let wildNetwork = try #require(wild.reference as? ReferenceNetwork)
        let chaotic = GradientCheck.finding([gradients], wild, wildNetwork, smallPlan())
        #expect(chaotic.verdict != .bad || chaotic.value.contains("impossible"), "\(chaotic.value)")
        let lost = GradientCheck.finding([[[.nan]]], right, network, smallPlan())
        #expect(lost.verdict == .bad)
    }

    @Test("Signal and noise are those that gradients were drawn with")
    func noise() {
        var stream = RandomStream(RandomKey(seed: 8))
        // 50 elements around 0.5 with a deviation of 2, in each of three periods.
        let gradients = (0..<400).map { _ in
            (0..<3).map { _ in (0..<50).map { _ in 0.5 + 2 * stream.normal() } }
        }
        let found = MetaGradientNoise(gradients)
        #expect(abs(found.signal / (3 * 50 * 0.25) - 1) < 0.1)
        #expect(abs(found.noise / (3 * 50 * 4) - 1) < 0.05)
        let finding = found.finding(smallPlan { $0.metaBatch = 4 })
        #expect(abs(finding.numbers["signal_to_noise"]! - 0.5) < 0.05, "0.25 with one task, twice that with four")
        #expect(MetaGradientNoise([[[0, 0]], [[0, 0]]]).finding(smallPlan()).verdict == .bad)
        #expect(MetaGradientNoise([[[1, .infinity]], [[0, 0]]]).finding(smallPlan()).verdict == .bad)
        #expect(
            MetaGradientNoise([[[1]], [[-1]]]).finding(smallPlan()).value.contains("not to be told from noise"))
        #expect(MetaGradientNoise([[[3, 4]]]).finding(smallPlan()).value.contains("norm 5"))
    }
}
