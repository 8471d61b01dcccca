import NumericCore

/// The mean over one axis of a tensor: an array in which each entry stands for `length` elements.
struct AxisMean: Sendable {
    let length: Int
    /// How far apart in memory the elements of one entry lie.
    let inner: Int

    init(_ dimensions: [Int], axis: Int) {
        length = dimensions[axis]
        inner = dimensions[(axis + 1)...].reduce(1, *)
    }

    /// Calls `body` with each entry and its mean of x² + 1e-30.
    @inline(__always)
    func forEachMeanSquare(of x: UnsafePointer<Float>, entries: Int, _ body: (Int, Float) -> Void) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 64) { sums in
            let sums = sums.baseAddress!
            var entry = 0
            while entry < entries {
                let (outer, offset) = entry.quotientAndRemainder(dividingBy: inner)
                // Several entries at a time: an addition need not wait for the one before.
                let (run, step) = inner == 1 ? (min(8, entries - entry), length) : (min(64, inner - offset), 1)
                sums.update(repeating: 0, count: run)
                for index in 0..<length {
                    let row = x + (outer * length + index) * inner + offset
                    for place in 0..<run { sums[place] += Double(row[place * step] * row[place * step] + 1e-30) }
                }
                for place in 0..<run { body(entry + place, Float(sums[place] / Double(length))) }
                entry += run
            }
        }
    }

    /// Copies, for each of some elements, its entry in each of three tables that lie `stride` apart to block's planes.
    func spread(
        _ tables: UnsafePointer<Float>, stride: Int, elements: Range<Int>, to planes: UnsafeMutablePointer<Float>
    ) {
        var element = elements.lowerBound
        while element < elements.upperBound {
            let (outer, rest) = element.quotientAndRemainder(dividingBy: length * inner)
            let offset = rest % inner
            let run = min(inner == 1 ? length - rest : inner - offset, elements.upperBound - element)
            for table in 0..<3 {
                let entries = tables + table * stride + outer * inner + offset
                let places = planes + table * SmallFCBlock.lanes + element - elements.lowerBound
                if inner == 1 {
                    places.update(repeating: entries[0], count: run)
                } else {
                    places.update(from: entries, count: run)
                }
            }
            element += run
        }
    }
}

/// How fast one moving average forgets: x ← d x + (1−d) input.
struct SmallFCDecay: Sendable {
    let keep: Float
    /// 1 − d in single precision, as the authors' program has it.
    let take: Float
    /// ∂d/∂θ.
    let slope: Float

    /// d = 1 − (1 − d₀) exp(10 θ).
    init(_ initial: Float, shift: Float, isClipped: Bool) {
        let free = 1 - exp(10 * (log(1 - initial) / 10 + shift))
        keep = isClipped ? min(max(free, 0), 1) : free
        take = 1 - keep
        slope = keep == free ? -10 * take : 0
    }

    /// One step of a moving average, and of its derivative with respect to θ.
    @inline(__always)
    func advance(_ x: UnsafeMutablePointer<Float>, _ change: UnsafeMutablePointer<Float>?, by input: Float) {
        if let change { change[0] = keep * change[0] + slope * (x[0] - input) }
        x[0] = keep * x[0] + take * input
    }
}

/// All seven of them.
struct SmallFCDecays: Sendable {
    static let count = 7
    let momentum: [SmallFCDecay]
    let rms: SmallFCDecay
    let factored: [SmallFCDecay]

    /// - Parameter shifts: φ's last tensors.
    init(_ shifts: [Float]) {
        let initial: [Float] = [0.9, 0.99, 0.999]
        momentum = (0..<3).map { SmallFCDecay(initial[$0], shift: shifts[$0], isClipped: false) }
        rms = SmallFCDecay(0.999, shift: shifts[3], isClipped: true)
        factored = (0..<3).map { SmallFCDecay(initial[$0], shift: shifts[4 + $0], isClipped: true) }
    }
}

/// What a step works with, and its first half: moments, and what features are scaled by.
///
/// Threads take chunks that depend on the layout alone, and sums over a tensor are taken in the order of its chunks, so
/// that the number of threads changes no bit. Unchecked: chunks touch disjoint memory.
struct SmallFCStep: @unchecked Sendable {
    let rule: SmallFC
    let plan: SmallFCPlan
    /// Steps taken before.
    let time: Int
    let parameters: UnsafeMutablePointer<Float>
    let gradient: UnsafePointer<Float>
    let moments: UnsafeMutablePointer<Float>
    /// The derivatives of the moments and, behind them, of the tables; nil where they are not asked for.
    let tangents: UnsafeMutablePointer<Float>?
    /// For each chunk, each feature's sum of squares.
    private let squares: UnsafeMutablePointer<Double>
    /// What R and C are turned into: for three decays 1/√(x + 1e-8), then for three decays the factors of gradients.
    let tables: UnsafeMutablePointer<Float>
    /// For each tensor the scales of features, then the first layer with these multiplied in, biases first.
    private let folded: UnsafeMutablePointer<Float>

    private static let features = SmallFCNetwork.tensorInputs

    init(
        _ rule: SmallFC, _ plan: SmallFCPlan, time: Int, _ parameters: UnsafeMutablePointer<Float>,
        _ gradient: UnsafePointer<Float>, _ moments: UnsafeMutablePointer<Float>,
        tangents: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer
    ) {
        (self.rule, self.plan, self.time, self.parameters) = (rule, plan, time, parameters)
        (self.gradient, self.moments, self.tangents) = (gradient, moments, tangents)
        let squareCount = Self.features * plan.chunks.count
        squares = scratch.bindMemory(to: Double.self, capacity: squareCount)
        tables = UnsafeMutableRawPointer(squares + squareCount).assumingMemoryBound(to: Float.self)
        folded = tables + 6 * plan.matrixEntryCount
    }

    /// Floats of scratch memory.
    static func scratchCount(_ plan: SmallFCPlan, _ network: SmallFCNetwork) -> Int {
        2 * features * plan.chunks.count + 6 * plan.matrixEntryCount + foldedCount(network) * plan.parts.count
    }

    private static func foldedCount(_ network: SmallFCNetwork) -> Int { features + (1 + features) * network.hidden }

    /// The scales of a tensor's features, and the first layer for features without them.
    func folded(_ part: Int) -> (scales: UnsafeMutablePointer<Float>, layer: UnsafeMutablePointer<Float>) {
        let scales = folded + part * Self.foldedCount(rule.network)
        return (scales, scales + Self.features)
    }

    /// Where the factored moments of a decay lie.
    func factored(_ memory: UnsafeMutablePointer<Float>, _ decay: Int) -> UnsafeMutablePointer<Float> {
        memory + 4 * plan.count + decay * plan.entryCount
    }

    func accumulate() {
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
                x.fill(part, elements, self)
                for feature in 0..<Self.features { sums[feature] += x.dot(feature, feature) }
            }
        }
        parallelLoop(plan.parts.count) { fold($0) }
    }

    /// R or C, and what is made of them. Of R the factors lack the mean over R.
    private func factor(_ part: SmallFCPlan.Part, _ axis: AxisMean, _ first: Int, _ count: Int) {
        axis.forEachMeanSquare(of: gradient + part.range.lowerBound, entries: count) { entry, mean in
            for index in 0..<3 {
                let x = factored(moments, index) + first + entry
                let change = tangents.map { factored($0, index) + first + entry }
                rule.decays.factored[index].advance(x, change, by: mean)
                let table = index * plan.matrixEntryCount + first + entry
                let (root, factor) = (1 / (x[0] + 1e-8).squareRoot(), 1 / max(x[0], 1e-9).squareRoot())
                tables[table] = root
                tables[table + 3 * plan.matrixEntryCount] = factor
                guard let tangents, let change else { continue }
                let changes = tangents + plan.momentCount + table
                changes[0] = -0.5 * root * root * root * change[0]
                changes[3 * plan.matrixEntryCount] =
                    x[0] < 1e-9 ? 0 : -0.5 * factor * factor * factor * change[0]
            }
        }
    }

    /// The factors of rows: 1/√(R/mean R).
    private func factorRows(_ part: SmallFCPlan.Part, _ axis: AxisMean) {
        let (length, inner) = (axis.length, axis.inner)
        func mean(_ x: UnsafeMutablePointer<Float>) -> Float {
            Float((0..<length).reduce(0.0) { $0 + Double(x[$1 * inner]) } / Double(length))
        }
        for index in 0..<3 {
            let rows = factored(moments, index) + part.entries
            let table = (3 + index) * plan.matrixEntryCount + part.entries
            for group in 0..<part.rowCount / length {
                let first = group / inner * length * inner + group % inner
                let divisor = mean(rows + first) + 1e-9
                let divisorChange = tangents.map { mean(factored($0, index) + part.entries + first) } ?? 0
                for i in stride(from: first, to: first + length * inner, by: inner) {
                    let ratio = rows[i] / divisor
                    let factor = 1 / max(ratio, 1e-9).squareRoot()
                    tables[table + i] = factor
                    guard let tangents else { continue }
                    let change = (factored(tangents, index)[part.entries + i] - ratio * divisorChange) / divisor
                    tangents[plan.momentCount + table + i] =
                        ratio < 1e-9 ? 0 : -0.5 * factor * factor * factor * change
                }
            }
        }
    }

    /// The moments of a chunk's parameters.
    private func advance(_ chunk: SmallFCPlan.Chunk) {
        let (part, start) = (plan.parts[chunk.part], chunk.range.lowerBound)
        let g = gradient + start
        func advance(_ decay: SmallFCDecay, _ place: Int, _ input: (Int) -> Float) {
            for i in 0..<chunk.range.count {
                decay.advance(moments + place + i, tangents.map { $0 + place + i }, by: input(i))
            }
        }
        for index in 0..<3 { advance(rule.decays.momentum[index], index * plan.count + start) { g[$0] } }
        advance(rule.decays.rms, 3 * plan.count + start) { g[$0] * g[$0] }
        guard part.axes == nil else { return }
        let entry = part.entries + start - part.range.lowerBound
        for index in 0..<3 {
            advance(rule.decays.factored[index], 4 * plan.count + index * plan.entryCount + entry) {
                g[$0] * g[$0] + 1e-30
            }
        }
    }

    /// The scales of a tensor's features, and the first layer with them.
    private func fold(_ index: Int) {
        let (part, width) = (plan.parts[index], rule.network.hidden)
        let (scales, bias) = folded(index)
        for feature in 0..<Self.features {
            let sum = part.chunks.reduce(0.0) { $0 + squares[$1 * Self.features + feature] }
            scales[feature] = 1 / (1e-5 + Float(sum / Double(part.range.count))).squareRoot()
        }
        rule.metaParameters.withUnsafeBufferPointer { all in
            for unit in 0..<width { bias[unit] = all[rule.network.bias1 + unit] }
            for (feature, value) in SmallFCNetwork.timeFeatures(time).enumerated() {
                for unit in 0..<width { bias[unit] += value * all[(Self.features + feature) * width + unit] }
            }
            let weights = bias + width
            for feature in 0..<Self.features {
                for unit in feature * width..<(feature + 1) * width { weights[unit] = scales[feature] * all[unit] }
            }
        }
    }

    /// Calls `body` for every block of a chunk, with scratch memory for it.
    func blocks(of chunk: SmallFCPlan.Chunk, _ body: (SmallFCBlock, SmallFCPlan.Part, Range<Int>) -> Void) {
        ScratchPool.shared.withScratch(floats: SmallFCBlock.floatCount(rule.network)) { scratch in
            let x = SmallFCBlock(scratch)
            for start in stride(from: chunk.range.lowerBound, to: chunk.range.upperBound, by: SmallFCBlock.lanes) {
                body(x, plan.parts[chunk.part], start..<min(start + SmallFCBlock.lanes, chunk.range.upperBound))
            }
        }
    }

    /// The features of each parameter, those of time left out.
    func normalisedFeatures() -> [[Float]] {
        var features = [[Float]](repeating: [], count: plan.count)
        for chunk in plan.chunks {
            let scales = folded(chunk.part).scales
            blocks(of: chunk) { x, part, elements in
                x.fill(part, elements, self)
                for (lane, element) in elements.enumerated() {
                    features[element] = (0..<SmallFCNetwork.tensorInputs).map { x[$0][lane] * scales[$0] }
                }
            }
        }
        return features
    }
}
