import Datasets
import Foundation
import NumericCore
import Optimizees
import TestSupport
import Testing

/// One LSTM to check.
struct LSTMCase: CustomTestStringConvertible {
    var hidden = 5
    var layers = 1
    var length = 4
    var batch = 7
    var scale: Float = 0.5

    var testDescription: String { "\(layers) × \(hidden), length \(length), batch \(batch), scale \(scale)" }

    var lstm: SineLSTM {
        SineLSTM(
            sequences: SineSequences(length: length), hiddenSize: hidden, layers: layers, batchSize: batch,
            initialScale: scale)
    }

    static let all: [LSTMCase] =
        [1, 2, 3].map { LSTMCase(layers: $0) } + [
            LSTMCase(hidden: 1), LSTMCase(length: 1), LSTMCase(batch: 1), LSTMCase(batch: 8), LSTMCase(batch: 17),
            LSTMCase(hidden: 9, layers: 2, length: 10), LSTMCase(layers: 2, length: 1),
            LSTMCase(scale: 0.01), LSTMCase(layers: 2, scale: 10),
        ]
}

/// What `Tests/Fixtures/make_lstm_fixtures.py` wrote.
private struct LSTMFixture: Decodable {
    struct Case: Decodable {
        let layers: Int
        let parameters: [Float]
        let losses: [Double]
        let gradients: [[Double]]
        let heldOut: Double
    }
    let length, hidden, batch: Int
    let scale, noise: Float
    let seed: UInt64
    let steps: [Int]
    let cases: [Case]
}

@Suite struct SineLSTMTests {
    /// Sequences, parameters, losses and gradients were all computed by another program from the seed on.
    @Test(arguments: [1, 2]) func matchesPyTorch(layers: Int) throws {
        let data = try JSONDecoder().decode(LSTMFixture.self, from: Data(fixture("lstm.json")))
        let sample = try #require(data.cases.first { $0.layers == layers })
        let lstm = SineLSTM(
            sequences: SineSequences(length: data.length, noise: data.noise), hiddenSize: data.hidden, layers: layers,
            batchSize: data.batch, initialScale: data.scale)
        let instance = lstm.instance(key: RandomKey(seed: data.seed))
        let start = instance.initialParameters
        #expect(start.count == sample.parameters.count)
        #expect(zip(start, sample.parameters).allSatisfy { abs($0 - $1) <= 1e-6 })
        #expect(data.steps.count == sample.losses.count && data.steps.count == sample.gradients.count)
        for (step, (loss, gradient)) in zip(data.steps, zip(sample.losses, sample.gradients)) {
            let ours = instance.lossAndGradient(at: step, start)
            #expect(abs(Double(ours.loss) - loss) < 1e-6 * loss)
            #expect(relativeError(ours.gradient.map(Double.init), gradient) < 2e-6)
        }
        let onHeldOut = try #require(heldOut(instance, start))
        #expect(abs(onHeldOut.loss - sample.heldOut) < 1e-6 * sample.heldOut && onHeldOut.accuracy == nil)
    }

    @Test(arguments: LSTMCase.all) func matchesTheReferenceInDoublePrecision(_ sample: LSTMCase) {
        let instance = sample.lstm.instance(key: RandomKey(seed: 3))
        let start = instance.initialParameters
        let exact = start.map(Double.init)
        #expect(start.count == sample.lstm.parameterCount)
        let reference = LSTMReference(hidden: sample.hidden, layers: sample.layers)
        for step in [0, 4] {
            let (values, targets) = sequences(
                sample.lstm.sequences, count: sample.batch, key: RandomKey(seed: 3).child(1).child(step))
            let (loss, gradient) = instance.lossAndGradient(at: step, start)
            let expected = reference.loss(exact, values: values, targets: targets)
            #expect(abs(Double(loss) - expected) <= 1e-5 * expected)
            #expect(instance.loss(at: step, start) == loss)
            // Some 40 from the end on: weights and biases of every layer.
            let coordinates = Array(stride(from: start.count - 1, through: 0, by: -(start.count / 40 | 1)))
            let slopes = reference.slopes(exact, coordinates: coordinates, values: values, targets: targets)
            #expect(relativeError(coordinates.map { Double(gradient[$0]) }, slopes) < 1e-4)
        }
    }

    @Test func parametersAreCountedByHand() {
        // 4 · 20 gates of 1 + 20 weights and a bias each; 20 weights and a bias.
        #expect(SineLSTM().parameterCount == 1_781)
        // And 4 · 20 gates of 20 + 20 weights and a bias each.
        #expect(SineLSTM(layers: 2).parameterCount == 5_061)
        #expect(
            SineLSTM(hiddenSize: 3, layers: 2).shapes == [
                ParameterShape("W1", [4, 12]), ParameterShape("b1", [12]), ParameterShape("W2", [6, 12]),
                ParameterShape("b2", [12]), ParameterShape("w", [3, 1]), ParameterShape("b", [1]),
            ])
    }

    @Test func initialParametersAreNormal() {
        let start = SineLSTM(layers: 2).instance(key: RandomKey(seed: 2)).initialParameters.map(Double.init)
        #expect(abs(start.reduce(0, +) / Double(start.count)) < 0.005)
        #expect(abs(norm(start) / Double(start.count).squareRoot() - 0.1) < 0.005)
    }

    @Test func eachStepMeetsItsOwnSequences() {
        let instance = LSTMCase().lstm.instance(key: RandomKey(seed: 2))
        let start = instance.initialParameters
        let losses = (0..<4).map { instance.loss(at: $0, start) }
        #expect(Set(losses).count == 4)
        #expect((0..<4).reversed().map { instance.loss(at: $0, start) } == losses.reversed())
    }

    /// The same sequences for every size of minibatch, none of a step's, and steps go on as before.
    @Test func heldOutLossIsTheProblemsOwn() throws {
        let key = RandomKey(seed: 8)
        let start = LSTMCase().lstm.instance(key: key).initialParameters
        let losses = try [7, 128, 5000].map { batch in
            let instance = LSTMCase(batch: batch).lstm.instance(key: key)
            let before = instance.loss(at: 1, start)
            let first = try #require(heldOut(instance, start))
            #expect(instance.loss(at: 1, start) == before)
            #expect(heldOut(instance, start) == first)
            return first.loss
        }
        #expect(losses.allSatisfy { abs($0 - losses[0]) < 1e-6 * losses[0] })
        let other = heldOut(LSTMCase().lstm.instance(key: RandomKey(seed: 9)), start)
        #expect(other?.loss != losses[0])
        // With no parameters but 0 it is the mean of A² sin², E A² / 2 = 50 / 3, give or take four standard errors.
        let zeros = [Float](repeating: 0, count: start.count)
        let mean = try #require(heldOut(LSTMCase().lstm.instance(key: key), zeros)).loss
        #expect(abs(mean - 50.0 / 3) < 2)
    }
}

private func heldOut(_ instance: any OptimizeeInstance, _ parameters: [Float]) -> HeldOut? {
    instance.heldOut(parameters: parameters.span)
}

/// Sequence after sequence, as `SineSequences` draws them.
private func sequences(
    _ sequences: SineSequences, count: Int, key: RandomKey
) -> (values: [[Double]], targets: [Double]) {
    var stream = RandomStream(key)
    let drawn = sequences.draw(count, from: &stream)
    return (drawn.values.map { $0.map(Double.init) }, drawn.targets.map(Double.init))
}
