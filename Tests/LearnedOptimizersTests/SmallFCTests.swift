import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

private let needsFolder: Comment = "no data of the authors' own program: name their folder in L2O_GOLDEN_DIR"

/// Every number of dimensions, nothing in some, one element in others, axes of equal length, and more than one chunk.
private let oddLayout = ParameterLayout(
    [
        [], [0], [1], [7], [64], [1025], [0, 5], [3, 0, 2], [1, 1], [1, 7], [9, 1], [5, 5], [2, 3, 4], [4, 3, 2],
        [3, 4, 3], [3, 3, 6, 5], [6, 5, 3, 3], [2, 1, 2, 1, 3], [70, 33], [33, 70],
    ].enumerated().map { ParameterShape("t\($0)", $1) })

/// One with weights that make all of its parts count: decays that are shifted, and a large second output.
private func lively(hidden: Int, seed: UInt64 = 1) -> SmallFC {
    let drawn = SmallFC(key: RandomKey(seed: seed), hidden: hidden).weights
    var stream = RandomStream(RandomKey(seed: seed).child(1))
    return SmallFC(
        weights: LearnedWeights(SmallFC.descriptor, size: hidden) { name in
            drawn[name].enumerated().map { index, value in
                switch name {
                case "readout.weight": value * (index % 2 == 0 ? 2 : 300)
                case let name where name.hasPrefix("decays"): stream.uniform(in: -0.05...0.05)
                case let name where name.hasSuffix("bias"): 0.3 + 0.1 * stream.normal()
                default: value
                }
            }
        })
}

private func gradients(_ steps: Int, _ count: Int, seed: UInt64 = 5) -> [[Float]] {
    var stream = RandomStream(RandomKey(seed: seed))
    return (0..<steps).map { _ in
        let size = exp(stream.uniform(in: -6...1))
        return (0..<count).map { _ in size * stream.normal() }
    }
}

private func largest(_ first: [Double], _ second: [Double]) -> Double {
    zip(first, second).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

/// A run, and the meta-gradient of its second half.
private struct RecordedHalf {
    var parameters: [Float]
    var start: SmallFC.State
    var startParameters: [Float]
    var metaGradient: [Float]

    init(_ optimizer: SmallFC, _ layout: ParameterLayout, _ rows: [[Float]], lossWeights: [Float]) {
        var stream = RandomStream(RandomKey(seed: 77))
        parameters = (0..<layout.count).map { _ in 0.1 * stream.normal() }
        var state = optimizer.initialState(for: layout)
        (start, startParameters) = (state, parameters)
        let period = rows.suffix(lossWeights.count)
        for (index, row) in rows.enumerated() {
            if index == period.startIndex { (start, startParameters) = (state, parameters) }
            optimizer.update(&parameters, gradient: row, loss: 1, state: &state)
        }
        metaGradient = optimizer.metaGradient(
            of: RecordedPeriod(
                startState: start, startParameters: startParameters, gradients: AlignedFloats(period.flatMap(\.self)),
                lossWeights: lossWeights), sample: .all)
    }
}

@Suite("small_fc_lopt") struct SmallFCTests {
    // MARK: The authors' own program

    @Test("Double precision agrees with the authors' program in double precision", arguments: [4, 32])
    func reference(hidden: Int) throws { try checkReference(try SmallFCGolden(fixtureOf: hidden)) }

    @Test(
        "… at every step, parameters and features", .enabled(if: SmallFCGolden.folder != nil, needsFolder),
        arguments: [4, 32])
    func wholeReference(hidden: Int) throws {
        try checkReference(try SmallFCGolden(hidden: hidden, precision: "f64"))
    }

    private func checkReference(_ golden: SmallFCGolden) throws {
        let rule = try #require(try golden.optimizer().reference as? SmallFCReference)
        var parameters = try #require(golden.parameters(0))
        var state = rule.initialState(for: SmallFCGolden.layout)
        var compared = 0
        for step in 1...SmallFCGolden.steps {
            let (changes, features) = rule.step(
                &state, parameters: parameters, gradient: try golden.gradient(step))
            parameters = zip(parameters, changes).map { $0 + $1 }
            if let expected = golden.features(step) {
                #expect(largest(features.flatMap(\.self), expected.flatMap(\.self)) < 1e-10, "step \(step)")
                compared += 1
            }
            if let expected = golden.parameters(step) {
                #expect(largest(parameters, expected) < 1e-12, "step \(step)")
                compared += 1
            }
        }
        #expect(compared >= 4)
    }

    @Test("Single precision agrees with the authors' program in double precision", arguments: [4, 32])
    func single(hidden: Int) throws { try checkSingle(try SmallFCGolden(fixtureOf: hidden)) }

    @Test(
        "… and with theirs in single precision, at every step",
        .enabled(if: SmallFCGolden.folder != nil, needsFolder),
        arguments: [4, 32])
    func wholeSingle(hidden: Int) throws { try checkSingle(try SmallFCGolden(hidden: hidden, precision: "f32")) }

    /// The tolerances are five times what their single precision is from their double precision.
    private func checkSingle(_ golden: SmallFCGolden) throws {
        let optimizer = try golden.optimizer()
        var parameters = try #require(golden.parameters(0)).map { Float($0) }
        var state = optimizer.initialState(for: SmallFCGolden.layout)
        for step in 1...SmallFCGolden.steps {
            let gradient = try golden.gradient(step).map { Float($0) }
            if let expected = golden.features(step) {
                let features = optimizer.features(parameters: parameters, gradient: gradient, state: state)
                let error = largest(
                    features.joined().map { Double($0) }, expected.flatMap { $0.prefix(28) })
                // What parts single from double precision is mostly 1 − 0.999, formed in single precision.
                #expect(error < (golden.isDouble ? 1e-4 : 5e-6), "step \(step)")
            }
            optimizer.update(&parameters, gradient: gradient, loss: 1, state: &state)
            if let expected = golden.parameters(step) {
                let error = largest(parameters.map { Double($0) }, expected)
                #expect(error < (golden.hidden == 4 ? 5e-7 : 7e-7), "step \(step)")
            }
        }
    }

    @Test("Weights by the authors' names load without being told what they are", arguments: [4, 32])
    func conventions(hidden: Int) throws {
        let golden = try SmallFCGolden(fixtureOf: hidden)
        let file = golden.weightFile()
        #expect(try LearnedWeights.convention(of: file, path: "x").name == "learned_optimization")
        let weights = try LearnedWeights(file, path: "x")
        #expect(weights.kind == "small-fc-lopt" && weights.size == hidden)
        #expect(weights["hidden1.weight"] == file["weights/mlp/w0"]?.values)
        #expect(weights["decays.factored"] == file["weights/theta/adafactor_decays"]?.values)
        let own = try LearnedWeights(weights.safetensors(), path: "x")
        #expect(own == weights)
        #expect(SmallFC(weights: own).metaParameters.count == 197 + (hidden == 4 ? 0 : 2212))
    }

    // MARK: Any tensors

    @Test("Tensors of every shape are stepped like in double precision", arguments: [1, 4, 6])
    func shapes(hidden: Int) throws {
        let optimizer = lively(hidden: hidden)
        let rule = try #require(optimizer.reference as? SmallFCReference)
        let rows = gradients(12, oddLayout.count)
        var (single, double) = ([Float](repeating: 0.1, count: oddLayout.count), [Double]())
        double = single.map { Double($0) }
        var (state, memory) = (optimizer.initialState(for: oddLayout), rule.initialState(for: oddLayout))
        var size = 0.0
        for row in rows {
            optimizer.update(&single, gradient: row, loss: nil, state: &state)
            let changes = rule.update(&memory, parameters: double, gradient: row.map { Double($0) })
            size = max(size, changes.reduce(0) { max($0, abs($1)) })
            double = zip(double, changes).map { $0 + $1 }
        }
        #expect(size > 3e-4)
        for (shape, range) in zip(oddLayout.shapes, oddLayout.ranges) {
            let error = largest(single[range].map { Double($0) }, Array(double[range]))
            #expect(error < 3e-4 * size, "\(shape.dimensions)")
        }
    }

    @Test("The same bits for every number of threads: parameters and meta-gradient")
    func threads() {
        let (optimizer, rows) = (lively(hidden: 5), gradients(8, oddLayout.count))
        let runs = [1, 2, 3, 7].map { threads in
            Threads(threads).run { RecordedHalf(optimizer, oddLayout, rows, lossWeights: [0, 0.5, 0.25, 1]) }
        }
        for run in runs.dropFirst() {
            #expect(run.parameters == runs[0].parameters)
            #expect(run.metaGradient == runs[0].metaGradient)
        }
    }

    @Test("A NaN gradient spoils its own tensor, and the meta-gradient, but no other tensor")
    func nan() {
        let (optimizer, rows) = (lively(hidden: 4), gradients(6, oddLayout.count))
        let clean = RecordedHalf(optimizer, oddLayout, rows, lossWeights: [1, 1, 1])
        for (shape, range) in zip(oddLayout.shapes, oddLayout.ranges) where !range.isEmpty {
            var spoiled = rows
            spoiled[3][range.upperBound - 1] = .nan
            let run = RecordedHalf(optimizer, oddLayout, spoiled, lossWeights: [1, 1, 1])
            #expect(run.parameters[range].contains { $0.isNaN }, "\(shape.dimensions)")
            #expect(run.metaGradient.contains { $0.isNaN })
            for other in oddLayout.ranges where other != range {
                #expect(run.parameters[other] == clean.parameters[other])
            }
        }
    }

    @Test("A run that is continued from a file has the bits of one that was not, for tensors of every shape")
    func continues() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors")
            .path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (optimizer, rows) = (lively(hidden: 4), gradients(6, oddLayout.count))
        var (whole, state) = ([Float](repeating: 0.1, count: oddLayout.count), optimizer.initialState(for: oddLayout))
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

    @Test("Untrained weights are drawn as the authors draw them, and move parameters by about a thousandth")
    func untrained() {
        let weights = SmallFC(key: RandomKey(seed: 3), hidden: 32).weights
        for (name, inputs) in [("hidden1", 39.0), ("hidden2", 32), ("readout", 32)] {
            let values = weights["\(name).weight"].map { Double($0) * inputs.squareRoot() }
            #expect(values.allSatisfy { abs($0) <= 2 })
            let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
            // That of a normal cut off at two standard deviations is 0.774.
            #expect(abs(variance - 0.774) < 0.35, "\(name): \(variance)")
            #expect(weights["\(name).bias"].allSatisfy { $0 == 0 })
        }
        #expect(weights["decays.momentum"] == [0, 0, 0] && weights["decays.factored"] == [0, 0, 0])
    }

    // MARK: Meta-gradient

    @Test(
        "The meta-gradient agrees with finite differences in double precision, in every tensor of weights",
        arguments: [3, 4, 9])
    func finiteDifferences(hidden: Int) throws {
        let layout = ParameterLayout(
            [[5, 4], [3, 2, 4], [6], [], [1, 3]].enumerated().map { ParameterShape("t\($0)", $1) })
        let optimizer = lively(hidden: hidden, seed: UInt64(hidden))
        let rule = try #require(optimizer.reference as? SmallFCReference)
        let rows = gradients(9, layout.count)
        let lossWeights: [Float] = [0.5, 0, 1, 0.25, 2]
        let run = RecordedHalf(optimizer, layout, rows, lossWeights: lossWeights)

        let doubles = rows.map { $0.map { Double($0) } }
        var (memory, position) = (rule.initialState(for: layout), [Double](repeating: 0, count: layout.count))
        var stream = RandomStream(RandomKey(seed: 77))
        position = position.map { _ in Double(0.1 * stream.normal()) }
        _ = rule.updates(&memory, parameters: &position, gradients: Array(doubles[..<4]))
        let start = memory
        var path: [[Double]] = []
        for row in doubles[4...] {
            path.append(position)
            _ = rule.updates(&memory, parameters: &position, gradients: [row])
        }
        let positions = path
        @Sendable func loss(_ index: Int, _ change: Double) -> Double {
            var moved = rule
            moved.weights[index] += change
            return moved.surrogate(
                from: start, parameters: positions, gradients: Array(doubles[4...]),
                lossWeights: lossWeights.map { Double($0) })
        }
        let rates = parallelMap(rule.weights.count) { index in
            (loss(index, 1e-6) - loss(index, -1e-6)) / 2e-6
        }
        let shapes = SmallFC.descriptor.tensors(hidden)
        for (shape, range) in zip(shapes, ParameterLayout(shapes).ranges) {
            let size = rates[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
            let error = zip(rates[range], run.metaGradient[range])
                .reduce(0) { $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1)) }.squareRoot()
            #expect(size > 0, "\(shape.name)")
            #expect(error < 1e-4 * size, "\(shape.name): \(error) of \(size)")
        }
    }
}
