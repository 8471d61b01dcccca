import CSgemm
import Datasets
import Files
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Optimizers

/// One of our own operations, ready to run again and again.
struct Workload {
    /// Runs it once, on the threads that the job asks for.
    let run: () -> Void
    /// What the process held before the operation had anything of its own.
    let bytesBefore: Int?
}

extension Workload {
    /// RNNprop with its state in 16 bits, as jobs name it.
    static let halfState = "rnnprop+halfstate"
    /// RNNprop whose matrix products multiply in bfloat16, as jobs name it.
    static let bfloat16 = "rnnprop+bfloat16"
    /// Gateprop under a guard, as jobs name it.
    static let guarded = "gateprop+guard"

    /// Makes what a job asks for.
    /// - Throws: `InputError` where its data or its optimizer are not to be had.
    init(_ job: Job) throws {
        try Kernels.checkSelection()
        let threads = Threads(job.threads)
        let made = try threads.run { try Workload(ofJob: job) }
        self.init(run: { threads.run(made.run) }, bytesBefore: made.bytesBefore)
    }

    private init(ofJob job: Job) throws {
        switch (job.operation, job.optimizer) {
        case (.sgemm, _): self = .sgemm(rows: job.parameters, threads: job.threads)
        case (.metaIteration, RNNprop.kind): self = try .metaIteration(RNNprop.self, periods: job.periods)
        case (.metaIteration, Self.bfloat16):
            self = try .metaIteration(RNNprop.self, periods: job.periods, factors: .bfloat16)
        case (.metaIteration, DMoptimizer.kind): self = try .metaIteration(DMoptimizer.self, periods: job.periods)
        case (.step, Self.halfState):
            self = .step(SmallStateOptimizer(RNNprop(key: RandomKey(seed: 1))), parameters: job.parameters)
        case (.step, Self.bfloat16):
            let kernels = try Kernels.selected(multiplyingIn: .bfloat16)
            self = .step(RNNprop(key: RandomKey(seed: 1)).with(kernels: kernels), parameters: job.parameters)
        case (.step, Self.guarded):
            self = .step(GuardedOptimizer(Gateprop(key: RandomKey(seed: 1))), parameters: job.parameters)
        case (.gradient, _): self = .gradient(of: job.optimizer)
        case (.step, Adam.keyword): self = .step(Adam(), parameters: job.parameters)
        case (.step, _):
            let rule = try RuleRegister.named(job.optimizer).type
            self = .step(rule.init(key: RandomKey(seed: 1)), parameters: job.parameters)
        default: throw InputError(job.optimizer, "is not measured", advice: "choose rnnprop or dm")
        }
    }

    /// One update, on a gradient that stays the same; as far as they go, parameters are those of a square matrix.
    private static func step<O: Optimizer>(_ optimizer: O, parameters count: Int) -> Workload {
        var stream = RandomStream(RandomKey(seed: 0))
        var parameters = (0..<count).map { _ in 0.1 * stream.normal() }
        let gradient = (0..<count).map { _ in 0.01 * stream.normal() }
        let side = Int(Double(count).squareRoot())
        let layout = ParameterLayout([
            ParameterShape("W", [side, side]), ParameterShape("b", [count - side * side]),
        ])
        let bytesBefore = ProcessMemory.resident
        var state = optimizer.initialState(for: layout)
        return Workload(
            run: { optimizer.update(&parameters, gradient: gradient, state: &state) }, bytesBefore: bytesBefore)
    }

    /// Meta-iterations at the paper's setting: the base MLP and, for RNNprop, both of its tricks; 20 steps a period.
    private static func metaIteration<Learned: LearnedOptimizer>(
        _: Learned.Type, periods: Int, factors: Kernels.FactorPrecision = .single
    ) throws -> Workload {
        let bytesBefore = ProcessMemory.resident
        var plan = MetaTrainingPlan.paper(Learned.kind)
        plan.truncation = FixedTruncation(horizon: periods * plan.truncation.unroll, unroll: plan.truncation.unroll)
        plan.factors = factors
        guard let (name, tricks) = PaperTricks.split(plan.tasks) else {
            preconditionFailure("the paper trains on one optimizee")
        }
        let tasks = try tricks.names(around: BenchmarkData.hasMNIST ? name : "digits-mlp")
        let trainer = MetaTrainer(
            optimizer: Learned(key: MetaTrainingBranch.initialWeights.key(seed: 1)),
            tasks: try tasks.distribution(OptimizeeCatalogue(data: BenchmarkData())), plan: plan, seed: 1)
        return Workload(run: { _ = trainer.iterate() }, bytesBefore: bytesBefore)
    }

    /// The loss and gradient of a minibatch of a CNN, on images drawn at random: another minibatch each time, copied
    /// inside the clock.
    private static func gradient(of name: String) -> Workload {
        let bytesBefore = ProcessMemory.resident
        let (channels, side) = name.hasPrefix("cifar") ? (3, 32) : (1, 28)
        var stream = RandomStream(RandomKey(seed: 0))
        let count = 1000
        let bytes = (0..<count * channels * side * side).map { _ in UInt8(stream.index(below: 256)) }
        let images = LabeledImages(
            bytes: bytes[...], labels: (0..<count).map { UInt8($0 % 10) },
            pixelsPerImage: channels * side * side, classes: 10)
        let cnn = CNN(
            dataset: name, images: images, architecture: name.hasSuffix("-deep") ? .deep : .shallow,
            channels: channels)
        let instance = cnn.instance(key: RandomKey(seed: 1))
        let parameters = instance.initialParameters
        var gradient = [Float](repeating: 0, count: parameters.count)
        var step = 0
        return Workload(
            run: {
                var span = gradient.mutableSpan
                _ = instance.lossAndGradient(at: step, parameters: parameters.span, gradient: &span)
                step += 1
            }, bytesBefore: bytesBefore)
    }

    /// oneDNN's product of two square matrices, with as many of its own threads as asked for.
    private static func sgemm(rows: Int, threads: Int) -> Workload {
        let values = (0..<rows * rows).map { Float($0 % 17) / 16 }
        var product = [Float](repeating: 0, count: rows * rows)
        let size = dnnl_dim_t(rows)
        let plain = CChar(UInt8(ascii: "N"))
        return Workload(
            run: {
                omp_set_num_threads(Int32(threads))
                let status = dnnl_sgemm(
                    plain, plain, size, size, size, 1, values, size, values, size, 0, &product, size)
                precondition(status == dnnl_success, "oneDNN refused a matrix product")
            }, bytesBefore: ProcessMemory.resident)
    }
}

/// The data of the optimizees: MNIST where it is, the built-in digits else.
struct BenchmarkData: DataProvider {
    /// Whether MNIST lies where `DataFolder` looks.
    static var hasMNIST: Bool {
        (try? DataFolder.resolve()).map { MNIST.missingFiles(dataFolder: $0).isEmpty } ?? false
    }

    func mnist() throws -> ImageSplit {
        ImageSplit(training: try MNIST.load(dataFolder: DataFolder.resolve()).training)
    }

    func cifar10() throws -> ImageSplit {
        ImageSplit(training: try CIFAR10.load(dataFolder: DataFolder.resolve()).training)
    }

    func digits() throws -> ImageSplit { ImageSplit(training: Digits.generate(count: 20_000, seed: 0)) }
}
