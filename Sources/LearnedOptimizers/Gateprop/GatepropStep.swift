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
    private let network: GatepropTensorNetwork
    /// For each chunk its sums.
    private let sums: UnsafeMutablePointer<Float>
    /// For each tensor its hidden units' biases, then what `GateTensor` has, then the tensor network's inputs, hidden units
    /// and outputs.
    private let memory: UnsafeMutablePointer<Float>
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
        sums = scratch.assumingMemoryBound(to: Float.self)
        memory = sums + plan.chunks.count * GateLayout.sums
        network = GatepropTensorNetwork(places: GatepropPlaces(hidden: rule.layout.hidden), weights: weights)
        self.packed = packed
    }

    /// Floats of scratch memory.
    static func scratchCount(_ plan: GatepropPlan, _ layout: GateLayout) -> Int {
        plan.chunks.count * GateLayout.sums + plan.parts.count * tensorCount(layout)
    }

    private static func tensorCount(_ layout: GateLayout) -> Int {
        layout.paddedHidden + 4 + GatepropTensorNetwork.inputs + 2 * layout.hidden + 1
    }

    /// Calls `body` for each chunk of the tensors that take part, with its tensor's gradient.
    private func forEachChunk(_ body: @Sendable (Int, GatepropPlan.Chunk, UnsafePointer<Float>) -> Void) {
        parallelLoop(plan.chunkGroups.count) { group in
            for index in plan.chunkGroups[group] {
                let chunk = plan.chunks[index]
                if let gradient = tensors[chunk.part].gradient { body(index, chunk, gradient) }
            }
        }
    }

    /// The first pass: sums over chunks.
    func sum() {
        forEachChunk { index, chunk, gradient in
            let keep = tensors[chunk.part].keep
            let gates = gateChunk(chunk, gradient)
            if keep != 1 { for i in 0..<gates.count { gates.parameters[i] *= keep } }
            rule.kernels.table.gates.sum(constants[chunk.part], gates, sums + index * GateLayout.sums)
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
    /// - Parameter isFirst: whether no gradient was seen before.
    func lookAtTensors(_ averages: inout [Float], _ level: inout Float, isFirst: Bool) {
        let known = parallelMap(plan.partGroups.count) { group in
            plan.partGroups[group].map { tensors[$0].gradient == nil ? nil : sums(of: plan.parts[$0]) }
        }
        updateLevel(&level, known, isFirst: isFirst)
        let now = level
        averages.withUnsafeMutableBufferPointer { averages in
            // Tensors have disjoint places.
            nonisolated(unsafe) let averages = averages
            parallelLoop(known.count) { group in
                for (index, sums) in zip(plan.partGroups[group], known[group]) {
                    if let sums { lookAtTensor(index, sums, averages.baseAddress! + 2 * index, level: now) }
                }
            }
        }
    }

    private func updateLevel(_ level: inout Float, _ known: [[GatepropSums?]], isFirst: Bool) {
        var (squares, count) = (0.0, 0)
        for (group, parts) in zip(known, plan.partGroups) {
            for (sums, part) in zip(group, parts) {
                guard let sums else { continue }
                squares += sums.gradientSquares
                count += plan.parts[part].range.count
            }
        }
        let now = GatepropSums.level(squares, count: count)
        // A gradient that is not finite spoils its own tensor, not what is known of all.
        if now.isFinite { level = isFirst ? now : 0.9 * level + 0.1 * now }
    }

    /// - Parameter averages: the tensor's average of cosines, then the last log-rate.
    private func lookAtTensor(
        _ index: Int, _ sums: GatepropSums, _ averages: UnsafeMutablePointer<Float>, level: Float
    ) {
        let place = places(index)
        averages[0] = 0.9 * averages[0] + 0.1 * sums.cosine
        GatepropTensorNetwork.fill(
            place.inputs, sums, plan.parts[index], time: times[index], tensor: (averages[0], averages[1]),
            level: level)
        network.run(place.inputs, place.hidden, place.outputs)
        averages[1] = place.outputs[rule.layout.hidden]
        pack(index, place, sums)
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

    /// A tensor's memory.
    private struct Places {
        let biases, numbers, inputs, hidden, outputs: UnsafeMutablePointer<Float>

        func run(_ layout: GateLayout, adjoints: [Double]) -> GatepropTensorRun {
            func copy(_ values: UnsafeMutablePointer<Float>, _ count: Int) -> [Float] {
                Array(UnsafeBufferPointer(start: values, count: count))
            }
            return GatepropTensorRun(
                inputs: copy(inputs, GatepropTensorNetwork.inputs), hidden: copy(hidden, layout.hidden),
                outputs: copy(outputs, layout.hidden + 1), adjoints: adjoints)
        }
    }

    private func places(_ part: Int) -> Places {
        let biases = memory + part * Self.tensorCount(rule.layout)
        let numbers = biases + rule.layout.paddedHidden
        let inputs = numbers + 4
        let hidden = inputs + GatepropTensorNetwork.inputs
        return Places(
            biases: biases, numbers: numbers, inputs: inputs, hidden: hidden, outputs: hidden + rule.layout.hidden)
    }

    /// What kernels need of a tensor.
    private func pack(_ part: Int, _ place: Places, _ sums: GatepropSums) {
        let layout = rule.layout
        let biases = packed + layout.packedCount
        for unit in 0..<layout.hidden { place.biases[unit] = biases[unit] + place.outputs[unit] }
        for unit in layout.hidden..<layout.paddedHidden { place.biases[unit] = 0 }
        place.numbers[0] =
            -rule.numbers.rate(times[part]) * exp(place.outputs[layout.hidden]) * tensors[part].stepScale
        place.numbers[1] = 1 / sums.squares
        place.numbers[2] = sums.logSquares
        place.numbers[3] = 1 / sums.size
    }

    private func tensor(_ part: Int) -> GateTensor {
        let place = places(part)
        return GateTensor(
            weights: packed, biases: UnsafePointer(place.biases), scale: place.numbers[0],
            inverseSquares: place.numbers[1], logSquares: place.numbers[2], inverseSize: place.numbers[3])
    }

    // MARK: Parameters

    /// Changes the parameters.
    func apply() {
        forEachChunk { _, chunk, gradient in
            ScratchPool.shared.withScratch(floats: rule.layout.forwardRows * GateLayout.batch * GatepropPlan.lanes) {
                scratch in
                rule.kernels.table.gates.apply(
                    rule.layout, constants[chunk.part], tensor(chunk.part), gateChunk(chunk, gradient), scratch)
            }
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
        forEachChunk { index, chunk, gradient in
            ScratchPool.shared.withScratch(floats: layout.backwardRows * GateLayout.batch * GatepropPlan.lanes) {
                scratch in
                rule.kernels.table.gates.differentiate(
                    layout, constants[chunk.part], tensor(chunk.part), gateChunk(chunk, gradient),
                    later + chunk.range.lowerBound, scratch, memory + index * count)
            }
        }
        return plan.parts.enumerated().map { index, part in
            func total(_ place: Int) -> Double { part.chunks.reduce(0.0) { $0 + Double(memory[$1 * count + place]) } }
            network.places.forEachPacked(layout) { gradient[$0] += Double($2) * total($1) }
            let biases = (0..<layout.hidden).map { total(layout.packedCount + $0) }
            return places(index).run(layout, adjoints: biases + [total(count - 1)])
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
