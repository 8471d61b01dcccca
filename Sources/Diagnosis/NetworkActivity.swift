import Evaluation
import KernelTypes
import LearnedOptimizers
import NumericCore

/// What goes on inside the network while it works: how far open its gates are, which units vary, how large its updates.
struct NetworkActivity: Sendable {
    /// Sums over steps and coordinates.
    private struct Sums: Sendable {
        /// For each layer and gate, how many activations lie at the lower end, at the upper end.
        var ends: [[SIMD2<Double>]]
        /// For each layer, the projection first where there is one, the sums of its units' outputs and their squares.
        var outputs: [[SIMD2<Double>]] = []
        var atLimit = 0.0
        var steps = 0.0

        init(layers: Int) { ends = Array(repeating: Array(repeating: .zero, count: 4), count: layers) }

        static func + (left: Sums, right: Sums) -> Sums {
            guard left.steps > 0 && right.steps > 0 else { return left.steps > 0 ? left : right }
            var sum = left
            for layer in sum.ends.indices {
                for gate in 0..<4 { sum.ends[layer][gate] += right.ends[layer][gate] }
            }
            for layer in sum.outputs.indices {
                for unit in sum.outputs[layer].indices { sum.outputs[layer][unit] += right.outputs[layer][unit] }
            }
            sum.atLimit += right.atLimit
            sum.steps += right.steps
            return sum
        }
    }

    /// For each layer and gate (input, candidate, forget, output) the share of activations that are nearly shut, and
    /// nearly open; of the candidate, at either end.
    let saturation: [[SIMD2<Double>]]
    /// The standard deviation of each unit's output: of the projection where there is one, then of each LSTM layer.
    let deviations: [[Double]]
    /// The share of steps whose update is within a hundredth of tanh's limit.
    let atLimit: Double
    /// Whether updates have a limit.
    private let hasLimit: Bool

    /// How near to its end a gate counts as saturated: its derivative is then under a fifth of the largest.
    private static let margin = 0.05

    init(_ network: ReferenceNetwork, _ fresh: FreshTasks) {
        let parts = parallelMap(fresh.outcomes.count) { Self.sums(network, fresh.outcomes[$0].gradients) }
        let sums = parts.reduce(Sums(layers: network.layout.layers)) { $0 + $1 }
        let (steps, units) = (sums.steps, sums.steps * Double(network.layout.hidden))
        saturation = sums.ends.map { $0.map { $0 / max(units, 1) } }
        deviations = sums.outputs.map { layer in
            layer.map { unit in
                let mean = unit[0] / steps
                return max(0, unit[1] / steps - mean * mean).squareRoot()
            }
        }
        atLimit = sums.atLimit / max(steps, 1)
        hasLimit = network.layout.tanhOutput
    }

    private static func sums(_ network: ReferenceNetwork, _ gradients: [[Float]]) -> Sums {
        var sums = Sums(layers: network.layout.layers)
        for coordinate in gradients.first?.indices ?? 0..<0 {
            var state = network.start()
            for (step, row) in gradients.enumerated() {
                // From there on the task has diverged.
                guard row[coordinate].isFinite else { break }
                add(network.step(&state, gradient: Double(row[coordinate]), step: step + 1), to: &sums)
            }
        }
        return sums
    }

    private static func add(_ step: ReferenceNetwork.Step, to sums: inout Sums) {
        sums.steps += 1
        if step.readout.contains(where: { abs(tanh($0)) > 0.99 }) { sums.atLimit += 1 }
        for (layer, units) in step.gates.enumerated() {
            for activations in units {
                for gate in 0..<4 {
                    let value = gate == 1 ? (activations[1] + 1) / 2 : activations[gate]
                    if value < margin { sums.ends[layer][gate][0] += 1 }
                    if value > 1 - margin { sums.ends[layer][gate][1] += 1 }
                }
            }
        }
        let outputs = (step.projection.isEmpty ? [] : [step.projection]) + step.outputs
        if sums.outputs.isEmpty { sums.outputs = outputs.map { $0.map { _ in .zero } } }
        for (layer, units) in outputs.enumerated() {
            for (unit, value) in units.enumerated() { sums.outputs[layer][unit] += SIMD2(value, value * value) }
        }
    }
}

extension NetworkActivity {
    var findings: [Finding] { [saturatedGates] + (hasLimit ? [updatesAtLimit] : []) + [deadUnits] }

    private static let gateNames = ["input", "candidate", "forget", "output"]

    private var saturatedGates: Finding {
        var numbers: [String: Double] = [:]
        var worst = (name: "", share: -1.0, shut: true)
        for (layer, gates) in saturation.enumerated() {
            for (gate, ends) in gates.enumerated() {
                let name = "layer \(layer + 1)'s \(Self.gateNames[gate])"
                let key = "lstm\(layer + 1)_\(Self.gateNames[gate])"
                numbers["\(key)_low"] = ends[0]
                numbers["\(key)_high"] = ends[1]
                let share = ends.sum()
                if share > worst.share { worst = (name, share, ends[0] > ends[1]) }
            }
        }
        let all = saturation.joined().map { $0.sum() }
        let mean = all.reduce(0, +) / Double(all.count)
        let text =
            worst.share >= 0.001
            ? "\(percentText(mean)) of all, at most \(percentText(worst.share)): \(worst.name), "
                + (worst.name.hasSuffix("candidate") ? "at tanh's ends" : worst.shut ? "shut" : "open")
            : worst.share > 0 ? "under 0.1 % of every gate" : "none"
        numbers["mean"] = mean
        return Finding(
            "saturated gates", text, Verdict.above(worst.share, look: 0.5, bad: 0.9), numbers: numbers,
            advice:
                "No gradient passes there: lower --meta-learning-rate, or begin again; weights have grown too large.")
    }

    private var updatesAtLimit: Finding {
        Finding(
            "tanh limit", atLimit > 0 ? "\(percentText(atLimit)) of updates are at it" : "no update is at it",
            Verdict.above(atLimit, look: 0.2, bad: 0.7), numbers: ["share": atLimit],
            advice: "It only says plus or minus: the step α is too small for these tasks, or the read-out has grown "
                + "too large.")
    }

    /// Units whose output has a standard deviation under a thousandth of their layer's largest, or of nearly nothing.
    private var deadUnits: Finding {
        let names =
            (deviations.count > saturation.count ? ["projection"] : []) + saturation.indices.map { "lstm\($0 + 1)" }
        let dead = deviations.map { layer in
            let limit = max(1e-3 * (layer.max() ?? 0), 1e-7)
            return layer.count { $0 < limit }
        }
        let numbers = Dictionary(uniqueKeysWithValues: zip(names, dead.map(Double.init)))
        let places = zip(names, zip(dead, deviations)).filter { $1.0 > 0 }.map { "\($1.0) of \($1.1.count) in \($0)" }
        let share = zip(dead, deviations).map { Double($0) / Double($1.count) }.max() ?? 0
        return Finding(
            "dead units", places.isEmpty ? "none" : places.joined(separator: ", "),
            share > 0.5 ? .bad : share > 0 ? .look : .fine, numbers: numbers,
            advice: "Their output hardly moves, so they neither help nor learn: begin again with another --seed or a "
                + "lower --meta-learning-rate.")
    }
}
