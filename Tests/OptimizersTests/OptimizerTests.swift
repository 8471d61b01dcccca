import NumericCore
import Optimizers
import Testing

private let sizes = [0, 1, 15, 16, 17, 1000]

/// Every optimizer of the catalogue, and a case of each with a schedule.
private let specifications =
    OptimizerCatalogue.keywords + OptimizerCatalogue.keywords.map { "\($0):cosine=50,warmup=5" }

@Suite("Every optimizer")
struct OptimizerTests {
    @Test("Steps have one element for each parameter, and each parameter moves alone", arguments: specifications)
    func elementwise(specification: String) throws {
        let optimizer = try OptimizerCatalogue.parse(specification).optimizer
        for size in sizes {
            let whole = trajectory(optimizer, start: start(size), steps: 3)
            #expect(whole.count == size)
            for i in Set([0, size / 2, size - 1]) where i >= 0 && i < size {
                #expect(trajectory(optimizer, start: [start(size)[i]], steps: 3, offset: i) == [whole[i]])
            }
        }
    }

    @Test("Descends a quadratic bowl", arguments: specifications)
    func descends(specification: String) throws {
        let optimizer = try OptimizerCatalogue.parse(specification).optimizer.with(learningRate: 0.02)
        var parameters = start(17)
        let before = parameters.map { $0 * $0 }.reduce(0, +)
        descend(optimizer, &parameters, steps: 50)
        #expect(parameters.map { $0 * $0 }.reduce(0, +) < before)
    }

    @Test("State is a value: a copy goes its own way, or the same when treated the same", arguments: specifications)
    func stateIsAValue(specification: String) throws {
        func check<O: Optimizer>(_ optimizer: O) {
            let base = start(17)
            var state = optimizer.initialState(parameterCount: 17)
            var parameters = base
            for _ in 0..<3 { optimizer.update(&parameters, gradient: gradient(at: parameters), state: &state) }
            var (twin, twinState) = (parameters, state)
            var (other, otherState) = (parameters, state)
            let saved = parameters
            for _ in 0..<3 {
                optimizer.update(&other, gradient: base, state: &otherState)
                optimizer.update(&parameters, gradient: gradient(at: parameters), state: &state)
            }
            for _ in 0..<3 { optimizer.update(&twin, gradient: gradient(at: twin), state: &twinState) }
            #expect(twin == parameters)
            #expect(other != parameters)
            #expect(saved != parameters)
        }
        check(try OptimizerCatalogue.parse(specification).optimizer)
    }

    @Test("Adam's direction is what its last update multiplied the rate by, whatever its constants")
    func direction() {
        let adam = Adam(learningRate: 0.01, beta1: 0.6, beta2: 0.8, epsilon: 0.3)
        var parameters = start(17)
        var state = adam.initialState(parameterCount: 17)
        for _ in 0..<4 {
            let before = parameters
            adam.update(&parameters, gradient: gradient(at: parameters), state: &state)
            for (index, direction) in adam.direction(state).enumerated() {
                #expect(abs(Double(before[index] - parameters[index]) - 0.01 * direction) < 1e-7)
            }
        }
    }

    @Test("Each case runs its own optimizer: names and updates all differ")
    func distinct() throws {
        let optimizers = try specifications.map {
            try OptimizerCatalogue.parse($0).optimizer.with(learningRate: 0.05)
        }
        let ends = optimizers.map { trajectory($0, start: start(16), steps: 4) }
        for i in optimizers.indices {
            for j in 0..<i {
                #expect(optimizers[i].name != optimizers[j].name)
                #expect(ends[i] != ends[j], "\(optimizers[i].name) moves like \(optimizers[j].name)")
            }
        }
    }

    @Test("The bytes of state are those that the optimizer keeps")
    func stateBytes() {
        #expect(OptimizerCatalogue.all.map(\.stateBytesPerParameter) == [0, 4, 4, 4, 4, 8, 8, 8])
    }

    // MARK: Runs

    private func start(_ count: Int) -> [Float] { (0..<count).map { 1 + 0.5 * sin(Float($0)) } }

    private func gradient(at parameters: [Float]) -> [Float] { parameters }

    private func trajectory<O: Optimizer>(_ optimizer: O, start: [Float], steps: Int, offset: Int = 0) -> [Float] {
        var parameters = start
        var state = optimizer.initialState(parameterCount: start.count)
        for step in 0..<steps {
            let gradient = parameters.indices.map { sin(Float(3 * step + 7 * ($0 + offset) + 1)) }
            optimizer.update(&parameters, gradient: gradient, state: &state)
        }
        return parameters
    }

    private func descend<O: Optimizer>(_ optimizer: O, _ parameters: inout [Float], steps: Int) {
        var state = optimizer.initialState(parameterCount: parameters.count)
        for _ in 0..<steps { optimizer.update(&parameters, gradient: gradient(at: parameters), state: &state) }
    }
}
