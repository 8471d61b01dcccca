// Adds a rule and trains it with evolution strategies, which need nothing but its steps: `swift run -c release`.
import Datasets
import Evaluation
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Optimizers

/// How long to train, in seconds: the first argument.
let seconds = CommandLine.arguments.dropFirst().first.flatMap(Double.init) ?? 60

// Small networks on digits that the library draws itself.
let digits = Digits.generate(count: 5_000, seed: 0)
func network(width: Int) -> MLP {
    MLP(dataset: "digits", images: digits, hiddenWidths: [width], activation: .sigmoid, batchSize: 64)
}

// The plan: which tasks, for how long, what is made small, and how its derivative is estimated.
var plan = MetaTrainingPlan(optimizer: Blend.kind, tasks: try TaskNames("digits-mlp:width=8"))
plan.metaBatch = 4
plan.metaLoss = LogMetaLoss()
plan.estimator = ReusedNoise()
plan.metaOptimizer.rate = 0.05
let trainer = MetaTrainer(
    optimizer: Blend(key: RandomKey(seed: 1)), tasks: OneOptimizee(network(width: 8)), plan: plan)
let start = ContinuousClock.now
while ContinuousClock.now - start < .seconds(seconds) {
    let iteration = trainer.iterate()
    if iteration.iteration.isMultiple(of: 20) {
        print("iteration \(iteration.iteration): meta-loss \(iteration.metaLoss)")
    }
}
let trained = trainer.trained
try trained.weights.safetensors().write(to: "blend.safetensors")
print("learned \(trained.metaParameters), in blend.safetensors")

// A race on a larger network than it was trained on.
let race = Race(
    on: network(width: 20), steps: 100, problems: 3,
    optimizers: [trained, Blend(key: RandomKey(seed: 1)), Adam(), Adam(learningRate: 0.03)])
for result in try race.run().results { print(result.label, result.finalStatistics.median) }
