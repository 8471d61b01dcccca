import Files
import LearnedOptimizers
import NumericCore

/// Learned optimizers in double precision, straight from their definitions, on the tensors of a file.
///
/// Which number of the file is which weight is said by closures, written once for each convention and sharing nothing
/// with the code under test.
struct ConventionReference {
    struct Layer {
        /// The weight from an input row (inputs first, then hidden units) to a gate of a unit.
        var weight: (_ row: Int, _ gate: Gate, _ unit: Int) -> Double
        var bias: (_ gate: Gate, _ unit: Int) -> Double
    }

    enum Gate { case input, candidate, forget, output }

    let hidden: Int
    /// From a feature to a unit, and the unit's bias.
    var projection: (weight: (_ feature: Int, _ unit: Int) -> Double, bias: (_ unit: Int) -> Double)?
    var layers: [Layer]
    /// What the cell adds to its forget gate.
    var forgetBias: Double
    var readout: (weight: (_ unit: Int) -> Double, bias: Double)

    struct State {
        var c: [[Double]]
        var h: [[Double]]
    }

    var initialState: State {
        let zeros = [[Double]](repeating: [Double](repeating: 0, count: hidden), count: layers.count)
        return State(c: zeros, h: zeros)
    }

    /// The read-out for one coordinate's features.
    func output(_ features: [Double], _ state: inout State) -> Double {
        var x = features
        if let projection {
            x = (0..<hidden).map { unit in
                let z = projection.bias(unit) + dot(features) { projection.weight($0, unit) }
                return z > 0 ? z : exp(z) - 1
            }
        }
        for (index, layer) in layers.enumerated() {
            let rows = x + state.h[index]
            for unit in 0..<hidden {
                func sum(_ gate: Gate) -> Double {
                    layer.bias(gate, unit) + dot(rows) { layer.weight($0, gate, unit) }
                }
                let kept = sigmoid(sum(.forget) + forgetBias) * state.c[index][unit]
                let c = kept + sigmoid(sum(.input)) * tanh(sum(.candidate))
                state.c[index][unit] = c
                state.h[index][unit] = sigmoid(sum(.output)) * tanh(c)
            }
            x = state.h[index]
        }
        return readout.bias + dot(x, readout.weight)
    }

    private func dot(_ values: [Double], _ weight: (Int) -> Double) -> Double {
        values.indices.reduce(0) { $0 + values[$1] * weight($1) }
    }

    private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}

/// [m̂/s, g/s] of RNNprop for each gradient in turn.
func momentsAndGradients(_ gradients: [Double], beta1: Double, beta2: Double, epsilon: Double) -> [(Double, Double)] {
    var m = 0.0
    var v = 0.0
    return gradients.enumerated().map { index, g in
        let t = Double(index + 1)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        let s = (v / (1 - pow(beta2, t))).squareRoot() + epsilon
        return (m / (1 - pow(beta1, t)) / s, g / s)
    }
}

/// The updates that weights of ours make on one coordinate.
func ownUpdates(_ weights: LearnedWeights, _ gradients: [Double]) -> [Double] {
    let hidden = weights.size
    func layer(_ weight: String, _ bias: String) -> ConventionReference.Layer {
        func column(_ gate: ConventionReference.Gate, _ unit: Int) -> Int {
            let block = [ConventionReference.Gate.input, .candidate, .forget, .output].firstIndex(of: gate)!
            return block * hidden + unit
        }
        return ConventionReference.Layer(
            weight: { Double(weights[weight][$0 * 4 * hidden + column($1, $2)]) },
            bias: { Double(weights[bias][column($0, $1)]) })
    }
    var network = ConventionReference(
        hidden: hidden,
        layers: [layer("lstm1.weight", "lstm1.bias"), layer("lstm2.weight", "lstm2.bias")],
        forgetBias: 1,
        readout: ({ Double(weights["readout.weight"][$0]) }, Double(weights["readout.bias"][0])))
    let constants = weights.constants
    var state = network.initialState
    if weights.kind == RNNprop.kind {
        network.projection = (
            { Double(weights["projection.weight"][$0 * hidden + $1]) }, { Double(weights["projection.bias"][$0]) }
        )
        return momentsAndGradients(
            gradients, beta1: constants["beta1"]!, beta2: constants["beta2"]!, epsilon: constants["epsilon"]!
        ).map { m, g in -constants["scale"]! * tanh(network.output([g, m], &state)) }
    }
    let p = constants["p"]!
    return gradients.map { g in
        let magnitude = max(log(abs(g) + constants["log_offset"]!) / p, -1)
        return constants["scale"]! * network.output([magnitude, min(max(g * exp(p), -1), 1)], &state)
    }
}

/// The updates of VITA-Group's networks, as their code defines them, on a file of theirs.
func vitaUpdates(_ file: SafetensorsFile, _ gradients: [Double]) -> [Double] {
    func value(_ name: String, _ index: Int) -> Double { Double(file[name]!.values[index]) }
    let hidden = file["linear.w"]!.shape[0]
    func layer(_ name: String) -> ConventionReference.Layer {
        let blocks: [ConventionReference.Gate: Int] = [.input: 0, .candidate: 1, .forget: 2, .output: 3]
        return ConventionReference.Layer(
            weight: { value("\(name).w_gates", ($0 * 4 + blocks[$1]!) * hidden + $2) },
            bias: { value("\(name).b_gates", blocks[$0]! * hidden + $1) })
    }
    var network = ConventionReference(
        hidden: hidden, layers: [layer("lstm_1"), layer("lstm_2")], forgetBias: 1,
        readout: ({ value("linear.w", $0) }, value("linear.b", 0)))
    var state = network.initialState
    if file["input_projection.w"] != nil {
        network.projection = (
            { value("input_projection.w", $0 * hidden + $1) }, { value("input_projection.b", $0) }
        )
        return momentsAndGradients(gradients, beta1: 0.95, beta2: 0.95, epsilon: 1e-8)
            .map { m, g in 0.01 * tanh(network.output([m, g], &state)) }
    }
    return gradients.map { g in
        let clipped = max(log(abs(g) + 1.1920929e-7) / 5, -1)
        return 0.01 * network.output([clipped, min(max(g * exp(5), -1), 1)], &state)
    }
}
