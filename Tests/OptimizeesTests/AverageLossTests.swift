import NumericCore
import Optimizees
import Testing

/// The mean loss over all steps, which images take a short cut to.
@Suite struct AverageLossTests {
    /// Images few enough to be met many times over, and minibatches that come in several parts.
    private static let optimizees =
        Samples.all + [
            MLPCase(batch: 33).mlp, CNNCase(batch: 41).cnn, RandomScaling(CNNCase(batch: 17).cnn, range: 1),
        ]

    @Test(arguments: optimizees.indices, [1, 3, 25]) func isTheMeanOverTheSteps(_ index: Int, steps: Int) throws {
        let instance = Self.optimizees[index].instance(key: RandomKey(seed: 3))
        let start = instance.initialParameters
        let losses = (0..<steps).map { Double(instance.loss(at: $0, start)) }
        let expected = losses.reduce(0, +) / Double(steps)
        let result = try #require(instance.averageLoss(steps: steps, start))
        #expect(abs(result - expected) <= 2e-6 * abs(expected) + 1e-7, "\(Self.optimizees[index].name)")
    }

    @Test(arguments: optimizees.indices) func askingDisturbsNothing(_ index: Int) {
        let instance = Self.optimizees[index].instance(key: RandomKey(seed: 3))
        let start = instance.initialParameters
        let before = (instance.lossAndGradient(at: 2, start), instance.heldOut(start))
        let average = instance.averageLoss(steps: 9, start)
        let after = instance.lossAndGradient(at: 2, start)
        #expect(after.loss == before.0.loss && after.gradient == before.0.gradient)
        #expect(instance.heldOut(start) == before.1)
        #expect(instance.averageLoss(steps: 9, start) == average)
    }

    /// There may be many steps and many images.
    @Test func stepsAreCancelled() {
        let optimizees: [any Optimizee] = [
            Rosenbrock(), Combined(Convex(), Convex()), RandomScaling(Convex(), range: 1), MLPCase().mlp,
            CNNCase().cnn,
        ]
        for optimizee in optimizees {
            let instance = optimizee.instance(key: RandomKey(seed: 3))
            var asked = 0
            let result = instance.averageLoss(steps: 10, parameters: instance.initialParameters.span) {
                asked += 1
                return asked > 3
            }
            #expect(result == nil && asked == 4)
        }
    }

    @Test func whatIsNotFiniteShows() throws {
        for optimizee in [MLPCase().mlp, CNNCase(batch: 20).cnn] as [any Optimizee] {
            let instance = optimizee.instance(key: RandomKey(seed: 3))
            var parameters = instance.initialParameters
            parameters[0] = .nan
            let average = try #require(instance.averageLoss(steps: 3, parameters))
            #expect(average.isNaN)
        }
    }
}
