import LearnedOptimizers
import NumericCore
import Optimizers

/// Every number of dimensions, nothing in some, one element in others, axes of equal length, and more than one chunk.
let oddLayout = ParameterLayout(
    [
        [], [0], [1], [7], [64], [1025], [0, 5], [3, 0, 2], [1, 1], [1, 7], [9, 1], [5, 5], [2, 3, 4], [4, 3, 2],
        [3, 4, 3], [3, 3, 6, 5], [6, 5, 3, 3], [2, 1, 2, 1, 3], [70, 33], [33, 70],
    ].enumerated().map { ParameterShape("t\($0)", $1) })

/// One with weights that make all of its parts count: decays that are shifted, and a large second output.
func livelySmallFC(hidden: Int, seed: UInt64 = 1) -> SmallFC {
    let drawn = SmallFC(key: RandomKey(seed: seed), hidden: hidden).weights
    var stream = RandomStream(RandomKey(seed: seed).child(1))
    return SmallFC(
        weights: LearnedWeights(SmallFC.descriptor, size: hidden) { name in
            drawn[name].enumerated().map { index, value in
                switch name {
                case "readout.weight": value * (index % 2 == 0 ? 2 : 300)
                case let name where name.hasPrefix("decays"): stream.uniform(in: -0.05...0.05)
                case let name where name.hasSuffix("bias"): 0.3 + 0.1 * stream.normal()
                default: value
                }
            }
        })
}

/// The same of gateprop: both networks' outputs count, and differ from tensor to tensor.
func livelyGateprop(hidden: Int, seed: UInt64 = 1, kernels: Kernels = .selected) -> Gateprop {
    let drawn = Gateprop(key: RandomKey(seed: seed), hidden: hidden)
    var stream = RandomStream(RandomKey(seed: seed).child(1))
    let values = drawn.metaParameters.map { $0 == 0 ? 0.25 * stream.normal() : $0 }
    return Gateprop(metaParameters: values, hidden: hidden, kernels: kernels)
}

/// Gradients of sizes that differ by step.
func gradientRows(_ steps: Int, _ count: Int, seed: UInt64 = 5) -> [[Float]] {
    var stream = RandomStream(RandomKey(seed: seed))
    return (0..<steps).map { _ in
        let size = exp(stream.uniform(in: -6...1))
        return (0..<count).map { _ in size * stream.normal() }
    }
}

func largest(_ first: [Double], _ second: [Double]) -> Double {
    zip(first, second).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

/// Where runs begin.
func startingParameters(_ count: Int) -> [Float] {
    var stream = RandomStream(RandomKey(seed: 77))
    return (0..<count).map { _ in 0.1 * stream.normal() }
}

/// A run of a rule on made-up gradients, and the meta-gradient of its end.
struct TensorRuleRun {
    var parameters: [Float]
    var metaGradient: [Float]

    init(
        _ optimizer: some FirstOrderLearnedOptimizer, _ layout: ParameterLayout, _ rows: [[Float]],
        lossWeights: [Float]
    ) {
        parameters = startingParameters(layout.count)
        var state = optimizer.initialState(for: layout)
        var (start, startParameters) = (state, parameters)
        let period = rows.suffix(lossWeights.count)
        for (index, row) in rows.enumerated() {
            if index == period.startIndex { (start, startParameters) = (state, parameters) }
            optimizer.update(&parameters, gradient: row, loss: 1, state: &state)
        }
        metaGradient = optimizer.metaGradient(
            of: RecordedPeriod(
                startState: start, startParameters: startParameters, gradients: AlignedFloats(period.flatMap(\.self)),
                lossWeights: lossWeights), sample: .all)
    }
}
