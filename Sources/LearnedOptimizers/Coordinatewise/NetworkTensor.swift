import KernelTypes

/// A tensor of a coordinatewise network of two LSTM layers, H units each; raw values are the names in our files.
///
/// Matrices multiply from the right, y = x W + b. An LSTM's rows are [inputs; hidden], its columns the gates i, j
/// (the candidate), f, o, H each, and its cell adds 1 to f.
public enum NetworkTensor: String, Sendable, CaseIterable {
    /// [features, H], where the network has a projection.
    case projectionWeight = "projection.weight"
    /// [H], where the network has a projection.
    case projectionBias = "projection.bias"
    /// [inputs + H, 4H]; the inputs are H with a projection, else the features.
    case lstm1Weight = "lstm1.weight"
    /// [4H].
    case lstm1Bias = "lstm1.bias"
    /// [2H, 4H].
    case lstm2Weight = "lstm2.weight"
    /// [4H].
    case lstm2Bias = "lstm2.bias"
    /// [H, outputs].
    case readoutWeight = "readout.weight"
    /// [outputs].
    case readoutBias = "readout.bias"

    /// The tensors of a network, in the order in which files have them.
    static func all(_ layout: NetworkLayout) -> [NetworkTensor] {
        allCases.filter { layout.projection > 0 || ($0 != .projectionWeight && $0 != .projectionBias) }
    }

    /// The tensor whose first rows the features enter.
    static func ofFeatures(_ layout: NetworkLayout) -> NetworkTensor {
        layout.projection > 0 ? .projectionWeight : .lstm1Weight
    }

    func shape(_ layout: NetworkLayout) -> [Int] {
        switch self {
        case .projectionWeight: [layout.features, layout.projection]
        case .projectionBias: [layout.projection]
        case .lstm1Weight: [layout.rows(layer: 0), 4 * layout.hidden]
        case .lstm2Weight: [layout.rows(layer: 1), 4 * layout.hidden]
        case .lstm1Bias, .lstm2Bias: [4 * layout.hidden]
        case .readoutWeight: [layout.hidden, layout.outputs]
        case .readoutBias: [layout.outputs]
        }
    }

    /// Where φ holds the elements, in the tensor's order.
    func offsets(_ layout: NetworkLayout) -> [Int] {
        let hidden = layout.hidden
        let unitSize = layout.projectionUnitSize
        /// The element of `row` (0 for the bias) and column `gate · hidden + unit` of a layer.
        func gates(layer: Int, rows: Range<Int>) -> [Int] {
            rows.flatMap { row in
                (0..<4 * hidden).map { column in
                    let (gate, unit) = column.quotientAndRemainder(dividingBy: hidden)
                    return layout.layerOffset(layer) + (unit * (1 + layout.rows(layer: layer)) + row) * 4 + gate
                }
            }
        }
        let projection = 0..<layout.projection
        let outputs = (0..<layout.outputs).map(layout.outputOffset)
        return switch self {
        case .projectionWeight: (1..<unitSize).flatMap { row in projection.map { unitSize * $0 + row } }
        case .projectionBias: projection.map { unitSize * $0 }
        case .lstm1Weight: gates(layer: 0, rows: 1..<1 + layout.rows(layer: 0))
        case .lstm1Bias: gates(layer: 0, rows: 0..<1)
        case .lstm2Weight: gates(layer: 1, rows: 1..<1 + layout.rows(layer: 1))
        case .lstm2Bias: gates(layer: 1, rows: 0..<1)
        case .readoutWeight: (0..<hidden).flatMap { unit in outputs.map { $0 + unit } }
        case .readoutBias: outputs.map { $0 + hidden }
        }
    }

    var hasGates: Bool { isGateBias || isGateMatrix }
    var isGateMatrix: Bool { self == .lstm1Weight || self == .lstm2Weight }
    var isGateBias: Bool { self == .lstm1Bias || self == .lstm2Bias }
    var isReadout: Bool { self == .readoutWeight || self == .readoutBias }
}
