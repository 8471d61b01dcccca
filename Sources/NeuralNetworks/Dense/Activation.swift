/// The function between two layers.
public enum Activation: String, Sendable, CaseIterable {
    /// 1 / (1 + e⁻ˣ)
    case sigmoid
    /// max(x, 0), with derivative 0 at 0
    case relu
    /// x for x > 0, eˣ − 1 otherwise
    case elu
    /// The hyperbolic tangent
    case tanh
}

extension Activation {
    /// Adds a bias to `count` floats, whole lanes, and applies the activation in place.
    func apply(_ values: UnsafeMutablePointer<Float>, bias: Float, count: Int) {
        switch self {
        case .sigmoid: mapLanes(values, count: count) { logistic($0 + bias) }
        case .relu: mapLanes(values, count: count) { rectified($0 + bias) }
        case .elu: mapLanes(values, count: count) { exponentialLinear($0 + bias) }
        case .tanh: mapLanes(values, count: count) { hyperbolicTangent($0 + bias) }
        }
    }

    /// Multiplies `count` gradients, whole lanes, by the activation's derivative, told from its outputs.
    func applyDerivative(
        _ gradient: UnsafeMutablePointer<Float>, outputs: UnsafeMutablePointer<Float>, count: Int
    ) {
        switch self {
        case .sigmoid: mapLanes(gradient, outputs, count: count) { $0 * ($1 * (1 - $1)) }
        case .relu: mapLanes(gradient, outputs, count: count) { $0.replacing(with: 0, where: $1 .<= 0) }
        case .elu: mapLanes(gradient, outputs, count: count) { $0.replacing(with: $0 * ($1 + 1), where: $1 .<= 0) }
        case .tanh: mapLanes(gradient, outputs, count: count) { $0 * (1 - $1 * $1) }
        }
    }
}

/// Comparisons are written so that NaN passes through.
@inline(__always)
private func rectified(_ x: Lanes) -> Lanes { x.replacing(with: 0, where: x .< 0) }

@inline(__always)
private func exponentialLinear(_ x: Lanes) -> Lanes {
    x.replacing(with: exponentialMinusOne(x), where: x .<= 0)
}

@inline(__always)
private func mapLanes(_ values: UnsafeMutablePointer<Float>, count: Int, _ body: (Lanes) -> Lanes) {
    for offset in stride(from: 0, to: count, by: Lanes.scalarCount) {
        values[lanes: offset] = body(values[lanes: offset])
    }
}

@inline(__always)
private func mapLanes(
    _ values: UnsafeMutablePointer<Float>, _ others: UnsafeMutablePointer<Float>, count: Int,
    _ body: (Lanes, Lanes) -> Lanes
) {
    for offset in stride(from: 0, to: count, by: Lanes.scalarCount) {
        values[lanes: offset] = body(values[lanes: offset], others[lanes: offset])
    }
}
