import NumericCore

/// The MLP: 39 features, two hidden layers of ReLU units, two outputs; its weights are in φ's order.
struct SmallFCNetwork: Sendable {
    /// Features that are normalised by tensor, and all of them.
    static let tensorInputs = 28
    static let inputs = tensorInputs + timescales.count
    private static let timescales: [Float] = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]

    let hidden: Int

    // Where weights [inputs, outputs] and biases begin; those of the first layer at 0.
    var bias1: Int { Self.inputs * hidden }
    var weight2: Int { bias1 + hidden }
    var bias2: Int { weight2 + hidden * hidden }
    var weight3: Int { bias2 + hidden }
    var bias3: Int { weight3 + hidden * 2 }
    var weightCount: Int { bias3 + 2 }

    /// What the network knows of time, after so many steps.
    static func timeFeatures(_ step: Int) -> [Float] { timescales.map { tanh(Float(step) / $0 - 1) } }
}

/// Scratch memory for 64 parameters: planes of as many floats, a plane for each number that all of them have.
struct SmallFCBlock {
    static let lanes = 64
    private let base: UnsafeMutablePointer<Float>

    // The first planes are the features.
    static let rowFactors = 28
    static let columnFactors = 31
    static let gradientFactors = 34
    static let momentumFactors = 37
    /// Derivatives of features with respect to decays.
    static let tangents = 40
    static let factorTangents = 72
    /// ∂L/∂features, without scales.
    static let featureAdjoints = 84
    static let later = 112
    static let outputs = 113
    static let outputAdjoints = 115
    static let hidden = 117

    static func floatCount(_ network: SmallFCNetwork) -> Int { (hidden + 4 * network.hidden) * lanes }

    init(_ scratch: UnsafeMutableRawPointer) { base = scratch.assumingMemoryBound(to: Float.self) }

    subscript(plane: Int) -> UnsafeMutablePointer<Float> { base + plane * Self.lanes }

    private typealias Lanes = SIMD8<Float>

    @inline(__always)
    private func load(_ plane: Int, _ lane: Int) -> Lanes {
        UnsafeRawPointer(self[plane] + lane).load(as: Lanes.self)
    }

    @inline(__always)
    private func store(_ value: Lanes, _ plane: Int, _ lane: Int) {
        UnsafeMutableRawPointer(self[plane] + lane).storeBytes(of: value, as: Lanes.self)
    }

    /// The sum over the block of the product of two planes.
    func dot(_ first: Int, _ second: Int) -> Double {
        var sum = Lanes()
        for lane in stride(from: 0, to: Self.lanes, by: 8) { sum += load(first, lane) * load(second, lane) }
        return Double(sum.sum())
    }

    // MARK: Layers

    /// Σ w x + start over some planes x, with one weight in `step`.
    @inline(__always)
    private func combine(
        _ planes: Range<Int>, _ weights: UnsafePointer<Float>, every step: Int, from start: Float, to plane: Int
    ) {
        for lane in stride(from: 0, to: Self.lanes, by: 32) {
            var (s0, s1) = (Lanes(repeating: start), Lanes(repeating: start))
            var (s2, s3) = (s0, s1)
            var w = weights
            for plane in planes {
                s0 += load(plane, lane) * w[0]
                s1 += load(plane, lane + 8) * w[0]
                s2 += load(plane, lane + 16) * w[0]
                s3 += load(plane, lane + 24) * w[0]
                w += step
            }
            store(s0, plane, lane)
            store(s1, plane, lane + 8)
            store(s2, plane, lane + 16)
            store(s3, plane, lane + 24)
        }
    }

    /// y = x W + b, rectified where wanted.
    func layer(
        _ x: Int, inputs: Int, _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>, outputs: Int, to y: Int,
        isRectified: Bool
    ) {
        for output in 0..<outputs {
            combine(x..<x + inputs, weights + output, every: outputs, from: bias[output], to: y + output)
            guard isRectified else { continue }
            let sum = self[y + output]
            // Like the authors' ReLU, it lets NaN through.
            each { sum[$0] = sum[$0] < 0 ? 0 : sum[$0] }
        }
    }

    /// ∂L/∂x of a layer from ∂L/∂y; 0 where x is, if it is the output of a ReLU.
    func layerAdjoint(
        _ dy: Int, outputs: Int, _ weights: UnsafePointer<Float>, inputs: Int, to dx: Int, rectified x: Int? = nil
    ) {
        for input in 0..<inputs {
            combine(dy..<dy + outputs, weights + input * outputs, every: 1, from: 0, to: dx + input)
            guard let x else { continue }
            let (y, dy) = (self[x + input], self[dx + input])
            each { dy[$0] = y[$0] <= 0 ? 0 : dy[$0] }
        }
    }

    /// Adds ∂L/∂W and ∂L/∂b of a layer to sums.
    func addWeightAdjoint(
        _ x: Int, inputs: Int, _ dy: Int, outputs: Int, to weights: UnsafeMutablePointer<Double>,
        _ bias: UnsafeMutablePointer<Double>
    ) {
        for output in 0..<outputs {
            let lanes = self[dy + output]
            bias[output] += Double((0..<Self.lanes).reduce(Float(0)) { $0 + lanes[$1] })
        }
        for input in 0..<inputs {
            for output in 0..<outputs { weights[input * outputs + output] += dot(x + input, dy + output) }
        }
    }

    /// All layers, the first one with features' scales.
    func run(_ network: SmallFCNetwork, _ weights: UnsafePointer<Float>, firstLayer: UnsafePointer<Float>) {
        let (hidden, first) = (network.hidden, Self.hidden)
        let second = first + hidden
        layer(
            0, inputs: SmallFCNetwork.tensorInputs, firstLayer + hidden, firstLayer, outputs: hidden, to: first,
            isRectified: true)
        layer(
            first, inputs: hidden, weights + network.weight2, weights + network.bias2, outputs: hidden, to: second,
            isRectified: true)
        layer(
            second, inputs: hidden, weights + network.weight3, weights + network.bias3, outputs: 2, to: Self.outputs,
            isRectified: false)
    }
}

// MARK: Features

extension SmallFCBlock {
    @inline(__always)
    func each(_ body: (Int) -> Void) { for lane in 0..<Self.lanes { body(lane) } }

    /// Copies a block's part of an array to a plane, with zeros where the block is not full.
    func load(_ values: UnsafePointer<Float>, _ elements: Range<Int>, to plane: Int) {
        self[plane].update(from: values + elements.lowerBound, count: elements.count)
        clear(plane..<plane + 1, from: elements.count)
    }

    func clear(_ planes: Range<Int>, from lane: Int) {
        for plane in planes { (self[plane] + lane).update(repeating: 0, count: Self.lanes - lane) }
    }

    /// The features of some elements of a tensor, not yet normalised.
    func fill(_ part: SmallFCPlan.Part, _ elements: Range<Int>, _ step: SmallFCStep) {
        let (plan, x) = (step.plan, self)
        load(step.gradient, elements, to: 0)
        load(step.parameters, elements, to: 1)
        for d in 0..<3 { load(step.moments + d * plan.count, elements, to: 2 + d) }
        load(step.moments + 3 * plan.count, elements, to: 5)
        let (v, r) = (x[5], x[9])
        each { r[$0] = 1 / (v[$0] + 1e-6).squareRoot() }
        spread(
            part, elements, plan, step.factored(step.moments, 0), step.tables, features: 13, factors: Self.rowFactors)
        for d in 0..<3 {
            let (gFactor, mFactor) = (x[Self.gradientFactors + d], x[Self.momentumFactors + d])
            if part.axes == nil {
                let (square, root) = (x[13 + d], x[19 + d])
                each {
                    root[$0] = 1 / (square[$0] + 1e-8).squareRoot()
                    gFactor[$0] = 1 / max(square[$0] + 1e-9, 1e-9).squareRoot()
                    mFactor[$0] = 1 / (square[$0] + 1e-6).squareRoot()
                }
                x[16 + d].update(from: square, count: Self.lanes)
                x[22 + d].update(from: root, count: Self.lanes)
            } else {
                let (row, column) = (x[Self.rowFactors + d], x[Self.columnFactors + d])
                each {
                    gFactor[$0] = row[$0] * column[$0]
                    mFactor[$0] = gFactor[$0]
                }
            }
            let (g, m, mr, facg, facm) = (x[0], x[2 + d], x[6 + d], x[10 + d], x[25 + d])
            each {
                mr[$0] = m[$0] * r[$0]
                facg[$0] = g[$0] * gFactor[$0]
                facm[$0] = m[$0] * mFactor[$0]
            }
        }
        clear(0..<SmallFCNetwork.tensorInputs, from: elements.count)
    }

    /// Factored moments, or their derivatives, and of matrices what they are turned into: R, C, the roots of R, those
    /// of C, in planes from `features`; the factors of R and C in planes from `factors`.
    func spread(
        _ part: SmallFCPlan.Part, _ elements: Range<Int>, _ plan: SmallFCPlan, _ moments: UnsafePointer<Float>,
        _ tables: UnsafePointer<Float>, features: Int, factors: Int
    ) {
        let local = elements.lowerBound - part.range.lowerBound..<elements.upperBound - part.range.lowerBound
        guard let axes = part.axes else {
            for d in 0..<3 { load(moments + d * plan.entryCount + part.entries, local, to: features + d) }
            return
        }
        func spread(_ axis: AxisMean, _ first: Int, _ offset: Int) {
            let stride = plan.matrixEntryCount
            axis.spread(moments + first, stride: plan.entryCount, elements: local, to: self[features + offset])
            axis.spread(tables + first, stride: stride, elements: local, to: self[features + 6 + offset])
            axis.spread(tables + first + 3 * stride, stride: stride, elements: local, to: self[factors + offset])
        }
        spread(axes.rows, part.entries, 0)
        spread(axes.columns, part.entries + part.rowCount, 3)
    }
}

// MARK: A step's second half

extension SmallFCStep {
    /// Changes the parameters. Where derivatives are wanted, adds those of each chunk to its sums.
    func apply(_ adjoint: SmallFCAdjoint?) {
        parallelLoop(plan.chunks.count) { index in
            let layer = folded(plan.chunks[index].part).layer
            adjoint?.begin(index)
            rule.metaParameters.withUnsafeBufferPointer { weights in
                let weights = weights.baseAddress!
                blocks(of: plan.chunks[index]) { x, part, elements in
                    x.fill(part, elements, self)
                    x.run(rule.network, weights, firstLayer: layer)
                    let (p, direction) = (parameters + elements.lowerBound, x[SmallFCBlock.outputs])
                    let magnitude = x[SmallFCBlock.outputs + 1]
                    for i in 0..<elements.count {
                        p[i] -= direction[i] * exp(magnitude[i] * rule.exponentScale) * rule.scale
                    }
                    adjoint?.add(index, self, x, part, elements, weights, firstLayer: layer)
                }
            }
            adjoint?.end(index, self)
        }
    }
}

// MARK: Meta-gradient

extension SmallFC {
    /// ∂/∂φ of Σ_t w_t f(θ_t) over a period; all coordinates take part, whatever the sample.
    ///
    /// Gradients and parameters are constants. Moments depend on φ through the decays: their derivatives are carried
    /// along with them, from 0 at the period's start.
    public func metaGradient(of period: borrowing RecordedPeriod<State>, sample: CoordinateSample) -> [Float] {
        let plan = period.startState.plan
        precondition(plan.count == period.parameterCount, "the period's state is one of as many parameters")
        var result = [Double](repeating: 0, count: metaParameters.count)
        var state = period.startState
        var tangents = AlignedFloats(count: plan.momentCount + 6 * plan.matrixEntryCount)
        let adjoint = SmallFCAdjoint(plan, network)
        period.replay { parameters, gradient, later in
            adjoint.later = later
            tangents.withMutablePointer { tangents in
                withStep(&state, parameters, gradient, tangents: tangents) { step in
                    step.apply(adjoint)
                    adjoint.addDecays(step, to: &result)
                }
            }
        }
        adjoint.addWeights(to: &result)
        return result.map { Float($0) }
    }
}
