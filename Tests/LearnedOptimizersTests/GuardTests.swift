import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

/// Where a rule breaks.
private enum Fault: String, CaseIterable, CustomTestStringConvertible {
    case climbs, explodes, givesNaN, jumps, circles
    var testDescription: String { rawValue }
}

/// Steps of gradient descent that go wrong from a step on.
private struct FaultyRule: Optimizer {
    let fault: Fault
    let from: Int
    var rate: Float = 0.02
    var name: String { "faulty" }
    var stateBytesPerParameter: Int { 0 }

    func initialState(for layout: ParameterLayout) -> Int { 0 }
    func update(parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Int) {
        for index in 0..<parameters.count {
            let g = gradient[index]
            if state < from {
                parameters[index] -= rate * g
                continue
            }
            switch fault {
            case .climbs: parameters[index] += g > 0 ? 1 : -1
            case .explodes: parameters[index] *= -3
            case .givesNaN: parameters[index] = .nan
            case .jumps: parameters[index] += state % 7 == 3 ? 100 : 0
            case .circles: parameters[index] = (index + state) % 2 == 0 ? 50 : -50
            }
        }
        state += 1
    }
    func record(_ state: Int) -> StateRecord { StateRecord(counts: ["step": state], tensors: []) }
    func state(from record: StateRecord, for layout: ParameterLayout) throws -> Int { try record.count("step") }
}

/// A convex function: Σ λᵢ (θᵢ − cᵢ)² / 2, or a logistic regression, with a gradient in closed form.
private struct ConvexProblem: CustomTestStringConvertible {
    let seed: UInt64
    let isLogistic: Bool
    let rows: [[Float]]
    let curvature: [Float]
    let center: [Float]

    init(seed: UInt64, isLogistic: Bool) {
        (self.seed, self.isLogistic) = (seed, isLogistic)
        var stream = RandomStream(RandomKey(seed: seed))
        let count = 6
        curvature = (0..<count).map { _ in exp(stream.uniform(in: -5...2)) }
        center = (0..<count).map { _ in stream.normal() }
        rows = (0..<40).map { _ in (0..<count).map { _ in stream.normal() } }
    }

    static let all = (1...6).flatMap { seed in
        [false, true].map { ConvexProblem(seed: UInt64(seed), isLogistic: $0) }
    }

    var testDescription: String { "\(isLogistic ? "logistic" : "quadratic") \(seed)" }
    var start: [Float] { center.map { $0 + 1.5 } }

    func callAsFunction(_ theta: [Float]) -> (loss: Float, gradient: [Float]) {
        guard isLogistic else {
            let difference = zip(theta, center).map { $0 - $1 }
            let loss = zip(difference, curvature).reduce(Float(0)) { $0 + 0.5 * $1.1 * $1.0 * $1.0 }
            return (loss, zip(difference, curvature).map { $0 * $1 })
        }
        var (loss, gradient) = (Float(0), theta.map { 0.01 * $0 })
        for row in rows {
            let label: Float = zip(row, center).reduce(0) { $0 + $1.0 * $1.1 } + row[0] * row[1] > 0 ? 1 : -1
            let margin = label * zip(row, theta).reduce(0) { $0 + $1.0 * $1.1 }
            loss += (max(-margin, 0) + log1p(exp(-abs(margin)))) / 40
            let slope = -label / (1 + exp(margin)) / 40
            for index in gradient.indices { gradient[index] += slope * row[index] }
        }
        return (loss + theta.reduce(0) { $0 + 0.005 * $1 * $1 }, gradient)
    }

    /// Parameters after each step, from the start on.
    func path<O: Optimizer>(_ optimizer: O, steps: Int, state: inout O.State, givesLoss: Bool = true) -> [[Float]] {
        var path = [start]
        for _ in 0..<steps {
            var theta = path[path.count - 1]
            let (loss, gradient) = self(theta)
            optimizer.update(&theta, gradient: gradient, loss: givesLoss ? loss : nil, state: &state)
            path.append(theta)
        }
        return path
    }

    func path<O: Optimizer>(_ optimizer: O, steps: Int) -> [[Float]] {
        var state = optimizer.initialState(parameterCount: start.count)
        return path(optimizer, steps: steps, state: &state)
    }
}

@Suite("The guard of learned optimizers") struct GuardTests {
    @Test(
        "Where every try fails, the fallback is where it would be alone a few steps earlier, bit for bit",
        arguments: ConvexProblem.all, Fault.allCases)
    fileprivate func fallback(problem: ConvexProblem, fault: Fault) {
        let alone = Adam(learningRate: 0.05)
        let guarded = GuardedOptimizer(FaultyRule(fault: fault, from: 0), fallback: alone)
        let paths = problem.path(alone, steps: 1000)
        for steps in [30, 200, 1000] {
            var state = guarded.initialState(parameterCount: problem.start.count)
            let path = problem.path(guarded, steps: steps, state: &state)
            let taken = state.fallback.step
            #expect(Double(steps - taken) <= 10 * (1 + log2(1 + Double(steps) / 20)), "\(steps)")
            #expect(state.failures > 0)
            // While the rule has a try, what is handed back is its own.
            let tried = state.wait == 0 ? state.watch.current.steps : 0
            #expect(path[steps - tried] == paths[taken], "\(steps)")
        }
    }

    @Test("A rule that breaks late leaves what it had reached", arguments: ConvexProblem.all, Fault.allCases)
    fileprivate func late(problem: ConvexProblem, fault: Fault) {
        let guarded = GuardedOptimizer(FaultyRule(fault: fault, from: 137), fallback: Adam())
        var state = guarded.initialState(parameterCount: problem.start.count)
        let path = problem.path(guarded, steps: 400, state: &state)
        let losses = path.map { problem($0).loss }
        #expect(state.failures > 0)
        // The last good window ended with the 70th step.
        #expect(path[0...137] == problem.path(FaultyRule(fault: fault, from: 1000), steps: 137)[...])
        #expect(path[138...].contains(path[69]))
        let last = path.count - 1 - (state.wait == 0 ? state.watch.current.steps : 0)
        #expect(losses[last] <= 1.01 * losses[69])
    }

    @Test("Shipped rules end below where they began, and on par with themselves", arguments: ConvexProblem.all)
    fileprivate func shipped(problem: ConvexProblem) throws {
        for weights in ShippedWeights.all {
            let rule = try weights.optimizer() as any Optimizer
            func inspect(_ rule: some Optimizer) {
                let (plain, guarded) = (problem.path(rule, steps: 500), GuardedOptimizer(rule))
                let losses = problem.path(guarded, steps: 500).map { problem($0).loss }
                #expect(losses[500] < losses[0], "\(weights.name)")
                #expect(losses[500] <= 1.05 * problem(plain[500]).loss + 1e-3 * losses[0], "\(weights.name)")
            }
            inspect(rule)
        }
    }

    @Test("A rule that does well keeps its bits, also where losses are as noisy as a minibatch's")
    func healthy() {
        for seed in 1...20 {
            let rule = FaultyRule(fault: .climbs, from: .max, rate: 0.003)
            let guarded = GuardedOptimizer(rule)
            var (plain, watched) = ([Float](repeating: 2, count: 3), [Float](repeating: 2, count: 3))
            var (count, state) = (0, guarded.initialState(parameterCount: 3))
            var stream = RandomStream(RandomKey(seed: UInt64(seed)))
            for _ in 0..<5000 {
                let gradient = plain.map { $0 + 2 * stream.normal() }
                let loss = plain.reduce(0) { $0 + 0.5 * $1 * $1 } + 0.3 * exp(0.5 * stream.normal())
                rule.update(&plain, gradient: gradient, loss: loss, state: &count)
                guarded.update(&watched, gradient: gradient, loss: loss, state: &state)
            }
            #expect(watched == plain && state.failures == 0, "seed \(seed)")
        }
    }

    @Test("Without losses it sees gradients that grow out of all bounds", arguments: [Fault.explodes, .givesNaN])
    fileprivate func withoutLosses(fault: Fault) {
        for problem in ConvexProblem.all where !problem.isLogistic {
            let guarded = GuardedOptimizer(FaultyRule(fault: fault, from: 30), fallback: Adam())
            var state = guarded.initialState(parameterCount: problem.start.count)
            let path = problem.path(guarded, steps: 300, state: &state, givesLoss: false)
            let last = 300 - (state.wait == 0 ? state.watch.current.steps : 0)
            #expect(state.failures > 0 && problem(path[last]).loss.isFinite, "\(problem.testDescription)")
        }
    }

    @Test("What is not finite leaves the fallback as it is", arguments: [true, false])
    func fallbackOnWhatIsNotFinite(givesLoss: Bool) {
        let problem = ConvexProblem(seed: 2, isLogistic: true)
        let guarded = GuardedOptimizer(FaultyRule(fault: .explodes, from: .max), fallback: Adam())
        var state = guarded.initialState(parameterCount: problem.start.count)
        var path = [problem.start]
        // Without losses, every eighth gradient is looked at until one does harm.
        let bad = givesLoss ? 33..<38 : 40..<45
        for step in 0..<90 {
            var theta = path[step]
            var (loss, gradient) = problem(theta)
            if bad.contains(step) { (loss, gradient[2]) = (.nan, .nan) }
            guarded.update(&theta, gradient: gradient, loss: givesLoss ? loss : nil, state: &state)
            path.append(theta)
        }
        #expect(state.failures == 1 && state.fallback.step == 20)
        #expect(path[(bad.lowerBound + 1)...bad.upperBound].allSatisfy { $0 == path[29] })
        #expect(path[bad.upperBound + 1] != path[29] && problem(path[90]).loss < problem(path[29]).loss)
    }

    @Test("A run that is continued from a file has the bits of one that was not, in every phase", arguments: [0, 25])
    func continues(from: Int) throws {
        let problem = ConvexProblem(seed: 3, isLogistic: true)
        let guarded = GuardedOptimizer(FaultyRule(fault: .climbs, from: from), fallback: Adam())
        let layout = ParameterLayout(count: problem.start.count)
        let whole = problem.path(guarded, steps: 120)
        var (theta, state) = (problem.start, guarded.initialState(for: layout))
        var phases: Set<Bool> = []
        try withTemporaryFolder { folder in
            for step in 0..<120 {
                try guarded.save(state, for: layout, to: "\(folder)/state.safetensors")
                state = try guarded.loadState(path: "\(folder)/state.safetensors", for: layout)
                let (loss, gradient) = problem(theta)
                guarded.update(&theta, gradient: gradient, loss: loss, state: &state)
                #expect(theta == whole[step + 1])
                phases.insert(state.wait > 0)
            }
        }
        #expect(phases.count == 2)
    }

    @Test("The same bits for every number of threads")
    func threads() {
        let rows = gradientRows(60, oddLayout.count)
        let runs = [1, 3].map { threads in
            Threads(threads).run {
                let guarded = GuardedOptimizer(livelyGateprop(hidden: 5))
                var (theta, state) = (startingParameters(oddLayout.count), guarded.initialState(for: oddLayout))
                for (step, row) in rows.enumerated() {
                    guarded.update(&theta, gradient: row, loss: step == 15 ? 1e9 : 1, state: &state)
                }
                #expect(state.failures == 1)
                return theta
            }
        }
        #expect(runs[0] == runs[1])
    }

    @Test("Every learned optimizer has it by specification, with other options and under a label of its own")
    func specification() throws {
        let rule = try ShippedWeights.named("gateprop").optimizer()
        #expect(
            try OptimizerSpecification("gateprop:guard=on").optimizer().name == "guarded(\(rule.name),\(Adam().name))"
        )
        let both = try OptimizerSpecification.optimizers(["rnnprop:guard=on,state=half", "rnnprop"])
        #expect(both.map(\.label) == ["rnnprop, half state, guarded", "rnnprop"])
        #expect(both[0].optimizer.name.hasPrefix("guarded(") && both[0].optimizer.name.contains("halfstate"))
    }
}
