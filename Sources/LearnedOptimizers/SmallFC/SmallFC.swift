import Files
public import NumericCore
public import Optimizers

/// small_fc_lopt (Metz et al. 2022, *Practical tradeoffs between memory, compute, and performance in learned
/// optimizers*; `AdafacMLPLOpt` in google/learned_optimization), the rule that this field compares with most.
///
///     m_d ← d m_d + (1−d) g,   v ← d v + (1−d) g²,   d ∈ {0.9, 0.99, 0.999} for m, 0.999 for v
///     R_d, C_d ← the same of the means of g² over the tensor's longest and second longest axis
///     θ ← θ − 0.001 o₀ exp(0.001 o₁),   (o₀, o₁) = MLP(39 features)
///
/// 28 features are made of g, θ, m, v, R and C and divided by their root mean square over the tensor, so that a tensor
/// is looked at as a whole; 11 are functions of the number of steps. The MLP, the same for all parameters, has two
/// hidden layers of 4 ReLU units (32 in the larger variant): 197 weights, 7 of which shift the decays d. Vectors and
/// scalars have a moving average of g² for each parameter in place of R and C. Nothing is corrected for its start at 0.
///
/// The rule needs to know the tensors: give `initialState(for:)` the optimizee's layout.
public struct SmallFC: FirstOrderLearnedOptimizer {
    public static let descriptor = RuleDescriptor(
        name: "small-fc-lopt",
        summary: "a small MLP on features that are normalised by tensor (Metz et al. 2022)",
        constants: [RuleConstant("scale", 0.001), RuleConstant("exponent_scale", 0.001)],
        size: RuleSize("hidden units", of: "hidden1.weight", axis: 1) { "two hidden layers of \($0)" },
        tensors: { hidden in
            [
                ParameterShape("hidden1.weight", [SmallFCNetwork.inputs, hidden]),
                ParameterShape("hidden1.bias", [hidden]),
                ParameterShape("hidden2.weight", [hidden, hidden]), ParameterShape("hidden2.bias", [hidden]),
                ParameterShape("readout.weight", [hidden, 2]), ParameterShape("readout.bias", [2]),
                ParameterShape("decays.momentum", [3]), ParameterShape("decays.rms", [1]),
                ParameterShape("decays.factored", [3]),
            ]
        }, conventions: [authors], type: SmallFC.self)

    /// What the authors' program calls them, in a dump of its weights: the same shapes by other names.
    private static let authors: WeightConvention = {
        let names = [
            "hidden1.weight": "weights/mlp/w0", "hidden1.bias": "weights/mlp/b0", "hidden2.weight": "weights/mlp/w1",
            "hidden2.bias": "weights/mlp/b1", "readout.weight": "weights/mlp/w2", "readout.bias": "weights/mlp/b2",
            "decays.momentum": "weights/theta/momentum_decays", "decays.rms": "weights/theta/rms_decays",
            "decays.factored": "weights/theta/adafactor_decays",
        ]
        return WeightConvention(name: "learned_optimization", tensorNames: names.mapValues { [$0] }) { source in
            let (rule, file) = (source.rule, source.file)
            let size = try source.size(of: file[names[rule.size.tensor]!]!, axis: rule.size.axis, like: rule.tensors)
            let tensors = try rule.tensors(size).map { shape in
                let tensor = try source.check(file[names[shape.name]!]!, shape.dimensions, size: size)
                return Tensor(shape.name, shape: tensor.shape, values: tensor.values)
            }
            return (size, tensors)
        }
    }()

    /// The rule's constants by name, as weight files keep them.
    public let constants: [String: Double]
    /// φ, the tensors of weight files one after the other.
    public let metaParameters: [Float]
    let scale: Float
    let exponentScale: Float
    let network: SmallFCNetwork
    let decays: SmallFCDecays

    /// - Parameters:
    ///   - metaParameters: φ, the tensors of weight files one after the other.
    ///   - hidden: units of each hidden layer.
    ///   - constants: those that differ from the paper's.
    public init(metaParameters: [Float], hidden: Int = 4, constants: [String: Double] = [:]) {
        self.constants = Self.descriptor.defaultConstants.merging(constants) { $1 }
        precondition(self.constants.count == 2, "\(Self.descriptor.name) has no such constant")
        scale = Float(self.constants["scale"]!)
        exponentScale = Float(self.constants["exponent_scale"]!)
        network = SmallFCNetwork(hidden: hidden)
        precondition(
            hidden > 0 && metaParameters.count == network.weightCount + SmallFCDecays.count,
            "weights of another number of hidden units")
        self.metaParameters = metaParameters
        decays = SmallFCDecays(Array(metaParameters.suffix(SmallFCDecays.count)))
    }

    /// Untrained, as the authors' code has it: weights truncated normal with a variance of one over the number of
    /// inputs, biases 0, decays as above.
    public init(key: RandomKey, hidden: Int, constants: [String: Double] = [:]) {
        let values = Self.descriptor.untrained(key, size: hidden, inputs: 0) { $0.dimensions.count == 2 }
        self.init(metaParameters: values, hidden: hidden, constants: constants)
    }

    /// Four hidden units, untrained.
    public init(key: RandomKey) { self.init(key: key, hidden: 4) }

    public init(weights: LearnedWeights) {
        precondition(weights.kind == Self.kind, "weights of \(weights.kind) are not \(Self.kind)")
        self.init(
            metaParameters: weights.tensors.flatMap(\.values), hidden: weights.size, constants: weights.constants)
    }

    public var weights: LearnedWeights {
        LearnedWeights(Self.descriptor, size: network.hidden, constants: constants, flat: metaParameters)
    }

    public func optimizer(_ metaParameters: [Float]) -> Self {
        Self(metaParameters: metaParameters, hidden: network.hidden, constants: constants)
    }

    public var reference: (any ReferenceRule)? {
        SmallFCReference(weights: metaParameters.map(Double.init), hidden: network.hidden, constants: constants)
    }

    public var name: String { name(withConstants: constants) }

    // MARK: Steps

    /// The moments of every parameter, and those that rows and columns of a tensor share.
    public struct State: Sendable {
        /// Steps taken.
        public internal(set) var steps = 0
        let plan: SmallFCPlan
        var moments: AlignedFloats
    }

    /// For parameters of matrices; those of vectors have 12 bytes more.
    public var stateBytesPerParameter: Int { 16 }

    public func initialState(for layout: ParameterLayout) -> State {
        let plan = SmallFCPlan(layout)
        return State(plan: plan, moments: AlignedFloats(count: plan.momentCount))
    }

    public func update(
        parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout State
    ) {
        precondition(
            parameters.count == state.plan.count && gradient.count == state.plan.count,
            "parameters, gradient and state differ in size")
        guard state.plan.count > 0 else {
            state.steps += 1
            return
        }
        parameters.withUnsafeMutableBufferPointer { parameters in
            gradient.withUnsafeBufferPointer { gradient in
                withStep(&state, parameters.baseAddress!, gradient.baseAddress!) { $0.apply(nil) }
            }
        }
    }

    /// Brings the moments up to date, and hands over what the parameters are then changed by.
    func withStep(
        _ state: inout State, _ parameters: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>,
        tangents: UnsafeMutablePointer<Float>? = nil, _ body: (SmallFCStep) -> Void
    ) {
        let (plan, time) = (state.plan, state.steps)
        state.moments.withMutablePointer { moments in
            ScratchPool.shared.withScratch(floats: SmallFCStep.scratchCount(plan, network)) { scratch in
                let step = SmallFCStep(
                    self, plan, time: time, parameters, gradient, moments, tangents: tangents, scratch: scratch)
                step.accumulate()
                body(step)
            }
        }
        state.steps += 1
    }

    /// The features of each parameter that are normalised by tensor, at the step that would be taken next.
    package func features(parameters: [Float], gradient: [Float], state: State) -> [[Float]] {
        var (state, parameters) = (state, AlignedFloats(parameters))
        var features: [[Float]] = []
        parameters.withMutablePointer { parameters in
            AlignedFloats(gradient).withPointer { gradient in
                withStep(&state, parameters, gradient) { features = $0.normalisedFeatures() }
            }
        }
        return features
    }

    // MARK: State in files

    public func record(_ state: State) -> StateRecord {
        StateRecord(counts: ["step": state.steps], tensors: state.plan.tensors(of: state.moments))
    }

    public func state(from record: StateRecord, for layout: ParameterLayout) throws -> State {
        var state = initialState(for: layout)
        state.steps = try record.count("step")
        state.moments = try state.plan.moments(in: record)
        return state
    }
}

/// How a layout's tensors are factored, where their moments lie, and how work is dealt to threads.
///
/// A state's moments are m for each of three decays, v, then for each of three decays the factored ones: R and C of
/// every matrix, after those g² of every vector. A matrix is any tensor of two or more dimensions.
struct SmallFCPlan: Sendable {
    /// A tensor that has elements.
    struct Part: Sendable {
        /// Where it lies in the parameters.
        let range: Range<Int>
        /// The axes that R and C are means over; nil of a vector.
        let axes: (rows: AxisMean, columns: AxisMean)?
        /// The axis of R that R's own mean is over.
        let rowMean: AxisMean?
        /// Where its factored moments begin: R, then C; of a vector one for each element.
        let entries: Int
        let chunks: Range<Int>

        var rowCount: Int { axes.map { range.count / $0.rows.length } ?? 0 }
        var columnCount: Int { axes.map { range.count / $0.columns.length } ?? 0 }
    }

    /// What one thread takes at a time.
    struct Chunk: Sendable {
        let part: Int
        let range: Range<Int>
    }

    private static let chunk = 1024

    /// The number of parameters.
    let count: Int
    private(set) var parts: [Part] = []
    private(set) var chunks: [Chunk] = []
    /// Factored moments of one decay, and how many of them are of matrices.
    private(set) var entryCount = 0
    private(set) var matrixEntryCount = 0

    init(_ layout: ParameterLayout) {
        count = layout.count
        let tensors = zip(layout.shapes.map(\.dimensions), layout.ranges).filter { !$1.isEmpty }
        // Matrices first, so that tables of their entries have no holes.
        for (dimensions, range) in tensors where dimensions.count > 1 { add(dimensions, range) }
        matrixEntryCount = entryCount
        for (dimensions, range) in tensors where dimensions.count < 2 { add(dimensions, range) }
    }

    private mutating func add(_ dimensions: [Int], _ range: Range<Int>) {
        let begin = chunks.count
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.chunk) {
            chunks.append(Chunk(part: parts.count, range: start..<min(start + Self.chunk, range.upperBound)))
        }
        var (axes, rowMean): ((AxisMean, AxisMean)?, AxisMean?)
        if dimensions.count > 1 {
            // R is a mean over the longest axis; of two that are equal, over the last.
            let order = dimensions.indices.sorted { (dimensions[$0], $0) < (dimensions[$1], $1) }
            let (longest, second) = (order[order.count - 1], order[order.count - 2])
            var rest = dimensions
            rest.remove(at: longest)
            axes = (AxisMean(dimensions, axis: longest), AxisMean(dimensions, axis: second))
            rowMean = AxisMean(rest, axis: second > longest ? second - 1 : second)
        }
        let part = Part(
            range: range, axes: axes, rowMean: rowMean, entries: entryCount, chunks: begin..<chunks.count)
        parts.append(part)
        entryCount += axes == nil ? range.count : part.rowCount + part.columnCount
    }

    /// The moments as tensors of files.
    func tensors(of moments: AlignedFloats) -> [Tensor] {
        momentTensors.map { name, shape, range in
            Tensor(name, shape: shape, values: moments.withPointer { moments in range.map { moments[$0] } })
        }
    }

    /// The moments that a file holds.
    ///
    /// - Throws: `InputError` where one is missing or has another shape.
    func moments(in record: StateRecord) throws -> AlignedFloats {
        var moments = AlignedFloats(count: momentCount)
        for (name, shape, range) in momentTensors {
            let values = try record.tensor(name, shape: shape)
            moments.withMutablePointer { ($0 + range.lowerBound).update(from: values, count: values.count) }
        }
        return moments
    }

    private var momentTensors: [(name: String, shape: [Int], range: Range<Int>)] {
        [
            ("momentum", [3, count], 0..<3 * count), ("rms", [count], 3 * count..<4 * count),
            ("factored", [3, entryCount], 4 * count..<momentCount),
        ]
    }

    /// Floats of a state.
    var momentCount: Int { 4 * count + 3 * entryCount }
}
