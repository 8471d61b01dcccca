import KernelTypes
import LearnedOptimizers
import NumericCore
import TestKernels

/// A rule with three features and two outputs, to hold the kernels to what no shipped rule asks of them.
///
/// One layer reads the features as they are and its outputs pass tanh; several layers have a projection, narrower than
/// they are, and no tanh.
struct DirectionAndSizeFeatures: FeatureRule {
    static let kind = "direction-and-size"
    static let summary = "a direction and the logarithm of a size"
    static let constants = RNNpropFeatures.constants

    let scale: Double
    private let moments: RNNpropFeatures
    private let slow = 0.75

    static func layout(hidden: Int, layers: Int) -> NetworkLayout {
        NetworkLayout(
            DirectionAndSize.self, hidden: hidden, layers: layers, projection: layers > 1 ? hidden - 1 : 0,
            tanhOutput: layers == 1)
    }

    /// Those of the baseline, whatever is asked for.
    static func kernels(_ kernels: Kernels) -> NetworkKernels<DirectionAndSize> { directionAndSize }

    init(constants: [String: Double]) {
        moments = RNNpropFeatures(constants: constants)
        scale = moments.scale
    }

    func map(step: Int) -> DirectionAndSize { DirectionAndSize(moments: moments.map(step: step), slow: Float(slow)) }

    func referenceFeatures(_ rows: inout [Double], gradient: Double, step: Int) -> [Double] {
        let features = moments.referenceFeatures(&rows, gradient: gradient, step: step)
        rows[2] = slow * rows[2] + (1 - slow) * features[0]
        return features + [tanh(rows[2])]
    }

    func referenceUpdate(features: [Double], outputs: [Double]) -> Double { scale * outputs[0] * exp(outputs[1]) }
}
