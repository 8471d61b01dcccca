import LearnedOptimizers
import Platform

extension RNNpropFeatures: ExportableFeatures {
    static var remembered: [String] { momentRows }

    static func features(
        _ rows: inout [GraphValue], gradient g: GraphValue, step: StepGraph, constants: [String: Double]
    ) -> [GraphValue] {
        let (beta1, beta2) = (constants["beta1"]!, constants["beta2"]!)
        advance(&rows, g, beta1: beta1, beta2: beta2)
        let (correction1, correction2) = (
            (1 / (1 - step.power(beta1))).cast(to: .float), (1 / (1 - step.power(beta2))).cast(to: .float)
        )
        let inverse = 1 / ((rows[1] * correction2).squareRoot() + constants["epsilon"]!)
        return [g * inverse, rows[0] * correction1 * inverse]
    }
}

extension AmalgamatedRNNpropFeatures: ExportableFeatures {
    static var remembered: [String] { momentRows }

    static func features(
        _ rows: inout [GraphValue], gradient g: GraphValue, step: StepGraph, constants: [String: Double]
    ) -> [GraphValue] {
        let (beta1, beta2) = (constants["beta1"]!, constants["beta2"]!)
        advance(&rows, g, beta1: beta1, beta2: beta2)
        let inverse = 1 / (rows[1] * (1 / (1 - beta2)) + constants["epsilon"]!).squareRoot()
        return [g * inverse, rows[0] * (1 / (1 - beta1)) * inverse]
    }
}

extension DMoptimizerFeatures: ExportableFeatures {
    static var remembered: [String] { [] }

    static func features(
        _ rows: inout [GraphValue], gradient g: GraphValue, step: StepGraph, constants: [String: Double]
    ) -> [GraphValue] {
        let (p, offset) = (constants["p"]!, constants["log_offset"]!)
        let magnitude = (g.magnitude() + offset).atLeast(Double(Float.leastNormalMagnitude))
        return [(magnitude.log() * (1 / p)).atLeast(-1), (g * exp(p)).clipped(-1, 1)]
    }
}

private let momentRows = ["average of gradients", "average of squared gradients"]

/// Brings RNNprop's moments up to date; 1 − β is taken in single precision, as kernels have it.
private func advance(_ rows: inout [GraphValue], _ g: GraphValue, beta1: Double, beta2: Double) {
    rows[0] = rows[0] * beta1 + g * Double(1 - Float(beta1))
    rows[1] = rows[1] * beta2 + g * g * Double(1 - Float(beta2))
}
