import Evaluation
import Files
import Foundation
import NumericCore
import Optimizees
import Optimizers
import ResultsStore
import Synchronization

/// Random targets to be approached; counts how many of its problems were drawn.
final class Counted: Optimizee {
    let drawn = Atomic(0)
    let name: String
    let dataFingerprint: String?
    /// How long an evaluation takes.
    let microseconds: UInt32

    init(_ name: String = "counted", data: String? = nil, microseconds: UInt32 = 0) {
        self.name = name
        dataFingerprint = data
        self.microseconds = microseconds
    }

    var shapes: [ParameterShape] { [ParameterShape("x", [3])] }

    func instance(key: RandomKey) -> any OptimizeeInstance {
        drawn.wrappingAdd(1, ordering: .relaxed)
        return Instance(key, microseconds)
    }

    private final class Instance: OptimizeeInstance {
        let targets: [Float]
        let microseconds: UInt32
        let initialParameters: [Float] = [0, 0, 0]

        init(_ key: RandomKey, _ microseconds: UInt32) {
            var stream = RandomStream(key)
            targets = (0..<3).map { _ in stream.normal() }
            self.microseconds = microseconds
        }

        func loss(at step: Int, parameters: Span<Float>) -> Float {
            usleep(microseconds)
            return (0..<3).reduce(0) { $0 + (parameters[$1] - targets[$1]) * (parameters[$1] - targets[$1]) }
        }

        func lossAndGradient(at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>) -> Float {
            for i in 0..<3 { gradient[i] = 2 * (parameters[i] - targets[i]) }
            return loss(at: step, parameters: parameters)
        }

        func heldOut(parameters: Span<Float>) -> HeldOut? {
            HeldOut(loss: Double(parameters[0]), accuracy: Double(targets[0]))
        }
    }
}

/// Some that converge, and one that diverges.
let optimizers: [any Optimizer] = [SGD(learningRate: 0.1), Adam(learningRate: 0.1), SGD(learningRate: 1e20)]

func requests(
    _ optimizee: any Optimizee, steps: Int = 10, problems: Int = 4, scored: Bool = true
) -> [RunRequest] {
    optimizers.flatMap { optimizer in
        (0..<problems).map {
            var request = RunRequest(
                optimizer: optimizer, optimizee: optimizee, steps: steps, seed: .max, problem: $0)
            request.scoresHeldOut = scored
            return request
        }
    }
}

let meter = ProgressMeter(RunControl())

func open(_ folder: String, manyMachines: Bool? = nil) throws -> ResultsStore {
    try ResultsStore(path: "\(folder)/store.sqlite", version: "test", manyMachines: manyMachines)
}

/// A fresh folder that is removed again.
func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
}
