import Datasets
import Files
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import TestSupport

/// What `Tests/Fixtures/make_period_fixture.py` wrote: a task, weights and two periods by PyTorch in float64.
struct PeriodFixture<Features: FeatureRule> {
    typealias Learned = CoordinatewiseOptimizer<Features>

    private let file: SafetensorsFile

    static var seed: UInt64 { 11 }
    static var periods: Int { 2 }
    static var unroll: Int { 20 }

    init() throws {
        file = try SafetensorsFile(path: fixturePath("period-\(Features.kind).safetensors"))
    }

    subscript(name: String) -> [Float] { file[name]!.values }

    /// The task's family, from which the library draws what the script drew.
    var optimizee: Combined {
        let pixels = file["pixels"]!
        let images = LabeledImages(
            pixels: pixels.values, labels: self["labels"].map(UInt8.init), pixelsPerImage: pixels.shape[1],
            classes: 5)
        return Combined(
            RandomScaling(MLP(dataset: "fixture", images: images, hiddenWidths: [6], batchSize: 8), range: 3),
            RandomScaling(Convex(), range: 1))
    }

    /// The task that a trainer meets first.
    var instance: any OptimizeeInstance {
        optimizee.instance(
            key: MetaTrainingBranch.training.key(seed: Self.seed).child(0).child(0))
    }

    /// The tensors of a group, such as `gradient0`, in the optimizer's flat order.
    func flat(_ group: String) -> [Float] {
        let weights = LearnedWeights(Learned.descriptor, size: 20) { self["\(group)/\($0)"] }
        return Learned(weights: weights).metaParameters
    }

    func optimizer(_ kernels: Kernels) -> Learned {
        let weights = LearnedWeights(Learned.descriptor, size: 20) { self["weights0/\($0)"] }
        return Learned(weights: weights, kernels: kernels)
    }

    /// How far each tensor of a flat vector is from the group's, relative to its norm.
    func errors(_ found: [Float], _ group: String, _ optimizer: Learned) -> [(tensor: String, error: Double)] {
        optimizer.optimizer(found).weights.tensors.map {
            ($0.name, relativeError($0.values, self["\(group)/\($0.name)"]))
        }
    }
}

/// The norm of the difference, relative to the expected vector's.
func relativeError(_ found: [Float], _ expected: [Float]) -> Double {
    func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    return norm(zip(found, expected).map { Double($0) - Double($1) }) / max(norm(expected.map(Double.init)), 1e-30)
}
