import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizees
import Optimizers
import Testing

/// What a host process does that stops in between: parameters and state go to files, and a new process goes on.
@Suite("Runs that are continued from files")
struct ContinuedRunTests {
    private static let specifications = [
        "rnnprop", "rnnprop:state=half", "rnnprop-paper", "adam", "adam:cosine=50,warmup=30", "nesterov",
        "nadam", "nadamw:rsqrt=20,warmup=30", "seed-rule",
    ]
    private let key = RandomKey(seed: 4).child(2)

    /// Made afresh for each part of a run.
    private var optimizee: SineLSTM { SineLSTM(hiddenSize: 5, layers: 2, batchSize: 8) }

    /// Takes some steps; returns their losses and leaves parameters and state behind the last.
    private func advance<O: Optimizer>(
        _ optimizer: O, _ parameters: inout [Float], _ state: inout O.State, _ steps: Range<Int>
    ) -> [Float] {
        let instance = optimizee.instance(key: key)
        var gradient = parameters
        return steps.map { step in
            var span = gradient.mutableSpan
            let loss = instance.lossAndGradient(at: step, parameters: parameters.span, gradient: &span)
            optimizer.update(&parameters, gradient: gradient, loss: loss, state: &state)
            return loss
        }
    }

    private func begin(_ optimizer: some Optimizer, _ steps: Range<Int>, savingTo folder: String? = nil) throws
        -> [Float]
    {
        let layout = optimizee.layout
        var parameters = optimizee.instance(key: key).initialParameters
        var state = optimizer.initialState(for: layout)
        let losses = advance(optimizer, &parameters, &state, steps)
        if let folder {
            let tensors = zip(layout.shapes, layout.ranges).map { shape, range in
                Tensor(shape.name, shape: shape.dimensions, values: Array(parameters[range]))
            }
            try SafetensorsFile(tensors).write(to: "\(folder)/parameters.safetensors")
            try optimizer.save(state, for: layout, to: "\(folder)/state.safetensors")
        }
        return losses
    }

    private func goOn(_ optimizer: some Optimizer, _ steps: Range<Int>, from folder: String) throws -> [Float] {
        let layout = optimizee.layout
        let file = try SafetensorsFile(path: "\(folder)/parameters.safetensors")
        var parameters = try layout.shapes.flatMap { try #require(file[$0.name]).values }
        var state = try optimizer.loadState(path: "\(folder)/state.safetensors", for: layout)
        return advance(optimizer, &parameters, &state, steps)
    }

    @Test(
        "Saved at step 20 and gone on with from files alone, all 60 losses are the same bits",
        arguments: specifications)
    func continues(_ specification: String) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString)").path
        try makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func optimizer() throws -> any Optimizer { try OptimizerSpecification(specification).optimizer() }
        let whole = try begin(try optimizer(), 0..<60)
        let parts =
            try begin(try optimizer(), 0..<20, savingTo: folder) + goOn(try optimizer(), 20..<60, from: folder)
        #expect(parts.map(\.bitPattern) == whole.map(\.bitPattern))
        // Forgetting what was remembered is something else.
        let forgetful = try goOnWithoutState(try optimizer(), 20..<60, from: folder)
        #expect(forgetful != Array(whole[20...]))
    }

    private func goOnWithoutState(_ optimizer: some Optimizer, _ steps: Range<Int>, from folder: String) throws
        -> [Float]
    {
        try optimizer.save(
            optimizer.initialState(for: optimizee.layout), for: optimizee.layout, to: "\(folder)/state.safetensors")
        return try goOn(optimizer, steps, from: folder)
    }
}
