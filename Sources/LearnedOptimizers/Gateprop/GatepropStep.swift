import KernelTypes
import NumericCore
import Optimizers

/// What a step works with.
///
/// Threads take chunks that depend on the layout alone, and sums over a tensor are taken in the order of its chunks, so
/// that the number of threads changes no bit. Unchecked: chunks touch disjoint memory.
struct GatepropStep: @unchecked Sendable {
    private let rule: Gateprop
    private let plan: GatepropPlan
    /// For each tensor where it lies, and its step, from 1.
    private let tensors: [TensorPlace]
    private let times: [Int]
    private let blocks: UnsafeMutablePointer<Float>
    private let constants: [GateConstants]
    /// What the tensors' network reads of the time, for the first tensor's.
    private let clocks: [Float]
    private let network: GatepropTensorNetwork
    private let gates: GateKernels
    /// For each group of tensors its rows.
    private let rows: UnsafeMutablePointer<Float>
    private let places: GateTensorRows
    /// For each tensor Σ g².
    private let squares: UnsafeMutablePointer<Double>
    /// For each chunk its sums.
    private let sums: UnsafeMutablePointer<Float>
    /// The rule's packed weights, and behind them biases without the tensors' share.
    private let packed: UnsafePointer<Float>

    /// - Parameters:
    ///   - tensors: one for each part of the plan.
    ///   - times: for each the step that it takes, from 1.
    init(
        _ rule: Gateprop, _ plan: GatepropPlan, times: [Int], _ tensors: [TensorPlace],
        _ blocks: UnsafeMutablePointer<Float>, weights: UnsafePointer<Float>, packed: UnsafePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        (self.rule, self.plan, self.times) = (rule, plan, times)
        (self.tensors, self.blocks) = (tensors, blocks)
        // Most often all tensors are at the same step.
        let common = rule.numbers.gateConstants(times[0])
        constants = times.map { $0 == times[0] ? common : rule.numbers.gateConstants($0) }
        clocks = GatepropTensorNetwork.clocks(times[0])
        network = GatepropTensorNetwork(places: GatepropPlaces(hidden: rule.layout.hidden), weights: weights)
        gates = rule.kernels.table.gates
        places = GateTensorRows(rule.layout)
        rows = scratch.assumingMemoryBound(to: Float.self)
        let behindRows = scratch + plan.partGroups.count * places.count * Self.rowBytes
        squares = behindRows.assumingMemoryBound(to: Double.self)
        sums = (behindRows + plan.parts.count * MemoryLayout<Double>.stride).assumingMemoryBound(to: Float.self)
        self.packed = packed
    }

    private static var rowBytes: Int { GateTensorRows.lanes * MemoryLayout<Float>.stride }

    /// Floats of scratch memory.
    static func scratchCount(_ plan: GatepropPlan, _ layout: GateLayout) -> Int {
        plan.partGroups.count * GateTensorRows(layout).count * GateTensorRows.lanes + 2 * plan.parts.count
            + plan.chunks.count * GateLayout.sums
    }

    /// Calls `body` for each chunk of the tensors that take part, with its tensor's gradient and so many floats of scratch
    /// memory.
    private func forEachChunk(
        scratch: Int = 0,
        _ body: @Sendable (Int, GatepropPlan.Chunk, UnsafePointer<Float>, UnsafeMutableRawPointer) -> Void
    ) {
        parallelLoop(plan.chunkGroups.count) { group in
            ScratchPool.shared.withScratch(floats: scratch) { scratch in
                for index in plan.chunkGroups[group] {
                    let chunk = plan.chunks[index]
                    if let gradient = tensors[chunk.part].gradient { body(index, chunk, gradient, scratch) }
                }
            }
        }
    }

    /// The first pass: sums over chunks.
    func sum() {
        forEachChunk { index, chunk, gradient, _ in
            let keep = tensors[chunk.part].keep
            let values = gateChunk(chunk, gradient)
            if keep != 1 { for i in 0..<values.count { values.parameters[i] *= keep } }
            gates.sum(constants[chunk.part], values, sums + index * GateLayout.sums)
        }
    }

    private func gateChunk(_ chunk: GatepropPlan.Chunk, _ gradient: UnsafePointer<Float>) -> GateChunk {
        let offset = chunk.range.lowerBound - plan.parts[chunk.part].range.lowerBound
        return GateChunk(
            count: chunk.range.count, parameters: tensors[chunk.part].parameters + offset,
            gradient: gradient + offset, state: blocks + chunk.state)
    }

    // MARK: Tensors

    /// The tensors' network, and what kernels need of each tensor.
    ///
    /// - Parameters:
    ///   - averages: for each tensor its average of cosines, then the last log-rate.
    ///   - level: the average of the whole gradient's log₂ RMS.
    ///   - isFirst: whether no gradient was seen before.
    func lookAtTensors(_ averages: inout [Float], _ level: inout Float, isFirst: Bool) {
        averages.withUnsafeMutableBufferPointer { averages in
            // Tensors have disjoint places.
            nonisolated(unsafe) let averages = averages.baseAddress!
            parallelLoop(plan.partGroups.count) { group in
                column(of: plan.partGroups[group].lowerBound).update(
                    repeating: 0, count: GateTensorRows.hidden * GateTensorRows.lanes)
                forEachTensor(of: group) { describe($0, sums(of: plan.parts[$0]), averages + 2 * $0) }
            }
            updateLevel(&level, isFirst: isFirst)
            let now = level
            parallelLoop(plan.partGroups.count) { group in
                let memory = column(of: plan.partGroups[group].lowerBound)
                (memory + GateTensorRows.level * GateTensorRows.lanes).update(
                    repeating: now, count: GateTensorRows.lanes)
                gates.look(
                    rule.layout, network.weights + network.places.tensorHiddenWeight,
                    packed + rule.layout.packedCount, memory)
                forEachTensor(of: group) { averages[2 * $0 + 1] = self[places.logRate, $0] }
            }
        }
    }

    /// Calls `body` for each of a group's tensors that take part.
    private func forEachTensor(of group: Int, _ body: (Int) -> Void) {
        for part in plan.partGroups[group] where tensors[part].gradient != nil { body(part) }
    }

    /// What is known of a tensor, see `GateTensorRows`.
    private func column(of part: Int) -> UnsafeMutablePointer<Float> {
        let (group, lane) = part.quotientAndRemainder(dividingBy: GateTensorRows.lanes)
        return rows + (group * places.count * GateTensorRows.lanes + lane)
    }

    private subscript(row: Int, part: Int) -> Float { column(of: part)[row * GateTensorRows.lanes] }

    /// Writes what the network reads of a tensor, but for the level.
    private func describe(_ part: Int, _ sums: GatepropSums, _ averages: UnsafeMutablePointer<Float>) {
        let column = column(of: part)
        func write(_ row: Int, _ value: Float) { column[row * GateTensorRows.lanes] = value }
        averages[0] = 0.9 * averages[0] + 0.1 * sums.cosine
        let clocks = times[part] == times[0] ? clocks : GatepropTensorNetwork.clocks(times[part])
        for (index, clock) in clocks.enumerated() { write(GateTensorRows.clocks + index, clock) }
        write(GateTensorRows.fast, sums.fast)
        write(GateTensorRows.slow, sums.slow)
        write(GateTensorRows.size, sums.size)
        write(GateTensorRows.averageCosine, averages[0])
        write(GateTensorRows.isMatrix, plan.parts[part].isMatrix)
        write(GateTensorRows.logCount, plan.parts[part].logCount)
        write(GateTensorRows.squares, sums.squares)
        write(GateTensorRows.lastLogRate, averages[1])
        write(GateTensorRows.cosine, sums.cosine)
        write(GateTensorRows.rate, -rule.numbers.rate(times[part]) * tensors[part].stepScale)
        squares[part] = sums.gradientSquares
    }

    private func updateLevel(_ level: inout Float, isFirst: Bool) {
        var (sum, count) = (0.0, 0)
        for part in plan.parts.indices where tensors[part].gradient != nil {
            sum += squares[part]
            count += plan.parts[part].range.count
        }
        let now = GatepropSums.level(sum, count: count)
        // A gradient that is not finite spoils its own tensor, not what is known of all.
        if now.isFinite { level = isFirst ? now : 0.9 * level + 0.1 * now }
    }

    private func sums(of part: GatepropPlan.Part) -> GatepropSums {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: GateLayout.sums) { totals in
            totals.initialize(repeating: 0)
            for chunk in part.chunks {
                let values = sums + chunk * GateLayout.sums
                for index in 0..<GateLayout.sums { totals[index] += Double(values[index]) }
            }
            return GatepropSums(totals.baseAddress!, count: part.range.count)
        }
    }

    private func tensor(_ part: Int) -> GateTensor {
        GateTensor(
            weights: packed, biases: UnsafePointer(column(of: part) + places.biases * GateTensorRows.lanes),
            scale: self[places.scale, part], inverseSquares: self[places.inverseSquares, part],
            logSquares: self[places.logSquares, part], inverseSize: self[places.inverseSize, part])
    }

    /// What the network did for a tensor.
    private func run(_ part: Int, adjoints: [Double]) -> GatepropTensorRun {
        GatepropTensorRun(
            inputs: (0..<GateTensorRows.inputs).map { self[$0, part] },
            hidden: (0..<rule.layout.hidden).map { self[GateTensorRows.hidden + $0, part] },
            logRate: self[places.logRate, part], adjoints: adjoints)
    }

    // MARK: Parameters

    /// Changes the parameters.
    func apply() {
        let scratch = rule.layout.forwardRows * GateLayout.batch * GatepropPlan.lanes
        forEachChunk(scratch: scratch) { _, chunk, gradient, scratch in
            gates.apply(
                rule.layout, constants[chunk.part], tensor(chunk.part), gateChunk(chunk, gradient), scratch)
        }
    }

    // MARK: Meta-gradient

    /// Adds ∂L/∂φ of the coordinates' network at this step, given ∂L/∂Δθ; returns what the tensors' network did.
    ///
    /// - Parameter memory: room for every chunk's derivatives.
    func addGradient(
        later: UnsafePointer<Float>, _ memory: UnsafeMutablePointer<Float>, to gradient: inout [Double]
    ) -> [GatepropTensorRun] {
        let (layout, count) = (rule.layout, rule.layout.derivativeCount)
        memory.update(repeating: 0, count: count * plan.chunks.count)
        // Chunks touch disjoint memory.
        nonisolated(unsafe) let (later, memory) = (later, memory)
        let scratch = layout.backwardRows * GateLayout.batch * GatepropPlan.lanes
        forEachChunk(scratch: scratch) { index, chunk, gradient, scratch in
            gates.differentiate(
                layout, constants[chunk.part], tensor(chunk.part), gateChunk(chunk, gradient),
                later + chunk.range.lowerBound, scratch, memory + index * count)
        }
        return plan.parts.enumerated().map { index, part in
            func total(_ place: Int) -> Double { part.chunks.reduce(0.0) { $0 + Double(memory[$1 * count + place]) } }
            network.places.forEachPacked(layout) { gradient[$0] += Double($2) * total($1) }
            let biases = (0..<layout.hidden).map { total(layout.packedCount + $0) }
            return run(index, adjoints: biases + [total(count - 1)])
        }
    }
}

extension Gateprop {
    /// ∂/∂φ of Σ_t w_t f(θ_t) over a period; all coordinates take part, whatever the sample.
    ///
    /// Gradients and parameters are constants. What a tensor's network reads of the step before, its log-rate, is not,
    /// but for that of the period's start.
    public func metaGradient(of period: borrowing RecordedPeriod<State>, sample: CoordinateSample) -> [Float] {
        let plan = period.startState.plan
        precondition(plan.count == period.parameterCount, "the period's state is one of as many parameters")
        var result = [Double](repeating: 0, count: metaParameters.count)
        var state = period.startState
        var runs: [[GatepropTensorRun]] = []
        var memory = AlignedFloats(count: layout.derivativeCount * plan.chunks.count)
        period.replay { parameters, gradient, later in
            memory.withMutablePointer { memory in
                withStep(&state, parameters, gradient) { step in
                    runs.append(step.addGradient(later: later, memory, to: &result))
                    step.apply()
                }
            }
        }
        addTensorGradients(runs, to: &result)
        return result.map { Float($0) }
    }

    /// Adds ∂L/∂φ of the tensors' network, step by step from the last one.
    private func addTensorGradients(_ runs: [[GatepropTensorRun]], to gradient: inout [Double]) {
        metaParameters.withUnsafeBufferPointer { weights in
            let network = GatepropTensorNetwork(
                places: GatepropPlaces(hidden: layout.hidden), weights: weights.baseAddress!)
            for index in runs.first?.indices ?? 0..<0 {
                var later = 0.0
                for step in runs.reversed() {
                    var adjoints = step[index].adjoints
                    adjoints[layout.hidden] += later
                    later = network.addGradient(step[index], adjoints: adjoints, to: &gradient)
                }
            }
        }
    }
}
