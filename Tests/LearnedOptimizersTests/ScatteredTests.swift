import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

/// Tensors in places of their own, as host programs have them.
@Suite("Scattered tensors") struct ScatteredTests {
    private static let layout = ParameterLayout([
        ParameterShape("a", [70, 41]), ParameterShape("b", [3]), ParameterShape("empty", [0, 4]),
        ParameterShape("c", [17]), ParameterShape("scalar", []),
    ])

    private static func draw(_ seed: UInt64) -> [Float] {
        var stream = RandomStream(RandomKey(seed: seed))
        return (0..<layout.count).map { _ in stream.uniform(in: -1...1) }
    }

    private static func rule() throws -> Gateprop {
        try #require(try OptimizerSpecification("gateprop").optimizer() as? Gateprop)
    }

    /// A step on copies of the tensors, each in memory of its own; a tensor that is nil in `gradients` sits out.
    private static func step<O: ScatteredOptimizer>(
        _ rule: O, _ tensors: inout [[Float]], _ gradients: [[Float]?], _ state: inout O.State,
        loss: Float? = nil, stepScale: Float = 1, keep: Float = 1
    ) {
        func memory(_ values: [Float]) -> UnsafeMutableBufferPointer<Float> {
            let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(values.count, 1))
            _ = memory.initialize(from: values)
            return memory
        }
        let parameters = tensors.map(memory)
        let slopes = gradients.map { $0.map(memory) }
        let places = zip(parameters, slopes).map {
            TensorPlace(
                parameters: $0.baseAddress!, gradient: $1.map { UnsafePointer($0.baseAddress!) },
                stepScale: stepScale, keep: keep)
        }
        rule.update(tensors: places, loss: loss, state: &state)
        for index in tensors.indices { tensors[index] = Array(parameters[index].prefix(tensors[index].count)) }
        for memory in parameters + slopes.compactMap({ $0 }) { memory.deallocate() }
    }

    private static func split(_ values: [Float]) -> [[Float]] { layout.ranges.map { Array(values[$0]) } }

    @Test("Gateprop takes the same steps as on one vector, bit for bit, whatever the threads", arguments: [1, 3])
    func sameAsFlat(threads: Int) throws {
        let rule = try Self.rule()
        var (flat, state) = (Self.draw(1), rule.initialState(for: Self.layout))
        var (tensors, scatteredState) = (Self.split(flat), state)
        for time in 0..<5 {
            let gradient = Self.draw(UInt64(10 + time))
            rule.update(&flat, gradient: gradient, state: &state)
            Threads(threads).run { Self.step(rule, &tensors, Self.split(gradient), &scatteredState) }
        }
        #expect(tensors == Self.split(flat))
        #expect(rule.record(state) == rule.record(scatteredState))
    }

    @Test("A tensor that sits out stays as it is, and its own time stands still, in files too")
    func sittingOut() throws {
        let rule = try Self.rule()
        var (tensors, state) = (Self.split(Self.draw(1)), rule.initialState(for: Self.layout))
        let before = tensors[0]
        // What tensors share is the level of all gradients alone. Of these it is always 0.
        func signs(_ seed: UInt64) -> [[Float]?] { Self.split(Self.draw(seed).map { $0 < 0 ? -1 : 1 }) }
        var gradients = signs(2)
        gradients[0] = nil
        for _ in 0..<3 { Self.step(rule, &tensors, gradients, &state) }
        #expect(tensors[0] == before && tensors[3] != Self.split(Self.draw(1))[3])
        let record = rule.record(state)
        #expect(record.counts == ["step": 3, "step.0": 0])
        var again = try rule.state(from: record, for: Self.layout)
        var others = tensors
        let whole = signs(3)
        Self.step(rule, &tensors, whole, &state)
        Self.step(rule, &others, whole, &again)
        #expect(tensors == others)
        // The fourth step is its first.
        var (first, firstState) = (Self.split(Self.draw(1)), rule.initialState(for: Self.layout))
        Self.step(rule, &first, whole, &firstState)
        #expect(tensors[0] == first[0] && tensors[3] != first[3])
    }

    @Test("A step scale multiplies the step, and decay comes before it")
    func options() throws {
        let rule = try Self.rule()
        let (start, gradient) = (Self.split(Self.draw(1)), Self.split(Self.draw(2)))
        func stepped(_ start: [[Float]], stepScale: Float = 1, keep: Float = 1) -> [Float] {
            var (tensors, state) = (start, rule.initialState(for: Self.layout))
            Self.step(rule, &tensors, gradient, &state, stepScale: stepScale, keep: keep)
            return tensors.flatMap { $0 }
        }
        let (whole, half) = (stepped(start), stepped(start, stepScale: 0.5))
        for (before, (whole, half)) in zip(start.flatMap { $0 }, zip(whole, half)) {
            #expect(abs(half - before - (whole - before) / 2) < 1e-6)
        }
        let decayed = start.map { $0.map { 0.75 * $0 } }
        #expect(stepped(start, keep: 0.75) == stepped(decayed))
        #expect(stepped(start, stepScale: 0, keep: 0.75) == decayed.flatMap { $0 })
    }

    @Test(
        "A guard does the same as on one vector, bit for bit, whatever the threads", arguments: [1, 3], [true, false])
    func guarded(threads: Int, givesLoss: Bool) throws {
        let rule = try Self.rule()
        let guarded = GuardedOptimizer(rule, fallback: rule)
        var (flat, state) = (Self.draw(1), guarded.initialState(for: Self.layout))
        var (tensors, scatteredState) = (Self.split(flat), state)
        for time in 0..<45 {
            var gradient = Self.draw(UInt64(10 + time))
            // In the last tensor but one.
            if time == 16 { gradient[Self.layout.count - 5] = .infinity }
            let loss: Float? = givesLoss ? (time == 16 ? .nan : 1) : nil
            guarded.update(&flat, gradient: gradient, loss: loss, state: &state)
            Threads(threads).run {
                Self.step(guarded, &tensors, Self.split(gradient), &scatteredState, loss: loss)
            }
            #expect(tensors == Self.split(flat), "\(time)")
        }
        #expect(state.failures == 1)
        #expect(guarded.record(state) == guarded.record(scatteredState))
    }

    @Test("A guard gives back a tensor that sits out but moved before, in files too, and leaves one that never moved")
    func guardedSittingOut() throws {
        let rule = try Self.rule()
        let guarded = GuardedOptimizer(rule, fallback: rule)
        var (tensors, state) = (Self.split(Self.draw(1)), guarded.initialState(for: Self.layout))
        let gradients = Self.split(Self.draw(2))
        var (kept, without) = (tensors, gradients.map(Optional.some))
        without[3] = nil
        for time in 0..<13 {
            if time == 9 { kept = tensors }
            Self.step(guarded, &tensors, without, &state, loss: 1)
        }
        #expect(tensors[0] != kept[0] && tensors[3] == kept[3])
        let record = guarded.record(state)
        #expect(record.counts["missing.3"] == 1 && record.counts["missing.0"] == nil)
        without[0] = nil
        var others = tensors
        var again = try guarded.state(from: record, for: Self.layout)
        // What a host does with a tensor that no step touched is its own affair.
        tensors[3][0] = 17
        others[3][0] = 18
        Self.step(guarded, &tensors, without, &state, loss: .infinity)
        Self.step(guarded, &others, without, &again, loss: .infinity)
        #expect(state.failures == 1 && again.failures == 1)
        #expect(tensors[0..<3] == kept[0..<3] && others[0..<3] == kept[0..<3])
        #expect(tensors[3][0] == 17 && others[3][0] == 18)
    }

    @Test("Neighbours are grouped up to a size, and one that is larger is alone")
    func grouping() {
        #expect(groups(of: [], upTo: 4) == [])
        #expect(groups(of: [9], upTo: 4) == [0..<1])
        #expect(groups(of: [1, 2, 1, 1, 9, 0, 4, 1], upTo: 4) == [0..<3, 3..<4, 4..<5, 5..<7, 7..<8])
    }
}
