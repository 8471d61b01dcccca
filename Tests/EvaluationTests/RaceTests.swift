import Evaluation
import NumericCore
import Optimizees
import Optimizers
import Statistics
import Synchronization
import TestProblems
import Testing

@Suite("Races", .serialized)
struct RaceTests {
    @Test("All optimizers start at the same parameters and see the same minibatches")
    func sameProblems() throws {
        let still = everyOptimizer.compactMap { ($0 as? any HandDesignedOptimizer)?.with(learningRate: 0) }
        let result = try Race(on: Bowl(), steps: 20, problems: 3, optimizers: still, measuresTime: false).run()
        for other in result.results where !other.optimizer.hasPrefix("adamw") {
            #expect(other.curve == result.results[0].curve)
        }
        let curves = result.results[0].curve
        #expect(Set(curves.map { $0[0] }).count == 3, "problems differ")
        #expect(Set(curves[0]).count > 1, "steps draw different minibatches")
    }

    @Test("The final loss averages the final parameters' loss over the run's minibatches")
    func finalLoss() throws {
        let result = try Race(on: Bowl(), steps: 7, problems: 2, seed: 3, optimizers: everyOptimizer).run()
        for (entry, optimizer) in zip(result.results, everyOptimizer) {
            let expected = byHand(optimizer, steps: 7, key: RandomKey(seed: 3).child(1))
            #expect(entry.curve[1] == expected.losses)
            #expect(entry.finalLoss[1] == expected.final)
            #expect(entry.optimizer == optimizer.name)
            #expect(entry.stateBytesPerParameter == optimizer.stateBytesPerParameter)
            #expect(entry.diverged == 0 && entry.finalStatistics.median < Double(entry.curve[0][0]))
            #expect(entry.millisecondsPerStep! >= entry.millisecondsPerUpdate! && entry.millisecondsPerUpdate! >= 0)
        }
    }

    @Test("The number of threads changes nothing")
    func threads() throws {
        let race = Race(on: Bowl(), steps: 100, problems: 4, optimizers: everyOptimizer, measuresTime: false)
        let serial = try Threads(1).run { try race.run() }
        let parallel = try Threads(7).run { try race.run() }
        #expect(try serial.json() == parallel.json())
    }

    @Test("A run that diverges stops there, is counted and keeps its place")
    func divergence() throws {
        let optimizers: [any Optimizer] = [SGD(learningRate: 1e30), SGD(learningRate: 0.1)]
        let result = try Race(on: Bowl(), steps: 50, problems: 3, optimizers: optimizers).run()
        let diverging = result.results[0]
        #expect(diverging.diverged == 3)
        #expect(diverging.finalLoss.allSatisfy { $0 == .infinity })
        #expect(diverging.divergedSteps == [1, 1, 1])
        #expect(diverging.curve.allSatisfy { $0.count == 2 && !$0[1].isFinite })
        #expect(result.results[1].diverged == 0)
        #expect(result.results[1].divergedSteps == [nil, nil, nil])
    }

    @Test("Parameters that are not finite count as divergence even where the loss hides them")
    func hiddenDivergence() throws {
        let result = try Race(on: Hidden(), steps: 5, problems: 1, optimizers: [SGD()], measuresTime: false).run()
        #expect(result.results[0].diverged == 1)
        #expect(result.results[0].divergedSteps == [5])
    }

    @Test("Progress only grows and ends complete, also where runs diverge")
    func progress() throws {
        let seen = OrderedMutex<[RunControl.Progress]>([])
        let optimizers: [any Optimizer] = [SGD(learningRate: 1e30), SGD(learningRate: 0.1)]
        _ = try Race(on: Bowl(), steps: 150, problems: 3, optimizers: optimizers)
            .run(control: RunControl(progress: { progress in seen.withLock { $0.append(progress) } }))
        let steps = seen.withLock { $0 }
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.completed < $1.completed })
        #expect(steps.last?.completed == steps.last?.total)
        #expect(steps.last?.fraction == 1 && steps.last?.total == 2 * 3 * 2 * 150)
    }

    @Test("Cancelling stops in the middle", arguments: [0, 1, 40, 250])
    func cancellation(after: Int) {
        let asked = Atomic(0)
        let control = RunControl(isCancelled: { asked.wrappingAdd(1, ordering: .relaxed).oldValue >= after })
        let race = Race(on: Bowl(), steps: 100, problems: 2, optimizers: [SGD()])
        #expect(throws: CancellationError.self) { try race.run(control: control) }
        #expect(asked.load(ordering: .relaxed) < after + 10)
    }

    @Test("Labels are short and say what is not the default")
    func labels() {
        #expect(Entrant(Adam(learningRate: 0x1p-5)).label == "adam lr=2^-5")
        #expect(Entrant(Adam(learningRate: exp2(-5.5), beta1: 0.5)).label == "adam lr=2^-5.5 beta1=0.5")
        #expect(Entrant(SGD(learningRate: 0.3, schedule: .cosine(steps: 9))).label == "sgd lr=0.3 cosine=9")
        #expect(Entrant(SGD(), label: "plain").label == "plain")
    }

    private func byHand<O: Optimizer>(
        _ optimizer: O, steps: Int, key: RandomKey
    ) -> (losses: [Float], final: Double) {
        let instance = Bowl().instance(key: key)
        var parameters = instance.initialParameters
        var gradient = [Float](repeating: 0, count: parameters.count)
        var state = optimizer.initialState(parameterCount: parameters.count)
        let losses = (0..<steps).map { step in
            var span = gradient.mutableSpan
            let loss = instance.lossAndGradient(at: step, parameters: parameters.span, gradient: &span)
            optimizer.update(&parameters, gradient: gradient, state: &state)
            return loss
        }
        let final = (0..<steps).map { Double(instance.loss(at: $0, parameters: parameters.span)) }
        return (losses, final.reduce(0, +) / Double(steps))
    }
}
