import NumericCore
public import Optimizers

/// Sums of derivatives, of each chunk apart.
///
/// Features are y = s x with a scale s = 1/√(ε + mean x²) over the tensor, so along a decay θ
/// ∂L/∂θ = Σ ∂L/∂y s ∂x/∂θ − s³ mean(x ∂x/∂θ) Σ ∂L/∂y x.
///
/// Unchecked: chunks touch disjoint memory.
final class SmallFCAdjoint: @unchecked Sendable {
    /// Σ_{s>t} w_s g_s of the step that is taken.
    var later: UnsafePointer<Float>!
    private let plan: SmallFCPlan
    private let network: SmallFCNetwork
    /// For each chunk ∂L/∂φ; then, of one step, that of the first layer for features without scales, biases first; then
    /// for each pair of a feature and a decay Σ ∂L/∂x ∂x/∂θ and Σ x ∂x/∂θ.
    private let sums: UnsafeMutablePointer<Double>
    private let sumCount: Int
    private static let inputs = SmallFCNetwork.tensorInputs
    private static let pairs = SmallFCBlock.pairs

    init(_ plan: SmallFCPlan, _ network: SmallFCNetwork) {
        (self.plan, self.network) = (plan, network)
        sumCount = network.weightCount + (1 + Self.inputs) * network.hidden + 2 * Self.pairs.count
        sums = .allocate(capacity: sumCount * plan.chunks.count)
        sums.initialize(repeating: 0, count: sumCount * plan.chunks.count)
    }

    deinit { sums.deallocate() }

    private func all(_ chunk: Int) -> UnsafeMutablePointer<Double> { sums + chunk * sumCount }
    private func firstLayer(_ chunk: Int) -> UnsafeMutablePointer<Double> { all(chunk) + network.weightCount }
    private func products(_ chunk: Int) -> UnsafeMutablePointer<Double> {
        firstLayer(chunk) + (1 + Self.inputs) * network.hidden
    }

    /// Before a chunk's first block of a step.
    func begin(_ chunk: Int) {
        firstLayer(chunk).update(repeating: 0, count: sumCount - network.weightCount)
    }

    /// A block for which the network has run.
    func add(
        _ chunk: Int, _ step: SmallFCStep, _ x: SmallFCBlock, _ part: SmallFCPlan.Part, _ elements: Range<Int>,
        _ weights: UnsafePointer<Float>, firstLayer layer: UnsafePointer<Float>
    ) {
        let (width, sums, adjoints) = (network.hidden, all(chunk), SmallFCBlock.outputAdjoints)
        let (first, second) = (SmallFCBlock.hidden, SmallFCBlock.hidden + width)
        let (firstAdjoints, secondAdjoints) = (second + width, second + 2 * width)
        x.load(later, elements, to: SmallFCBlock.later)
        let (direction, magnitude) = (x[SmallFCBlock.outputs], x[SmallFCBlock.outputs + 1])
        let (directionAdjoint, magnitudeAdjoint, later) = (x[adjoints], x[adjoints + 1], x[SmallFCBlock.later])
        x.each {
            let size = later[$0] * exp(magnitude[$0] * step.rule.exponentScale) * step.rule.scale
            directionAdjoint[$0] = -size
            magnitudeAdjoint[$0] = -size * direction[$0] * step.rule.exponentScale
        }
        x.addWeightAdjoint(
            second, inputs: width, adjoints, outputs: 2, to: sums + network.weight3, sums + network.bias3)
        x.layerAdjoint(
            adjoints, outputs: 2, weights + network.weight3, inputs: width, to: secondAdjoints, rectified: second)
        x.addWeightAdjoint(
            first, inputs: width, secondAdjoints, outputs: width, to: sums + network.weight2, sums + network.bias2)
        x.layerAdjoint(
            secondAdjoints, outputs: width, weights + network.weight2, inputs: width, to: firstAdjoints,
            rectified: first)
        let firstLayer = firstLayer(chunk)
        x.addWeightAdjoint(
            0, inputs: Self.inputs, firstAdjoints, outputs: width, to: firstLayer + width, firstLayer)
        x.layerAdjoint(
            firstAdjoints, outputs: width, layer + width, inputs: Self.inputs, to: SmallFCBlock.featureAdjoints)
        x.fillTangents(part, elements, step)
        let products = products(chunk)
        for (index, pair) in Self.pairs.enumerated() {
            products[2 * index] += x.dot(SmallFCBlock.featureAdjoints + pair.feature, SmallFCBlock.tangents + index)
            products[2 * index + 1] += x.dot(pair.feature, SmallFCBlock.tangents + index)
        }
    }

    /// After a chunk's last block of a step: the first layer's derivatives, with scales and for features of time.
    func end(_ chunk: Int, _ step: SmallFCStep) {
        let (width, all, bias) = (network.hidden, all(chunk), firstLayer(chunk))
        let scales = step.folded(plan.chunks[chunk].part).scales
        for feature in 0..<Self.inputs {
            for unit in feature * width..<(feature + 1) * width {
                all[unit] += Double(scales[feature]) * bias[width + unit]
            }
        }
        for (feature, value) in SmallFCNetwork.timeFeatures(step.time).enumerated() {
            for unit in 0..<width { all[(Self.inputs + feature) * width + unit] += Double(value) * bias[unit] }
        }
        for unit in 0..<width { all[network.bias1 + unit] += bias[unit] }
    }

    /// After a step: the derivatives with respect to the decays, φ's last elements.
    func addDecays(_ step: SmallFCStep, to gradient: inout [Double]) {
        let (width, first) = (network.hidden, gradient.count - SmallFCDecays.count)
        for (index, part) in plan.parts.enumerated() {
            let (scales, layer) = step.folded(index)
            for (index, pair) in Self.pairs.enumerated() {
                var (direct, along, whole) = (0.0, 0.0, 0.0)
                for chunk in part.chunks {
                    direct += products(chunk)[2 * index]
                    along += products(chunk)[2 * index + 1]
                    let sums = firstLayer(chunk) + (1 + pair.feature) * width
                    let weights = layer + (1 + pair.feature) * width
                    for unit in 0..<width { whole += Double(weights[unit]) * sums[unit] }
                }
                let square = Double(scales[pair.feature]) * Double(scales[pair.feature])
                gradient[first + pair.decay] += direct - square * along / Double(part.range.count) * whole
            }
        }
    }

    /// After the last step: the derivatives with respect to the network's weights.
    func addWeights(to gradient: inout [Double]) {
        for index in 0..<network.weightCount {
            gradient[index] = plan.chunks.indices.reduce(0.0) { $0 + all($1)[index] }
        }
    }
}

extension SmallFCBlock {
    /// Which feature each plane of derivatives is one of, and with respect to which of the seven decays.
    static let pairs: [(feature: Int, decay: Int)] =
        [2, 6, 25].flatMap { first in (0..<3).map { (first + $0, $0) } }
        + [5, 6, 7, 8, 9].map { ($0, 3) }
        + [10, 13, 16, 19, 22, 25].flatMap { first in (0..<3).map { (first + $0, 4 + $0) } }

    /// The derivatives of the features that `fill` has made, a plane for each of `pairs`.
    func fillTangents(_ part: SmallFCPlan.Part, _ elements: Range<Int>, _ step: SmallFCStep) {
        let (plan, changes, x, t) = (step.plan, step.tangents!, self, Self.tangents)
        for d in 0..<3 { load(changes + d * plan.count, elements, to: t + d) }
        load(changes + 3 * plan.count, elements, to: t + 9)
        spread(
            part, elements, plan, step.factored(changes, 0), changes + plan.momentCount, features: t + 17,
            factors: Self.factorTangents + 6)
        let (r, vChange, rChange) = (x[9], x[t + 9], x[t + 13])
        each { rChange[$0] = -0.5 * r[$0] * r[$0] * r[$0] * vChange[$0] }
        for d in 0..<3 {
            let (gFactor, mFactor) = (x[Self.gradientFactors + d], x[Self.momentumFactors + d])
            let (gFactorChange, mFactorChange) = (x[Self.factorTangents + d], x[Self.factorTangents + 3 + d])
            if part.axes == nil {
                let (root, change, rootChange) = (x[19 + d], x[t + 17 + d], x[t + 23 + d])
                each {
                    rootChange[$0] = -0.5 * root[$0] * root[$0] * root[$0] * change[$0]
                    gFactorChange[$0] = -0.5 * gFactor[$0] * gFactor[$0] * gFactor[$0] * change[$0]
                    mFactorChange[$0] = -0.5 * mFactor[$0] * mFactor[$0] * mFactor[$0] * change[$0]
                }
                x[t + 20 + d].update(from: change, count: Self.lanes)
                x[t + 26 + d].update(from: rootChange, count: Self.lanes)
            } else {
                let (row, column) = (x[Self.rowFactors + d], x[Self.columnFactors + d])
                let (rowChange, columnChange) = (x[Self.factorTangents + 6 + d], x[Self.factorTangents + 9 + d])
                each {
                    gFactorChange[$0] = rowChange[$0] * column[$0] + row[$0] * columnChange[$0]
                    mFactorChange[$0] = gFactorChange[$0]
                }
            }
            let (g, m, mChange, products) = (x[0], x[2 + d], x[t + d], (x[t + 3 + d], x[t + 6 + d], x[t + 10 + d]))
            let (facg, facm) = (x[t + 14 + d], x[t + 29 + d])
            each {
                products.0[$0] = mChange[$0] * r[$0]
                products.1[$0] = mChange[$0] * mFactor[$0]
                products.2[$0] = m[$0] * rChange[$0]
                facg[$0] = g[$0] * gFactorChange[$0]
                facm[$0] = m[$0] * mFactorChange[$0]
            }
        }
        clear(t..<t + Self.pairs.count, from: elements.count)
    }
}

/// small_fc_lopt in double precision, as its authors write it: every feature of every parameter in full.
public struct SmallFCReference: ReferenceRule {
    public var weights: [Double]
    let hidden: Int
    let constants: [String: Double]

    /// The moments of every parameter; those that it shares with others are written down for each.
    public struct State: Sendable {
        let layout: ParameterLayout
        var steps = 0
        var m: [[Double]]
        var v: [Double]
        var rows: [[Double]]
        var columns: [[Double]]
    }

    public func initialState(for layout: ParameterLayout) -> State {
        let zeros = [Double](repeating: 0, count: layout.count)
        let three = [[Double]](repeating: zeros, count: 3)
        return State(layout: layout, m: three, v: zeros, rows: three, columns: three)
    }

    public func update(_ state: inout State, parameters: [Double], gradient: [Double]) -> [Double] {
        step(&state, parameters: parameters, gradient: gradient).changes
    }

    /// Δθ, and the 39 features of each parameter.
    package func step(
        _ state: inout State, parameters: [Double], gradient: [Double]
    ) -> (changes: [Double], features: [[Double]]) {
        var (changes, features) = ([Double](), [[Double]]())
        let times = [1.0, 3, 10, 30, 100, 300, 1e3, 3e3, 1e4, 3e4, 1e5].map { tanh(Double(state.steps) / $0 - 1) }
        for (shape, range) in zip(state.layout.shapes, state.layout.ranges) where !range.isEmpty {
            let raw = raw(&state, shape.dimensions, range, parameters, gradient)
            let normalised = raw.map { x in
                let size = (1e-5 + x.reduce(0) { $0 + $1 * $1 } / Double(x.count)).squareRoot()
                return x.map { $0 / size }
            }
            for index in range.indices.map({ $0 - range.lowerBound }) {
                let inputs = normalised.map { $0[index] } + times
                let output = output(inputs)
                changes.append(-constants["scale"]! * output[0] * exp(constants["exponent_scale"]! * output[1]))
                features.append(inputs)
            }
        }
        state.steps += 1
        return (changes, features)
    }

    /// The 28 features of one tensor before normalisation, after moments have been brought up to date.
    private func raw(
        _ state: inout State, _ dimensions: [Int], _ range: Range<Int>, _ parameters: [Double], _ gradient: [Double]
    ) -> [[Double]] {
        let (g, p, shifts) = (Array(gradient[range]), Array(parameters[range]), Array(weights.suffix(7)))
        func decayed(_ x: inout [Double], _ d: Double, _ shift: Double, isClipped: Bool, by input: [Double])
            -> [Double]
        {
            let free = 1 - exp(10 * (log(1 - d) / 10 + shift))
            let decay = isClipped ? min(max(free, 0), 1) : free
            for (i, value) in zip(range, input) { x[i] = decay * x[i] + (1 - decay) * value }
            return Array(x[range])
        }
        let squares = g.map { $0 * $0 + 1e-30 }
        let isMatrix = dimensions.count > 1
        let longest = dimensions.lastIndex(of: dimensions.max() ?? 0) ?? 0
        let second =
            dimensions.indices.filter { $0 != longest }.max { (dimensions[$0], $0) < (dimensions[$1], $1) } ?? 0
        let ofRows = isMatrix ? means(squares, dimensions, over: [longest]) : squares
        let ofColumns = isMatrix ? means(squares, dimensions, over: [second]) : squares
        let v = decayed(&state.v, 0.999, shifts[3], isClipped: true, by: g.map { $0 * $0 })
        let r = v.map { 1 / ($0 + 1e-6).squareRoot() }
        var (m, R, C, facg, facm): ([[Double]], [[Double]], [[Double]], [[Double]], [[Double]]) = ([], [], [], [], [])
        for (k, d) in [0.9, 0.99, 0.999].enumerated() {
            m.append(decayed(&state.m[k], d, shifts[k], isClipped: false, by: g))
            R.append(decayed(&state.rows[k], d, shifts[4 + k], isClipped: true, by: ofRows))
            C.append(decayed(&state.columns[k], d, shifts[4 + k], isClipped: true, by: ofColumns))
            let whole = means(R[k], dimensions, over: [longest, second])
            let factors = g.indices.map { i in
                isMatrix
                    ? 1 / (max(R[k][i] / (whole[i] + 1e-9), 1e-9) * max(C[k][i], 1e-9)).squareRoot()
                    : 1 / max(R[k][i] + 1e-9, 1e-9).squareRoot()
            }
            facg.append(zip(g, factors).map { $0 * $1 })
            facm.append(
                g.indices.map { m[k][$0] * (isMatrix ? factors[$0] : 1 / (R[k][$0] + 1e-6).squareRoot()) })
        }
        func roots(_ x: [[Double]]) -> [[Double]] { x.map { $0.map { 1 / ($0 + 1e-8).squareRoot() } } }
        let mr = m.map { zip($0, r).map { $0 * $1 } }
        return [g, p] + m + [v] + mr + [r] + facg + R + C + roots(R) + roots(C) + facm
    }

    /// For each element of a tensor the mean of those that differ from it along some axes alone.
    private func means(_ x: [Double], _ dimensions: [Int], over axes: Set<Int>) -> [Double] {
        let groups = x.indices.map { element in
            var (rest, group) = (element, 0)
            for axis in dimensions.indices.reversed() {
                group = group * dimensions[axis] + (axes.contains(axis) ? 0 : rest % dimensions[axis])
                rest /= dimensions[axis]
            }
            return group
        }
        let members = Dictionary(grouping: zip(groups, x), by: \.0)
        let means = members.mapValues { all in all.reduce(0) { $0 + $1.1 } / Double(all.count) }
        return groups.map { means[$0]! }
    }

    /// The network's two outputs.
    private func output(_ inputs: [Double]) -> [Double] {
        var (x, next) = (inputs, 0)
        for (layer, width) in [hidden, hidden, 2].enumerated() {
            let bias = next + x.count * width
            let y = (0..<width).map { unit in
                x.indices.reduce(weights[bias + unit]) { $0 + x[$1] * weights[next + $1 * width + unit] }
            }
            next = bias + width
            x = layer < 2 ? y.map { max($0, 0) } : y
        }
        return x
    }
}
