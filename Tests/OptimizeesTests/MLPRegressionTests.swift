import NumericCore
import Optimizees
import Testing

@Suite struct MLPRegressionTests {
    /// Without hidden layers and with all weights 0 the output is the bias: the loss is the targets' mean square about it.
    @Test func theLossIsTheMeanSquaredError() {
        let problem = MLPRegression(teacher: TeacherNetwork(inputs: 3), hiddenWidths: [], batchSize: 500)
        let instance = problem.instance(key: RandomKey(seed: 1))
        let losses = [Float(-1), 0, 1].map { bias in instance.loss(at: 4, parameters: [0, 0, 0, bias].span) }
        // A parabola in the bias with curvature 2.
        #expect(abs(losses[0] - 2 * losses[1] + losses[2] - 2) < 1e-4)
        let gradient = instance.lossAndGradient(at: 4, [0, 0, 0, 0]).gradient
        #expect(abs(gradient[3] - (losses[2] - losses[0]) / 2) < 1e-4)
    }

    @Test("The scale multiplies what is to be learned", arguments: [Float(0.01), 100])
    func scale(_ scale: Float) {
        func loss(_ scale: Float) -> Float {
            let problem = MLPRegression(teacher: TeacherNetwork(scale: scale), hiddenWidths: [4])
            let instance = problem.instance(key: RandomKey(seed: 2))
            return instance.loss(at: 0, parameters: [Float](repeating: 0, count: problem.parameterCount).span)
        }
        #expect(abs(loss(scale) / (scale * scale * loss(1)) - 1) < 1e-4)
    }

    @Test func gradientDescentLearnsIt() throws {
        let problem = MLPRegression(teacher: TeacherNetwork(inputs: 2), batchSize: 64, initialScale: 0.5)
        let instance = problem.instance(key: RandomKey(seed: 3))
        var parameters = instance.initialParameters
        let first = instance.heldOut(parameters: parameters.span)
        let before = try #require(first).loss
        for step in 0..<400 {
            let gradient = instance.lossAndGradient(at: step, parameters).gradient
            for index in parameters.indices { parameters[index] -= 0.1 * gradient[index] }
        }
        let last = instance.heldOut(parameters: parameters.span)
        let after = try #require(last)
        #expect(after.loss < 0.2 * before && after.accuracy == nil)
        // Every size of minibatch is judged by the same examples.
        let other = MLPRegression(teacher: TeacherNetwork(inputs: 2), batchSize: 100, initialScale: 0.5)
            .instance(key: RandomKey(seed: 3))
        let again = other.heldOut(parameters: parameters.span)
        let judged = try #require(again).loss
        #expect(abs(judged - after.loss) < 1e-5 * after.loss)
    }
}
