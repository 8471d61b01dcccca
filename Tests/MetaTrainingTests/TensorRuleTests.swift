import Datasets
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Optimizers
import Testing

@Suite("Training a rule that looks at tensors") struct TensorRuleTests {
    /// Classes that lie around points of their own.
    private let task: MLP = {
        var stream = RandomStream(RandomKey(seed: 41))
        let (pixels, classes, count) = (12, 4, 64)
        let centres = (0..<classes * pixels).map { _ in stream.normal() }
        let labels = (0..<count).map { UInt8($0 % classes) }
        let values = labels.flatMap { label in
            (0..<pixels).map { centres[Int(label) * pixels + $0] + 0.3 * stream.normal() }
        }
        let images = LabeledImages(pixels: values, labels: labels, pixelsPerImage: pixels, classes: classes)
        return MLP(dataset: "points", images: images, hiddenWidths: [6], batchSize: 16)
    }()

    private func trainer(metaBatch: Int) -> MetaTrainer<SmallFC> {
        var plan = MetaTrainingPlan.paper(SmallFC.kind)
        plan.truncation = FixedTruncation(horizon: 40, unroll: 20)
        plan.metaOptimizer.rate = 1e-2
        plan.metaBatch = metaBatch
        return MetaTrainer(optimizer: SmallFC(key: RandomKey(seed: 1)), tasks: OneOptimizee(task), plan: plan)
    }

    @Test("small_fc_lopt, trained a little, brings the loss of fresh problems lower than untrained")
    func learns() {
        let trainer = trainer(metaBatch: 1)
        let untrained = trainer.validationLoss()
        for _ in 0..<100 { #expect(trainer.iterate().skipped == 0) }
        let trained = trainer.validationLoss()
        #expect(trained < 0.5 * untrained)
    }

    @Test("The same weights for any number of threads, whether tasks or chunks are dealt to them", arguments: [1, 2])
    func threads(metaBatch: Int) {
        let weights = [1, 3].map { threads in
            Threads(threads).run {
                let trainer = trainer(metaBatch: metaBatch)
                for _ in 0..<3 { _ = trainer.iterate() }
                return trainer.optimizer.metaParameters
            }
        }
        #expect(weights[0] == weights[1])
    }
}
