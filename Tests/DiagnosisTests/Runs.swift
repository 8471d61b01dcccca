import Diagnosis
import Files
import Foundation
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Testing

/// A fresh folder that is removed again.
func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// The paper's kind of task, small.
let smallTask = Combined(
    RandomScaling(Quadratic(dimension: 37), range: 3), RandomScaling(Convex(dimension: 5), range: 1))

func smallPlan(_ change: (inout MetaTrainingPlan) -> Void = { _ in }) -> MetaTrainingPlan {
    var plan = MetaTrainingPlan.rnnpropPaper
    plan.truncation = FixedTruncation(horizon: 12, unroll: 4)
    plan.metaOptimizer.rate = 1e-3
    change(&plan)
    return plan
}

/// Trains in a folder; a run that gives up has saved what it had.
func train<Learned: LearnedOptimizer>(
    _: Learned.Type, _ folder: String, iterations: Int, plan: MetaTrainingPlan = smallPlan(),
    optimizee: any Optimizee = smallTask
) throws {
    let run = try MetaTrainingRun(
        optimizer: Learned(key: MetaTrainingBranch.initialWeights.key(seed: 1)), tasks: OneOptimizee(optimizee),
        plan: plan, seed: 1, saving: MetaTrainingSaving(folder: folder), resumes: false)
    try? run.run(until: iterations, shouldStop: { false }, report: { _, _ in })
}

/// Examines a run on a small task.
func diagnose(_ folder: String, optimizee: any Optimizee = smallTask, tasks: Int = 4) throws -> Diagnosis {
    try Diagnosis(ofRunIn: folder, tasks: tasks) { name in
        #expect(name == optimizee.name)
        return OneOptimizee(optimizee)
    }
}

extension Diagnosis {
    subscript(check: String) -> Finding? { findings.first { $0.check == check } }
}

/// Rewrites the weights of a run's checkpoint: `change` gets each tensor's name, an index in it and the value.
func alter(_ folder: String, _ change: (String, Int, Float) -> Float) throws {
    let path = "\(folder)/latest.safetensors"
    let checkpoint = try Checkpoint<RNNprop>(path: path)
    let weights = checkpoint.optimizer.weights
    let altered = LearnedWeights(RNNprop.descriptor, size: 20, constants: weights.constants) { name in
        weights[name].enumerated().map { change(name, $0, $1) }
    }
    try Checkpoint(
        optimizer: RNNprop(weights: altered), state: checkpoint.state, configuration: checkpoint.configuration
    ).file().write(to: path)
}

/// Replaces the run's log by one with these losses.
func log(_ folder: String, losses: [Double?], norm: Double = 1) throws {
    let lines = losses.enumerated().map { index, loss in
        let text = loss.map { "\($0)" } ?? "null"
        return "{\"iteration\":\(index + 1),\"meta_loss\":\(text),\"period_losses\":[\(text)],"
            + "\"gradient_norms\":[\(norm)],\"seconds\":\(index),\"skipped\":0}\n"
    }
    try writeFileAtomically("\(folder)/metrics.jsonl", text: lines.joined())
}

/// Falls off to NaN at once.
struct Cliff: Optimizee {
    let name = "cliff"
    let shapes = [ParameterShape("x", [20])]
    func instance(key: RandomKey) -> any OptimizeeInstance { Instance() }

    final class Instance: OptimizeeInstance {
        let initialParameters = [Float](repeating: 1, count: 20)
        func loss(at step: Int, parameters: Span<Float>) -> Float { .nan }
        func lossAndGradient(at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>) -> Float {
            for index in 0..<gradient.count { gradient[index] = .nan }
            return .nan
        }
    }
}
