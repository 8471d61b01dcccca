import Foundation
import NumericCore
import Optimizers
import Testing

private let sizes = [0, 1, 15, 16, 17, 1000]

/// Every optimizer of the catalogue, and a case of each with each schedule.
private let specifications =
    OptimizerCatalogue.keywords
    + ["cosine=50,warmup=5", "rsqrt=2", "warmup=5", "rsqrt=3,warmup=6"].flatMap { options in
        OptimizerCatalogue.keywords.map { "\($0):\(options)" }
    }

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

    @Test("Where every gradient is exactly zero nothing moves, unless weights decay", arguments: specifications)
    func zero(specification: String) throws {
        let optimizer = try OptimizerCatalogue.parse(specification).optimizer
        func check<O: Optimizer>(_ optimizer: O) {
            var parameters = start(17)
            var state = optimizer.initialState(parameterCount: 17)
            for _ in 0..<30 {
                optimizer.update(&parameters, gradient: Array(repeating: 0, count: 17), state: &state)
            }
            #expect(parameters == start(17))
        }
        if !(optimizer is AdamW || optimizer is NAdamW) { check(optimizer) }
    }

    @Test("The seed rule moves by its rate whatever the gradients' size, and only divides by a rate that falls")
    func seedRule() {
        for size: Float in [1e-10, 1e-5, 1, 1e10] {
            let rule = SeedRule()
            var state = rule.initialState(parameterCount: 1)
            var parameters: [Float] = [0]
            for step in 1...300 {
                let before = parameters[0]
                rule.update(&parameters, gradient: [size], state: &state)
                // Steps of equal gradients are the rate alone: both averages, corrected, are the gradient's.
                let rate = 0x1p-5 / (1 + Double(step) / 100).squareRoot() / (1 + 1e-14 / Double(size))
                #expect(abs(Double(before - parameters[0]) / rate - 1) < 2e-4, "step \(step) of \(size)")
            }
        }
    }

    @Test("NAdam's product of momenta may end early: late steps are those of a product that is whole")
    func products() {
        for (beta1, decay) in [(0.9, 4e-3), (0.99, 0.5), (0.5, 0), (0, 1)] {
            let nadam = NAdam(learningRate: 0.01, beta1: beta1, momentumDecay: decay)
            var state = nadam.initialState(parameterCount: 1)
            var parameters: [Float] = [0]
            var (mean, square, product) = (0.0, 0.0, 1.0)
            func momentum(_ step: Int) -> Double { beta1 * (1 - 0.5 * pow(0.96, Double(step) * decay)) }
            for step in 1...900 {
                let (before, g) = (parameters[0], Float(sin(Double(step))))
                nadam.update(&parameters, gradient: [g], state: &state)
                product *= momentum(step)
                mean = beta1 * mean + (1 - beta1) * Double(g)
                square = 0.999 * square + 0.001 * Double(g) * Double(g)
                let next = momentum(step + 1)
                let root = (square / (1 - pow(0.999, Double(step)))).squareRoot() + 1e-8
                let sum = (1 - momentum(step)) / (1 - product) * Double(g) + next / (1 - product * next) * mean
                #expect(abs(Double(before - parameters[0]) - 0.01 * sum / root) < 1e-6)
            }
        }
    }

    @Test("Each case runs its own optimizer: names and updates all differ")
    func distinct() throws {
        let optimizers = try specifications.map {
            try OptimizerCatalogue.parse($0).optimizer.with(learningRate: 0.05)
        }
        let ends = optimizers.map { trajectory($0, start: start(16), steps: 9) }
        for i in optimizers.indices {
            for j in 0..<i {
                #expect(optimizers[i].name != optimizers[j].name)
                #expect(ends[i] != ends[j], "\(optimizers[i].name) moves like \(optimizers[j].name)")
            }
        }
    }

    @Test("The bytes of state are those that the optimizer keeps")
    func stateBytes() {
        #expect(OptimizerCatalogue.all.map(\.stateBytesPerParameter) == [0, 4, 4, 4, 4, 8, 8, 8, 8, 8, 8])
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
