import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

/// A rule that looks at whole tensors, with weights that make all of its parts count.
struct TensorRule: Sendable, CustomTestStringConvertible {
    let make: @Sendable (_ hidden: Int) -> any FirstOrderLearnedOptimizer
    let testDescription: String

    static let all = [
        TensorRule(make: { livelySmallFC(hidden: $0, seed: UInt64($0)) }, testDescription: SmallFC.kind),
        TensorRule(make: { livelyGateprop(hidden: $0, seed: UInt64($0)) }, testDescription: Gateprop.kind),
    ]
}

@Suite("Rules that look at tensors") struct TensorRuleTests {
    @Test(
        "Tensors of every shape are stepped like in double precision", arguments: TensorRule.all, [1, 4, 6])
    func shapes(rule: TensorRule, hidden: Int) throws {
        try expectAgreement(rule.make(hidden))
    }

    private func expectAgreement(_ optimizer: some LearnedOptimizer) throws {
        let reference = try #require(optimizer.reference)
        try expectAgreement(optimizer, reference)
    }

    private func expectAgreement(_ optimizer: some LearnedOptimizer, _ reference: some ReferenceRule) throws {
        var single = startingParameters(oddLayout.count)
        var double = single.map { Double($0) }
        var (state, memory) = (
            optimizer.initialState(for: oddLayout), reference.initialState(for: oddLayout)
        )
        var size = 0.0
        for row in gradientRows(12, oddLayout.count) {
            optimizer.update(&single, gradient: row, loss: nil, state: &state)
            let changes = reference.update(&memory, parameters: double, gradient: row.map { Double($0) })
            size = max(size, changes.reduce(0) { max($0, abs($1)) })
            double = zip(double, changes).map { $0 + $1 }
        }
        #expect(size > 3e-4)
        for (shape, range) in zip(oddLayout.shapes, oddLayout.ranges) {
            let error = largest(single[range].map { Double($0) }, Array(double[range]))
            // Parameters themselves are rounded.
            #expect(error < 3e-4 * size + 2e-7, "\(shape.dimensions): \(error) of \(size)")
        }
    }

    @Test(
        "The same bits for every number of threads: parameters and meta-gradient", arguments: TensorRule.all)
    func threads(rule: TensorRule) {
        let (optimizer, rows) = (rule.make(5), gradientRows(8, oddLayout.count))
        let runs = [1, 2, 3, 7].map { threads in
            Threads(threads).run { TensorRuleRun(optimizer, oddLayout, rows, lossWeights: [0, 0.5, 0.25, 1]) }
        }
        for run in runs.dropFirst() {
            #expect(run.parameters == runs[0].parameters)
            #expect(run.metaGradient == runs[0].metaGradient)
        }
    }

    @Test(
        "A NaN gradient spoils its own tensor, and the meta-gradient, but no other tensor",
        arguments: TensorRule.all)
    func nan(rule: TensorRule) {
        let (optimizer, rows) = (rule.make(4), gradientRows(6, oddLayout.count))
        let clean = TensorRuleRun(optimizer, oddLayout, rows, lossWeights: [1, 1, 1])
        for (shape, range) in zip(oddLayout.shapes, oddLayout.ranges) where !range.isEmpty {
            var spoiled = rows
            spoiled[3][range.upperBound - 1] = .nan
            let run = TensorRuleRun(optimizer, oddLayout, spoiled, lossWeights: [1, 1, 1])
            #expect(run.parameters[range].contains { $0.isNaN }, "\(shape.dimensions)")
            #expect(run.metaGradient.contains { $0.isNaN })
            for other in oddLayout.ranges where other != range {
                #expect(run.parameters[other].allSatisfy { $0.isFinite })
                // Gateprop knows how large the whole gradient was.
                guard optimizer is SmallFC else { continue }
                #expect(run.parameters[other] == clean.parameters[other])
            }
        }
    }

    @Test(
        "A run that is continued from a file has the bits of one that was not, for tensors of every shape",
        arguments: TensorRule.all)
    func continues(rule: TensorRule) throws { try expectContinuation(rule.make(4)) }

    private func expectContinuation(_ optimizer: some LearnedOptimizer) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors")
            .path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let rows = gradientRows(6, oddLayout.count)
        var (whole, state) = (startingParameters(oddLayout.count), optimizer.initialState(for: oddLayout))
        for row in rows[..<3] { optimizer.update(&whole, gradient: row, state: &state) }
        try optimizer.save(state, for: oddLayout, to: path)
        var (parts, loaded) = (whole, try optimizer.loadState(path: path, for: oddLayout))
        for row in rows[3...] {
            optimizer.update(&whole, gradient: row, state: &state)
            optimizer.update(&parts, gradient: row, state: &loaded)
        }
        #expect(parts == whole && optimizer.record(loaded) == optimizer.record(state))
        let turned = ParameterLayout(oddLayout.shapes.map { ParameterShape($0.name, $0.dimensions.reversed()) })
        #expect(throws: InputError.self) { try optimizer.loadState(path: path, for: turned) }
    }

    @Test(
        "The meta-gradient agrees with finite differences in double precision, in every tensor of weights",
        arguments: TensorRule.all, [3, 4, 9])
    func finiteDifferences(rule: TensorRule, hidden: Int) throws {
        let optimizer = rule.make(hidden)
        let reference = try #require(optimizer.reference)
        try expectDerivative(optimizer, reference)
    }

    private func expectDerivative(
        _ optimizer: some FirstOrderLearnedOptimizer, _ reference: some ReferenceRule
    ) throws {
        let layout = ParameterLayout(
            [[5, 4], [3, 2, 4], [6], [], [1, 3]].enumerated().map { ParameterShape("t\($0)", $1) })
        let rows = gradientRows(9, layout.count)
        let lossWeights: [Float] = [0.5, 0, 1, 0.25, 2]
        let run = TensorRuleRun(optimizer, layout, rows, lossWeights: lossWeights)

        let doubles = rows.map { $0.map { Double($0) } }
        var memory = reference.initialState(for: layout)
        var position = startingParameters(layout.count).map { Double($0) }
        _ = reference.updates(&memory, parameters: &position, gradients: Array(doubles[..<4]))
        let start = memory
        var path: [[Double]] = []
        for row in doubles[4...] {
            path.append(position)
            _ = reference.updates(&memory, parameters: &position, gradients: [row])
        }
        let positions = path
        @Sendable func loss(_ index: Int, _ change: Double) -> Double {
            var moved = reference
            moved.weights[index] += change
            return moved.surrogate(
                from: start, parameters: positions, gradients: Array(doubles[4...]),
                lossWeights: lossWeights.map { Double($0) })
        }
        let rates = parallelMap(reference.weights.count) { index in
            (loss(index, 1e-6) - loss(index, -1e-6)) / 2e-6
        }
        let weights = optimizer.weights
        let shapes = try RuleRegister.named(weights.kind).tensors(weights.size)
        for (shape, range) in zip(shapes, ParameterLayout(shapes).ranges) {
            let size = rates[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
            let error = zip(rates[range], run.metaGradient[range])
                .reduce(0) { $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1)) }.squareRoot()
            #expect(size > 0, "\(shape.name)")
            #expect(error < 1e-4 * size, "\(shape.name): \(error) of \(size)")
        }
    }
}
