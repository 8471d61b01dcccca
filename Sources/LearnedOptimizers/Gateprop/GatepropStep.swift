import KernelTypes
import NumericCore

/// What a step works with.
///
/// Threads take chunks that depend on the layout alone, and sums over a tensor are taken in the order of its chunks, so
/// that the number of threads changes no bit. Unchecked: chunks touch disjoint memory.
struct GatepropStep: @unchecked Sendable {
    private let rule: Gateprop
    private let plan: GatepropPlan
    /// The step, from 1.
    private let time: Int
    private let parameters: UnsafeMutablePointer<Float>
    private let gradient: UnsafePointer<Float>
    private let blocks: UnsafeMutablePointer<Float>
    private let constants: GateConstants
    private let network: GatepropTensorNetwork
    /// For each chunk its sums, a vector each.
    private let sums: UnsafeMutablePointer<Float>
    /// For each tensor, packed weights, then what `GateTensor` has, then the tensor network's inputs, hidden units and outputs.
    private let tensors: UnsafeMutablePointer<Float>

    init(
        _ rule: Gateprop, _ plan: GatepropPlan, time: Int, _ parameters: UnsafeMutablePointer<Float>,
        _ gradient: UnsafePointer<Float>, _ blocks: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
    ) {
        (self.rule, self.plan, self.time) = (rule, plan, time)
        (self.parameters, self.gradient, self.blocks) = (parameters, gradient, blocks)
        constants = rule.numbers.gateConstants(time)
        sums = scratch.assumingMemoryBound(to: Float.self)
        tensors = sums + plan.chunks.count * Self.sumCount
        let weights = tensors + plan.parts.count * Self.tensorCount(rule.layout)
        weights.update(from: rule.metaParameters, count: rule.metaParameters.count)
        network = GatepropTensorNetwork(
            places: GatepropPlaces(hidden: rule.layout.hidden), weights: UnsafePointer(weights))
    }

    /// Floats of scratch memory.
    static func scratchCount(_ plan: GatepropPlan, _ layout: GateLayout) -> Int {
        plan.chunks.count * sumCount + plan.parts.count * tensorCount(layout)
            + GatepropPlaces(hidden: layout.hidden).count
    }

    private static let sumCount = GateLayout.sums * GatepropPlan.lanes

    private static func tensorCount(_ layout: GateLayout) -> Int {
        let count = layout.packedCount + 4 + GatepropTensorNetwork.inputs + 2 * layout.hidden + 1
        return (count + GatepropPlan.lanes - 1) / GatepropPlan.lanes * GatepropPlan.lanes
    }

    /// The state's first half: moments, and sums over chunks.
    func accumulate() {
        parallelLoop(plan.chunks.count) { index in
            rule.kernels.table.gates.accumulate(constants, chunk(index), sums + index * Self.sumCount)
        }
    }

    private func chunk(_ index: Int) -> GateChunk {
        let chunk = plan.chunks[index]
        return GateChunk(
            count: chunk.range.count, parameters: parameters + chunk.range.lowerBound,
            gradient: gradient + chunk.range.lowerBound, state: blocks + chunk.state)
    }

    // MARK: Tensors

    /// The tensors' network, and what kernels need of each tensor.
    func lookAtTensors(_ memory: inout [Float], _ level: inout Float) {
        let known = plan.parts.map(sums(of:))
        let now = GatepropSums.level(known.reduce(0) { $0 + $1.gradientSquares }, count: plan.count)
        // A gradient that is not finite spoils its own tensor, not what is known of all.
        if now.isFinite { level = time == 1 ? now : 0.9 * level + 0.1 * now }
        for (index, part) in plan.parts.enumerated() {
            let (sums, place) = (known[index], places(index))
            memory[2 * index] = 0.9 * memory[2 * index] + 0.1 * sums.cosine
            GatepropTensorNetwork.fill(
                place.inputs, sums, part, time: time, tensor: (memory[2 * index], memory[2 * index + 1]), level: level
            )
            network.run(place.inputs, place.hidden, place.outputs)
            memory[2 * index + 1] = place.outputs[rule.layout.hidden]
            pack(place, sums)
        }
    }

    private func sums(of part: GatepropPlan.Part) -> GatepropSums {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: GateLayout.sums) { totals in
            totals.initialize(repeating: 0)
            for chunk in part.chunks {
                let lanes = sums + chunk * Self.sumCount
                for index in 0..<Self.sumCount { totals[index / GatepropPlan.lanes] += Double(lanes[index]) }
            }
            return GatepropSums(totals.baseAddress!, count: part.range.count)
        }
    }

    /// A tensor's memory.
    private struct Places {
        let packed, numbers, inputs, hidden, outputs: UnsafeMutablePointer<Float>

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
        let packed = tensors + part * Self.tensorCount(rule.layout)
        let numbers = packed + rule.layout.packedCount
        let inputs = numbers + 4
        let hidden = inputs + GatepropTensorNetwork.inputs
        return Places(
            packed: packed, numbers: numbers, inputs: inputs, hidden: hidden, outputs: hidden + rule.layout.hidden)
    }

    /// Packed weights, the tensor's biases among them, and the tensor's numbers.
    private func pack(_ place: Places, _ sums: GatepropSums) {
        let layout = rule.layout
        place.packed.update(repeating: 0, count: layout.packedCount)
        network.places.forEachPacked(layout) { place.packed[$1] = network.weights[$0] }
        for unit in 0..<layout.hidden {
            place.packed[GateLayout.packed(unit, inputs: GateLayout.inputs)] += place.outputs[unit]
        }
        place.numbers[0] = -rule.numbers.rate(time) * exp(place.outputs[layout.hidden])
        place.numbers[1] = 1 / sums.squares
        place.numbers[2] = sums.logSquares
        place.numbers[3] = 1 / sums.size
    }

    private func tensor(_ part: Int) -> GateTensor {
        let place = places(part)
        return GateTensor(
            weights: UnsafePointer(place.packed), scale: place.numbers[0], inverseSquares: place.numbers[1],
            logSquares: place.numbers[2], inverseSize: place.numbers[3])
    }

    // MARK: Parameters

    /// Changes the parameters.
    func apply() {
        parallelLoop(plan.chunks.count) { index in
            ScratchPool.shared.withScratch(floats: rule.layout.forwardRows * GatepropPlan.lanes) { scratch in
                rule.kernels.table.gates.apply(
                    rule.layout, constants, tensor(plan.chunks[index].part), chunk(index), scratch)
            }
        }
    }

    // MARK: Meta-gradient

    /// Floats of a chunk's derivatives: of packed weights, then of the log-rate.
    static func derivativeCount(_ layout: GateLayout) -> Int { layout.packedCount + 4 }

    /// Adds ∂L/∂φ of the coordinates' network at this step, given ∂L/∂Δθ; returns what the tensors' network did.
    ///
    /// - Parameter memory: room for every chunk's derivatives.
    func addGradient(
        later: UnsafePointer<Float>, _ memory: UnsafeMutablePointer<Float>, to gradient: inout [Double]
    ) -> [GatepropTensorRun] {
        let (layout, count) = (rule.layout, Self.derivativeCount(rule.layout))
        memory.update(repeating: 0, count: count * plan.chunks.count)
        // Chunks touch disjoint memory.
        nonisolated(unsafe) let (later, memory) = (later, memory)
        parallelLoop(plan.chunks.count) { index in
            ScratchPool.shared.withScratch(floats: layout.backwardRows * GatepropPlan.lanes) { scratch in
                rule.kernels.table.gates.differentiate(
                    layout, constants, tensor(plan.chunks[index].part), chunk(index),
                    later + plan.chunks[index].range.lowerBound, scratch, memory + index * count)
            }
        }
        return plan.parts.enumerated().map { index, part in
            func total(_ place: Int) -> Double { part.chunks.reduce(0.0) { $0 + Double(memory[$1 * count + place]) } }
            network.places.forEachPacked(layout) { gradient[$0] += total($1) }
            let biases = (0..<layout.hidden).map { total(GateLayout.packed($0, inputs: GateLayout.inputs)) }
            return places(index).run(layout, adjoints: biases + [total(layout.packedCount)])
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
        var memory = AlignedFloats(count: GatepropStep.derivativeCount(layout) * plan.chunks.count)
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
