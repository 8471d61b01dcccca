import NumericCore

/// Celo's MLP: 30 features, two hidden layers of four ReLU units, three outputs, the last of which nothing reads.
struct CeloNetwork: Sendable {
    static let inputs = 30
    static let hidden = 4
    static let outputs = 3
    /// φ's first tensors.
    static let tensors = 6

    let weight1, bias1, weight2, bias2, weight3, bias3: [Float]

    init(_ tensors: [[Float]]) {
        (weight1, bias1, weight2) = (tensors[0], tensors[1], tensors[2])
        (bias2, weight3, bias3) = (tensors[3], tensors[4], tensors[5])
    }
}

/// A step on all parameters: moments, features of whole tensors, and the MLP. Tensors are factored, dealt to threads and
/// worked on in blocks as those of `SmallFC` are.
///
/// Unchecked: chunks touch disjoint memory.
struct CeloStep: @unchecked Sendable {
    private let rule: Celo
    private let plan: SmallFCPlan
    private let parameters: UnsafeMutablePointer<Float>
    private let given: UnsafePointer<Float>
    /// The gradient clipped to ±1000.
    private let gradient: UnsafeMutablePointer<Float>
    private let moments: UnsafeMutablePointer<Float>
    /// For each chunk, each feature's sum of squares.
    private let squares: UnsafeMutablePointer<Double>
    /// What R and C are turned into: for three decays 1/√(x + 1e-8), then for three decays the factors of gradients.
    private let tables: UnsafeMutablePointer<Float>
    /// For each tensor the scales of features, then the first layer with these multiplied in, then √(mean θ²).
    private let folded: UnsafeMutablePointer<Float>

    private static let decays: [Float] = [0.9, 0.99, 0.999]
    private static let features = CeloNetwork.inputs
    private static let foldedCount = features * (1 + CeloNetwork.hidden) + 1

    /// Planes of a block behind the features.
    private enum Plane {
        static let rowFactors = features
        static let columnFactors = rowFactors + 3
        static let hidden1 = columnFactors + 3
        static let hidden2 = hidden1 + CeloNetwork.hidden
        static let outputs = hidden2 + CeloNetwork.hidden
        static let count = outputs + CeloNetwork.outputs
    }

    init(
        _ rule: Celo, _ plan: SmallFCPlan, _ parameters: UnsafeMutablePointer<Float>,
        _ gradient: UnsafePointer<Float>,
        _ moments: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
    ) {
        (self.rule, self.plan, self.parameters, given, self.moments) = (rule, plan, parameters, gradient, moments)
        let squareCount = Self.features * plan.chunks.count
        squares = scratch.bindMemory(to: Double.self, capacity: squareCount)
        tables = UnsafeMutableRawPointer(squares + squareCount).assumingMemoryBound(to: Float.self)
        folded = tables + 6 * plan.matrixEntryCount
        self.gradient = folded + Self.foldedCount * plan.parts.count
    }

    /// Floats of scratch memory.
    static func scratchCount(_ plan: SmallFCPlan) -> Int {
        2 * features * plan.chunks.count + 6 * plan.matrixEntryCount + foldedCount * plan.parts.count + plan.count
    }

    private func factored(_ decay: Int) -> UnsafeMutablePointer<Float> {
        moments + 4 * plan.count + decay * plan.entryCount
    }

    // MARK: Moments

    /// Brings the moments up to date, and says what features are scaled by.
    func accumulate() {
        parallelLoop(plan.chunks.count) { index in
            for place in plan.chunks[index].range {
                // Like the authors' clip, it lets NaN through.
                gradient[place] = given[place] > 1000 ? 1000 : given[place] < -1000 ? -1000 : given[place]
            }
        }
        parallelLoop(2 * plan.parts.count) { index in
            let part = plan.parts[index / 2]
            guard let axes = part.axes else { return }
            if index % 2 == 0 {
                factor(part, axes.rows, part.entries, part.rowCount)
                factorRows(part, part.rowMean!)
            } else {
                factor(part, axes.columns, part.entries + part.rowCount, part.columnCount)
            }
        }
        parallelLoop(plan.chunks.count) { index in
            advance(plan.chunks[index])
            let sums = squares + index * Self.features
            sums.update(repeating: 0, count: Self.features)
            blocks(of: plan.chunks[index]) { x, part, elements in
                fill(x, part, elements)
                for feature in 0..<Self.features { sums[feature] += x.dot(feature, feature) }
            }
        }
        for index in plan.parts.indices { fold(index) }
    }

    /// R or C, and what is made of them. Of R the factors lack the mean over R.
    private func factor(_ part: SmallFCPlan.Part, _ axis: AxisMean, _ first: Int, _ count: Int) {
        axis.forEachMeanSquare(of: gradient + part.range.lowerBound, entries: count) { entry, mean in
            for (index, keep) in Self.decays.enumerated() {
                let x = factored(index) + first + entry
                x[0] = keep * x[0] + (1 - keep) * mean
                let table = index * plan.matrixEntryCount + first + entry
                tables[table] = 1 / (x[0] + 1e-8).squareRoot()
                tables[table + 3 * plan.matrixEntryCount] = 1 / max(x[0], 1e-9).squareRoot()
            }
        }
    }

    /// The factors of rows: 1/√(R/mean R).
    private func factorRows(_ part: SmallFCPlan.Part, _ axis: AxisMean) {
        let (length, inner) = (axis.length, axis.inner)
        for index in 0..<3 {
            let rows = factored(index) + part.entries
            let table = tables + (3 + index) * plan.matrixEntryCount + part.entries
            for group in 0..<part.rowCount / length {
                let first = group / inner * length * inner + group % inner
                let places = stride(from: first, to: first + length * inner, by: inner)
                let mean = Float(places.reduce(0.0) { $0 + Double(rows[$1]) } / Double(length)) + 1e-9
                for place in places { table[place] = 1 / max(rows[place] / mean, 1e-9).squareRoot() }
            }
        }
    }

    /// The moments of a chunk's parameters.
    private func advance(_ chunk: SmallFCPlan.Chunk) {
        let (part, start) = (plan.parts[chunk.part], chunk.range.lowerBound)
        let g = gradient + start
        let entry = part.entries + start - part.range.lowerBound
        for (index, keep) in Self.decays.enumerated() {
            let (m, d) = (moments + index * plan.count + start, factored(index) + entry)
            for i in 0..<chunk.range.count { m[i] = keep * m[i] + (1 - keep) * g[i] }
            guard part.axes == nil else { continue }
            for i in 0..<chunk.range.count { d[i] = keep * d[i] + (1 - keep) * (g[i] * g[i] + 1e-30) }
        }
        let v = moments + 3 * plan.count + start
        for i in 0..<chunk.range.count { v[i] = 0.999 * v[i] + (1 - Float(0.999)) * (g[i] * g[i]) }
    }

    /// The scales of a tensor's features, and the first layer with them.
    private func fold(_ index: Int) {
        let part = plan.parts[index]
        let scales = folded + index * Self.foldedCount
        let layer = scales + Self.features
        for feature in 0..<Self.features {
            let sum = part.chunks.reduce(0.0) { $0 + squares[$1 * Self.features + feature] }
            let mean = Float(sum / Double(part.range.count))
            scales[feature] = 1 / (1e-5 + mean).squareRoot()
            for unit in 0..<CeloNetwork.hidden {
                let place = feature * CeloNetwork.hidden + unit
                layer[place] = scales[feature] * rule.network.weight1[place]
            }
            // Of the parameters themselves it is also the size of a step.
            if feature == 2 { layer[Self.features * CeloNetwork.hidden] = (mean + 1e-9).squareRoot() }
        }
    }

    // MARK: Features

    private func blocks(of chunk: SmallFCPlan.Chunk, _ body: (SmallFCBlock, SmallFCPlan.Part, Range<Int>) -> Void) {
        ScratchPool.shared.withScratch(floats: Plane.count * SmallFCBlock.lanes) { scratch in
            let x = SmallFCBlock(scratch)
            for start in stride(from: chunk.range.lowerBound, to: chunk.range.upperBound, by: SmallFCBlock.lanes) {
                body(x, plan.parts[chunk.part], start..<min(start + SmallFCBlock.lanes, chunk.range.upperBound))
            }
        }
    }

    /// The features of some elements of a tensor, not yet normalised: g, g clipped to ±0.1, θ, m, v, m/√v, 1/√v, g under
    /// three factors, g/√v, R, C, their roots, m under the factors.
    private func fill(_ x: SmallFCBlock, _ part: SmallFCPlan.Part, _ elements: Range<Int>) {
        x.load(gradient, elements, to: 0)
        x.load(parameters, elements, to: 2)
        for d in 0..<3 { x.load(moments + d * plan.count, elements, to: 3 + d) }
        x.load(moments + 3 * plan.count, elements, to: 6)
        x.spread(
            part, elements, plan, factored(0), tables, features: 15, factors: Plane.rowFactors)
        let (g, clipped, v, r, gr) = (x[0], x[1], x[6], x[10], x[14])
        x.each {
            r[$0] = 1 / (v[$0] + 1e-6).squareRoot()
            gr[$0] = g[$0] * r[$0]
            clipped[$0] = g[$0] > 0.1 ? 0.1 : g[$0] < -0.1 ? -0.1 : g[$0]
        }
        for d in 0..<3 {
            let (m, mr, facg, facm) = (x[3 + d], x[7 + d], x[11 + d], x[27 + d])
            x.each { mr[$0] = m[$0] * r[$0] }
            if part.axes == nil {
                let (square, root) = (x[15 + d], x[21 + d])
                x.each {
                    root[$0] = 1 / (square[$0] + 1e-8).squareRoot()
                    facg[$0] = g[$0] * (1 / max(square[$0] + 1e-9, 1e-9).squareRoot())
                    facm[$0] = m[$0] * (1 / square[$0].squareRoot())
                }
                x[18 + d].update(from: square, count: SmallFCBlock.lanes)
                x[24 + d].update(from: root, count: SmallFCBlock.lanes)
            } else {
                let (row, column) = (x[Plane.rowFactors + d], x[Plane.columnFactors + d])
                x.each {
                    facg[$0] = g[$0] * row[$0] * column[$0]
                    facm[$0] = m[$0] * row[$0] * column[$0]
                }
            }
        }
        x.clear(0..<Self.features, from: elements.count)
    }

    /// The features of each parameter, normalised.
    func normalisedFeatures() -> [[Float]] {
        var features = [[Float]](repeating: [], count: plan.count)
        for chunk in plan.chunks {
            let scales = folded + chunk.part * Self.foldedCount
            blocks(of: chunk) { x, part, elements in
                fill(x, part, elements)
                for (lane, element) in elements.enumerated() {
                    features[element] = (0..<Self.features).map { x[$0][lane] * scales[$0] }
                }
            }
        }
        return features
    }

    // MARK: The MLP

    /// Changes the parameters: θ ← θ − factor √(mean θ²) o₀ exp(0.001 o₁).
    func apply(_ factor: Float) {
        parallelLoop(plan.chunks.count) { index in
            let layer = folded + plan.chunks[index].part * Self.foldedCount + Self.features
            let size = factor * layer[Self.features * CeloNetwork.hidden]
            blocks(of: plan.chunks[index]) { x, part, elements in
                fill(x, part, elements)
                run(x, firstLayer: layer)
                let (direction, magnitude) = (x[Plane.outputs], x[Plane.outputs + 1])
                let p = parameters + elements.lowerBound
                for i in 0..<elements.count {
                    p[i] -= size * direction[i] * exp(magnitude[i] * rule.exponentScale)
                }
            }
        }
    }

    private func run(_ x: SmallFCBlock, firstLayer: UnsafePointer<Float>) {
        let (network, hidden) = (rule.network, CeloNetwork.hidden)
        x.layer(
            0, inputs: Self.features, firstLayer, network.bias1, outputs: hidden, to: Plane.hidden1, isRectified: true
        )
        x.layer(
            Plane.hidden1, inputs: hidden, network.weight2, network.bias2, outputs: hidden, to: Plane.hidden2,
            isRectified: true)
        x.layer(
            Plane.hidden2, inputs: hidden, network.weight3, network.bias3, outputs: CeloNetwork.outputs,
            to: Plane.outputs, isRectified: false)
    }
}
