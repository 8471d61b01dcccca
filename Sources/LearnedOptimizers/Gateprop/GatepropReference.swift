import KernelTypes
import NumericCore
public import Optimizers

/// Gateprop in double precision, coordinate by coordinate.
public struct GatepropReference: ReferenceRule {
    public var weights: [Double]
    let hidden: Int
    let constants: [String: Double]

    /// Moments of every coordinate, and what is remembered of tensors.
    public struct State: Sendable {
        let layout: ParameterLayout
        var steps = 0
        var fastMean, fastSquare, slowMean, slowSquare, agreement1, agreement2: [Double]
        var cosines, logRates: [Double]
        var level = 0.0
    }

    public func initialState(for layout: ParameterLayout) -> State {
        let zeros = [Double](repeating: 0, count: layout.count)
        let tensors = [Double](repeating: 0, count: layout.shapes.count)
        return State(
            layout: layout, fastMean: zeros, fastSquare: zeros, slowMean: zeros, slowSquare: zeros, agreement1: zeros,
            agreement2: zeros, cosines: tensors, logRates: tensors)
    }

    public func update(_ state: inout State, parameters: [Double], gradient: [Double]) -> [Double] {
        state.steps += 1
        let sum = gradient.reduce(0) { $0 + $1 * $1 } / Double(max(gradient.count, 1))
        let now = log2(max(sum.squareRoot(), 1e-20))
        state.level = state.steps == 1 ? now : 0.9 * state.level + 0.1 * now
        var change = [Double](repeating: 0, count: gradient.count)
        for (index, range) in state.layout.ranges.enumerated() where !range.isEmpty {
            let view = look(&state, range, parameters, gradient)
            state.cosines[index] = 0.9 * state.cosines[index] + 0.1 * view.cosine
            let (biases, logRate) = tensorNetwork(inputs(state, index, view))
            state.logRates[index] = logRate
            for (place, i) in range.enumerated() {
                change[i] = self.change(state, i, view, place, biases: biases, logRate: logRate)
            }
        }
        return change
    }

    /// What a step needs of one tensor: the basis without clipping for each coordinate, and the tensor's own numbers.
    private struct View {
        var raw, fast, slow, scaled, relative, fastRoot, slowRoot: [Double]
        var squares, size, cosine: Double
    }

    private func rms(_ values: [Double]) -> Double {
        (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    }

    /// Brings a tensor's moments up to date.
    private func look(
        _ state: inout State, _ range: Range<Int>, _ parameters: [Double], _ gradient: [Double]
    ) -> View {
        let (t, epsilon) = (Double(state.steps), constants["epsilon"]!)
        let fast = constants["fast_decay"]!
        let (slowMean, slowSquare) = (constants["slow_mean_decay"]!, constants["slow_square_decay"]!)
        let correction = 1 / (1 - pow(fast, t))
        let lengths = rms(Array(gradient[range])) * rms(Array(state.fastMean[range])) * Double(range.count)
        let product = range.reduce(0) { $0 + gradient[$1] * state.fastMean[$1] }
        for i in range {
            let (g, before) = (gradient[i], state.fastMean[i])
            state.fastMean[i] = fast * before + (1 - fast) * g
            state.fastSquare[i] = fast * state.fastSquare[i] + (1 - fast) * g * g
            state.slowMean[i] = slowMean * state.slowMean[i] + (1 - slowMean) * g
            state.slowSquare[i] = slowSquare * state.slowSquare[i] + (1 - slowSquare) * g * g
            let root = (state.fastSquare[i] * correction).squareRoot() + epsilon
            let agreement = clipped(g / root * (before / root) * correction, -2, 2)
            state.agreement1[i] = 0.9 * state.agreement1[i] + 0.1 * agreement
            state.agreement2[i] = 0.99 * state.agreement2[i] + 0.01 * agreement
        }
        let fastRoot = range.map { (state.fastSquare[$0] * correction).squareRoot() + epsilon }
        let slowRoot = range.map { (state.slowSquare[$0] / (1 - pow(slowSquare, t))).squareRoot() + epsilon }
        let mean = range.map { state.fastMean[$0] * correction }
        let slow = range.map { state.slowMean[$0] / (1 - pow(slowMean, t)) }
        let squares = max(rms(range.map { (state.fastSquare[$0] * correction).squareRoot() }), 1e-20)
        let size = max(rms(Array(parameters[range])), 1e-20)
        return View(
            raw: zip(gradient[range], fastRoot).map { $0 / $1 }, fast: zip(mean, fastRoot).map { $0 / $1 },
            slow: zip(slow, slowRoot).map { $0 / $1 }, scaled: mean.map { $0 / squares },
            relative: parameters[range].map { $0 / size }, fastRoot: fastRoot, slowRoot: slowRoot, squares: squares,
            size: size, cosine: lengths > 0 ? product / lengths : 0)
    }

    /// What the tensors' network reads.
    private func inputs(_ state: State, _ index: Int, _ view: View) -> [Double] {
        let clocks = [3.0, 10, 30, 100, 300, 1_000, 3_000, 10_000].map { tanh(Double(state.steps) / $0 - 1) }
        let sizes = [
            log2(max(rms(view.fast), 1e-6)) / 3, log2(max(rms(view.slow), 1e-6)) / 3, log2(view.size + 1e-4) / 5,
        ]
        let others = [
            2 * state.cosines[index], state.layout.shapes[index].dimensions.count > 1 ? 1 : 0,
            log2(Double(view.raw.count)) / 10, clipped((log2(view.squares) - state.level) / 4, -3, 3),
            state.logRates[index] / 3, view.cosine, clipped((log2(view.squares) + 8) / 8, -3, 3),
        ]
        return clocks + sizes + others
    }

    /// Δθ of a coordinate, the tensor's `place`-th.
    private func change(
        _ state: State, _ i: Int, _ view: View, _ place: Int, biases: [Double], logRate: Double
    ) -> Double {
        let (sa, sb, relative) = (view.fastRoot[place], view.slowRoot[place], view.relative[place])
        let o = [
            view.raw[place], view.fast[place], clipped(view.slow[place], -10, 10),
            clipped(view.scaled[place], -10, 10), clipped(0.3 * relative, -10, 10),
        ]
        let inputs = [
            squashed(o[0]), squashed(o[1]), squashed(o[2]), clipped(log2(sa / view.squares) / 4, -3, 1.5),
            clipped(log2(sa / sb) / 2, -3, 3), squashed(relative), clipped(o[0] * o[1], -3, 3),
            clipped(o[1] * o[2], -3, 3), 3 * state.agreement1[i], 3 * state.agreement2[i],
        ]
        let outputs = coordinateNetwork(inputs, biases)
        let gates = zip([0.3, 0.7, 0, 0, 0], outputs).map { $0 + $1 }
        let direction = zip(gates, o).reduce(0) { $0 + $1.0 * $1.1 }
        let rate = constants["rate"]! / (1 + Double(state.steps) / constants["rate_steps"]!).squareRoot()
        return -rate * exp(logRate + 4 * tanh(outputs[5] / 4)) * direction
    }

    private func squashed(_ x: Double) -> Double { abs(x) / (1 + abs(x)) }

    private func clipped(_ x: Double, _ low: Double, _ high: Double) -> Double { min(max(x, low), high) }

    /// y = x Wᵀ + b of tensors that begin there.
    private func layer(_ x: [Double], _ weight: Int, _ bias: Int, outputs: Int) -> [Double] {
        (0..<outputs).map { output in
            x.indices.reduce(weights[bias + output]) { $0 + x[$1] * weights[weight + output * x.count + $1] }
        }
    }

    private func tensorNetwork(_ inputs: [Double]) -> (biases: [Double], logRate: Double) {
        let places = GatepropPlaces(hidden: hidden)
        let units = layer(inputs, places.tensorHiddenWeight, places.tensorHiddenBias, outputs: hidden)
            .map { tanh($0) }
        let outputs = layer(units, places.tensorOutputWeight, places.tensorOutputBias, outputs: hidden + 1)
        return (Array(outputs.dropLast()), 5 * tanh(outputs[hidden] / 5))
    }

    private func coordinateNetwork(_ inputs: [Double], _ biases: [Double]) -> [Double] {
        let places = GatepropPlaces(hidden: hidden)
        let sums = layer(inputs, 0, places.hiddenBias, outputs: hidden)
        let units = zip(sums, biases).map { max($0 + $1, 0) }
        return layer(units, places.outputWeight, places.outputBias, outputs: GateLayout.outputs)
    }
}
