import Files
import NumericCore
import Optimizers

/// What all steps of one number are multiplied by: η_t = 0.1 exp(LSTM(…)), of the share of the steps that are taken and of
/// the losses so far. A few thousand multiply-adds, in double precision.
struct CeloRate: Sendable {
    static let fractions: [Double] = [0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1, 1.1]
    /// How many moving averages of the loss there are; one feature less.
    static let averages = 10
    static let inputs = fractions.count + averages - 1

    /// What is remembered from step to step, in single precision as in files.
    struct State: Sendable {
        var hidden: [Float]
        var cell: [Float]
        var means = [Float](repeating: 0, count: averages)
        var minima = [Float](repeating: 0x1.d1a94Ap39, count: averages)
    }

    private let units: Int
    private let budget: Double
    private let scale: Double
    private let inputWeight, inputBias, mixWeight, mixBias, gatesWeight, gatesBias: [Double]
    private let readoutWeight, readoutBias: [Double]
    /// d of each moving average: forgets over 10 to T steps.
    private let decays: [Double]
    let initialState: State

    /// - Parameter tensors: φ's tensors from `rate.input.weight` on.
    init(_ tensors: [[Double]], units: Int, budget: Double, scale: Double) {
        (self.units, self.budget, self.scale) = (units, budget, scale)
        (inputWeight, inputBias, mixWeight, mixBias) = (tensors[0], tensors[1], tensors[2], tensors[3])
        (gatesWeight, gatesBias) = (tensors[4], tensors[5])
        initialState = State(hidden: tensors[6].map { Float($0) }, cell: tensors[7].map { Float($0) })
        (readoutWeight, readoutBias) = (tensors[8], tensors[9])
        let growth = (log10(budget) - 1) / Double(Self.averages - 1)
        decays = (0..<Self.averages).map { exp(-1 / pow(10, 1 + growth * Double($0))) }
    }

    /// η of the step after so many, which sees its loss.
    func next(_ state: inout State, loss: Float?, step: Int) -> Float {
        let x = Self.fractions.map { tanh(10 * (Double(step) / budget - $0)) } + losses(&state, loss ?? 1, step)
        let mix = dense(x, mixWeight, mixBias)
        // The largest over tensors, which all have the same.
        let y = zip(dense(x, inputWeight, inputBias), mix).map { $0 + max($1, 0) }
        let gates = dense(y + state.hidden.map(Double.init), gatesWeight, gatesBias)
        for unit in 0..<units {
            let (input, candidate) = (gates[unit], gates[units + unit])
            let (forget, output) = (gates[2 * units + unit], gates[3 * units + unit])
            let cell = sigmoid(forget + 1) * Double(state.cell[unit]) + sigmoid(input) * tanh(candidate)
            state.cell[unit] = Float(cell)
            state.hidden[unit] = Float(sigmoid(output) * tanh(cell))
        }
        return Float(scale * exp(dense(state.hidden.map(Double.init), readoutWeight, readoutBias)[0]))
    }

    /// How far averages of the loss over more and more steps lie above their minima, one against the next.
    private func losses(_ state: inout State, _ loss: Float, _ seen: Int) -> [Double] {
        let corrections = decays.map { 1 - pow($0, Double(seen + 1)) }
        var loss = Double(loss)
        if seen > 0 {
            // The exponent counts one loss too many, as in the authors' program.
            let largest = zip(state.means, corrections).map { Double($0) / $1 }.max()!
            loss = min(2 * abs(largest), loss)
        }
        var corrected = [Double](repeating: 0, count: Self.averages)
        for index in decays.indices {
            state.means[index] = Float(decays[index] * Double(state.means[index]) + (1 - decays[index]) * loss)
            // What is subtracted from each other is rounded alike: at a minimum, the difference is 0.
            let mean = Float(Double(state.means[index]) / corrections[index])
            corrected[index] = Double(mean)
            state.minima[index] = min(state.minima[index], mean)
        }
        guard seen + 1 > 2 else { return [Double](repeating: 0, count: Self.averages - 1) }
        return (0..<Self.averages - 1).map { index in
            let least = Double(state.minima[index])
            let ratio = (corrected[index] - least) / max(1e-8, corrected[index + 1] - least)
            return min(max(ratio - 1, -1), 1)
        }
    }

    /// x W + b.
    private func dense(_ x: [Double], _ weight: [Double], _ bias: [Double]) -> [Double] {
        var y = bias
        for (row, value) in x.enumerated() {
            let start = row * bias.count
            for column in y.indices { y[column] += value * weight[start + column] }
        }
        return y
    }

    private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}

extension CeloRate.State {
    /// As tensors of files.
    var tensors: [Tensor] {
        [("hidden", hidden), ("cell", cell), ("loss.means", means), ("loss.minima", minima)].map {
            Tensor($0.0, shape: [$0.1.count], values: $0.1)
        }
    }

    init(_ record: StateRecord, units: Int) throws {
        hidden = try record.tensor("hidden", shape: [units])
        cell = try record.tensor("cell", shape: [units])
        means = try record.tensor("loss.means", shape: [CeloRate.averages])
        minima = try record.tensor("loss.minima", shape: [CeloRate.averages])
    }
}
