// Logistic regression with an optimizer that has no learning rate to tune: `swift run -c release`.
import Foundation
import LearnedOptimizers
import Optimizers
import RandomNumbers

/// 200 points with a label each; the model is p = σ(w · x + b), its parameters w and b.
struct Model {
    let points: [(x: [Float], isOne: Bool)]
    let parameterCount = 11

    init() {
        var random = RandomStream(RandomKey(seed: 1))
        points = (0..<200).map { _ in
            let x = (0..<10).map { Float($0 + 1) * random.normal() }
            return (x, x[0] + x[1] / 2 - x[2] / 3 + random.normal() > 0)
        }
    }

    /// The mean cross-entropy and its gradient.
    func lossAndGradient(_ parameters: [Float]) -> (loss: Float, gradient: [Float]) {
        var (loss, gradient) = (Float(0), [Float](repeating: 0, count: parameterCount))
        for point in points {
            let z = zip(parameters, point.x).reduce(parameters[10]) { $0 + $1.0 * $1.1 }
            let error = 1 / (1 + exp(-z)) - (point.isOne ? 1 : 0)
            loss += log(1 + exp(point.isOne ? -z : z)) / Float(points.count)
            for (index, x) in (point.x + [1]).enumerated() { gradient[index] += error * x / Float(points.count) }
        }
        return (loss, gradient)
    }
}

func train(_ model: Model, with optimizer: some Optimizer, steps: Int) -> Float {
    var parameters = [Float](repeating: 0, count: model.parameterCount)
    var state = optimizer.initialState(parameterCount: parameters.count)
    for _ in 0..<steps {
        let (loss, gradient) = model.lossAndGradient(parameters)
        optimizer.update(&parameters, gradient: gradient, loss: loss, state: &state)
    }
    return model.lossAndGradient(parameters).loss
}

let model = Model()
for name in ["rnnprop", "adam", "adam:lr=2^-4", "sgd:lr=0.1"] {
    let loss = train(model, with: try OptimizerSpecification(name).optimizer(), steps: 100)
    print("\(name): loss \(loss) after 100 steps")
}
