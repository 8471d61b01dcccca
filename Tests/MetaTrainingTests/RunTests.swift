import Files
import Foundation
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Optimizers
import Testing

private func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// The paper's kind of task, small.
private let task = Combined(
    RandomScaling(Quadratic(dimension: 37), range: 3), RandomScaling(Convex(dimension: 5), range: 1))

private func smallPlan(_ change: (inout MetaTrainingPlan) -> Void = { _ in }) -> MetaTrainingPlan {
    var plan = MetaTrainingPlan.rnnpropPaper
    plan.truncation = FixedTruncation(horizon: 12, unroll: 4)
    plan.metaOptimizer.rate = 1e-3
    change(&plan)
    return plan
}

private func start(
    _ folder: String, _ plan: MetaTrainingPlan = smallPlan(), optimizee: any Optimizee = task,
    resumes: Bool = false, change: (inout MetaTrainingSaving) -> Void = { _ in }
) throws -> MetaTrainingRun<RNNprop> {
    var saving = MetaTrainingSaving(folder: folder)
    saving.latestEvery = 2
    saving.checkpointEvery = 4
    change(&saving)
    return try MetaTrainingRun(
        optimizer: RNNprop(key: RandomKey(seed: 1)), tasks: OneOptimizee(optimizee), plan: plan, seed: 1,
        saving: saving, resumes: resumes)
}

/// Every file of a run; of the metrics all but the seconds, which differ from run to run.
private func content(_ folder: String) throws -> [String: String] {
    var files: [String: String] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
        let bytes = try readFile("\(folder)/\(name)")
        files[name] =
            name == "metrics.jsonl"
            ? String(decoding: bytes, as: UTF8.self).replacing(#/"seconds":[^,]*/#, with: "")
            : Data(bytes).base64EncodedString()
    }
    return files
}

@Suite(.serialized) struct RunTests {
    @Test("A run that is stopped and continued leaves the files of one that was not", arguments: [1, 3, 4, 7])
    func resume(stop: Int) throws {
        try withTemporaryFolder { whole in
            try withTemporaryFolder { broken in
                let first = try start(whole)
                try first.run(until: 9, shouldStop: { false }, report: { _, _ in })
                var done = 0
                do {
                    let second = try start(broken)
                    try second.run(until: 9, shouldStop: { done == stop }, report: { _, _ in done += 1 })
                }
                #expect(done == stop)
                let third = try start(broken, resumes: true)
                #expect(third.trainer.state.iteration == stop)
                try third.run(until: 9, shouldStop: { false }, report: { _, _ in })
                #expect(try content(broken) == content(whole))
            }
        }
    }

    @Test(
        "A run in bfloat16 continues in bfloat16, bit for bit, and not in single precision",
        .enabled(if: Kernels.bfloat16 != nil, "this processor has no AVX512_BF16"))
    func resumeInBFloat16() throws {
        let bfloat16 = smallPlan { $0.factors = .bfloat16 }
        try withTemporaryFolder { whole in
            try withTemporaryFolder { broken in
                let first = try start(whole, bfloat16)
                try first.run(until: 5, shouldStop: { false }, report: { _, _ in })
                do {
                    let second = try start(broken, bfloat16)
                    try second.run(until: 3, shouldStop: { false }, report: { _, _ in })
                }
                #expect(throws: InputError.self) { try start(broken, resumes: true) }
                let third = try start(broken, bfloat16, resumes: true)
                try third.run(until: 5, shouldStop: { false }, report: { _, _ in })
                let learned = [first, third].map(\.trainer.optimizer.metaParameters)
                #expect(learned[0] == learned[1])
                let single = MetaTrainer(
                    optimizer: RNNprop(key: RandomKey(seed: 1)), tasks: OneOptimizee(task), plan: smallPlan())
                for _ in 0..<5 { _ = single.iterate() }
                #expect(single.optimizer.metaParameters != learned[0])
            }
        }
    }

    @Test("A run that dies between two savings repeats what was lost")
    func death() throws {
        try withTemporaryFolder { whole in
            try withTemporaryFolder { broken in
                let first = try start(whole)
                try first.run(until: 8, shouldStop: { false }, report: { _, _ in })
                // As if killed while the fourth iteration's line was being written; the last saving was after the second.
                do {
                    let second = try start(broken)
                    var done = 0
                    try second.run(until: 8, shouldStop: { done == 2 }, report: { _, _ in done += 1 })
                }
                let log = try readFile("\(broken)/metrics.jsonl")
                let lines = try readFile("\(whole)/metrics.jsonl").split(separator: UInt8(ascii: "\n"))
                let torn = log + lines[2] + [UInt8(ascii: "\n")] + lines[3].prefix(20)
                try writeFileAtomically("\(broken)/metrics.jsonl", torn)
                let third = try start(broken, resumes: true)
                try third.run(until: 8, shouldStop: { false }, report: { _, _ in })
                #expect(try content(broken) == content(whole))
            }
        }
    }

    @Test("Threads make no difference", arguments: [1, 3])
    func threads(metaBatch: Int) {
        let results = [1, 2, 5].map { threads in
            Threads(threads).run {
                let trainer = MetaTrainer(
                    optimizer: RNNprop(key: RandomKey(seed: 2)),
                    tasks: OneOptimizee(RandomScaling(Quadratic(dimension: 3001), range: 3)),
                    plan: smallPlan { $0.metaBatch = metaBatch })
                let losses = (0..<3).map { _ in trainer.iterate().metaLoss }
                return losses.map { Float($0) } + trainer.optimizer.metaParameters
            }
        }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    @Test("Training lowers the meta-loss", arguments: [1, 2])
    func learns(backwardStride: Int) {
        let trainer = MetaTrainer(
            optimizer: RNNprop(key: RandomKey(seed: 3)), tasks: OneOptimizee(task),
            plan: smallPlan { $0.estimator = FirstOrder(backwardStride: backwardStride) })
        let untrained = trainer.validationLoss()
        for _ in 0..<150 { _ = trainer.iterate() }
        #expect(trainer.validationLoss() < 0.5 * untrained)
    }

    @Test("A sampled meta-gradient is right on average")
    func sampling() {
        let count = 1000
        let optimizer = RNNprop(key: RandomKey(seed: 4))
        var stream = RandomStream(RandomKey(seed: 5))
        var gradients = AlignedFloats(count: 4 * count)
        gradients.withMutablePointer { pointer in
            for index in 0..<4 * count { pointer[index] = stream.normal() }
        }
        let state = optimizer.initialState(parameterCount: count)
        func gradient(_ sample: CoordinateSample) -> [Float] {
            optimizer.metaGradient(
                of: RecordedPeriod(
                    startState: state, startParameters: [Float](repeating: 0, count: count), gradients: gradients,
                    lossWeights: [0, 0, 0, 1]), sample: sample)
        }
        let whole = gradient(.all)
        let parts = (0..<4).map { gradient(CoordinateSample(stride: 4, offset: $0)) }
        let size = whole.map { $0 * $0 }.reduce(0, +).squareRoot()
        for index in whole.indices {
            let mean = parts.reduce(0) { $0 + $1[index] } / 4
            #expect(abs(mean - whole[index]) < 1e-5 * size)
        }
    }

    @Test("Meta-gradients that are not finite are skipped, counted, and in the end too many")
    func divergence() throws {
        try withTemporaryFolder { folder in
            let run = try start(folder, smallPlan { $0.patience = 7 }, optimizee: Cliff())
            let before = run.trainer.optimizer.metaParameters
            var skipped = 0
            let error = #expect(throws: InputError.self) {
                try run.run(until: 100, shouldStop: { false }) { iteration, _ in skipped += iteration.skipped }
            }
            #expect(skipped == 9 && run.trainer.state.skipped == 9)
            #expect(run.trainer.optimizer.metaParameters == before)
            #expect(error?.description.contains("--meta-learning-rate") == true)
            #expect(try MetaTrainingMetrics.read(folder: folder).count == 3)
            #expect(try MetaTrainingMetrics.read(folder: folder).allSatisfy { $0.metaLoss == nil })
        }
    }

    @Test("A folder that holds a run, or none, or another one is refused")
    func refusals() throws {
        try withTemporaryFolder { folder in
            #expect(throws: InputError.self) { try start(folder, resumes: true) }
            let weights: SafetensorsFile
            do {
                let run = try start(folder)
                try run.run(until: 2, shouldStop: { false }, report: { _, _ in })
                weights = run.trainer.optimizer.weights.safetensors()
            }
            #expect(throws: InputError.self) { try start(folder) }
            #expect(throws: InputError.self) {
                try start(folder, smallPlan { $0.truncation.unroll = 6 }, resumes: true)
            }
            #expect(throws: InputError.self) { try Checkpoint<DMoptimizer>(path: "\(folder)/latest.safetensors") }
            try weights.write(to: "\(folder)/latest.safetensors")
            #expect(throws: InputError.self) { try start(folder, resumes: true) }
        }
    }

    @Test("Two runs in one folder do not mix: the second is told so, and changes nothing", arguments: [true, false])
    func oneAtATime(resumes: Bool) throws {
        try withTemporaryFolder { whole in
            try withTemporaryFolder { folder in
                let undisturbed = try start(whole)
                try undisturbed.run(until: 8, shouldStop: { false }, report: { _, _ in })
                let run = try start(folder)
                try run.run(until: 4, shouldStop: { false }, report: { _, _ in })
                let error = #expect(throws: InputError.self) { try start(folder, resumes: resumes) }
                #expect(
                    error?.description == "\(folder): another run is under way in it; "
                        + "wait until it has ended, or choose another folder")
                try run.run(until: 8, shouldStop: { false }, report: { _, _ in })
                #expect(try content(folder) == content(whole))
            }
        }
    }

    @Test("A run is not continued on other data")
    func otherData() throws {
        try withTemporaryFolder { folder in
            _ = try start(folder, optimizee: TaskOnData(dataFingerprint: "one"))
            _ = try start(folder, optimizee: TaskOnData(dataFingerprint: "one"), resumes: true)
            let error = #expect(throws: InputError.self) {
                try start(folder, optimizee: TaskOnData(dataFingerprint: "two"), resumes: true)
            }
            #expect(error?.description.contains("was made with data = one, not two") == true)
        }
    }
}

/// The task, with data behind it.
private struct TaskOnData: Optimizee {
    let dataFingerprint: String?
    var name: String { task.name }
    var shapes: [ParameterShape] { task.shapes }
    func instance(key: RandomKey) -> any OptimizeeInstance { task.instance(key: key) }
}

/// Falls off to NaN at once.
private struct Cliff: Optimizee {
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
