import Optimizers
import Testing

@Suite("Schedules")
struct ScheduleTests {
    @Test("A constant schedule stays at one")
    func constant() {
        #expect([0, 1, 1_000_000].allSatisfy { Schedule.constant($0) == 1 })
    }

    @Test("A cosine falls from one through a half to zero and stays there")
    func cosine() {
        let schedule = Schedule.cosine(steps: 100)
        #expect(schedule(0) == 1)
        #expect(abs(schedule(50) - 0.5) < 1e-12)
        #expect(schedule(99) > 0)
        #expect(schedule(100) == 0 && schedule(1000) == 0)
        #expect((1..<100).allSatisfy { schedule($0) < schedule($0 - 1) })
    }

    @Test("A warm-up climbs in equal steps to one, where the cosine starts")
    func warmUp() {
        let schedule = Schedule.warmUpCosine(warmUpSteps: 4, steps: 20)
        #expect((0..<5).map { schedule($0) } == [0.25, 0.5, 0.75, 1, 1])
        #expect(abs(schedule(12) - 0.5) < 1e-12)
        #expect(schedule(20) == 0)
    }

    @Test("The learning rate at a step is the rate times the schedule")
    func rate() {
        let sgd = SGD(learningRate: 0.5, schedule: .warmUpCosine(warmUpSteps: 2, steps: 4))
        var state = sgd.initialState(parameterCount: 1)
        var parameters: [Float] = [0]
        var steps: [Float] = []
        for _ in 0..<5 {
            let before = parameters[0]
            sgd.update(&parameters, gradient: [1], state: &state)
            steps.append(before - parameters[0])
        }
        #expect(steps == [0.25, 0.5, 0.5, 0.25, 0])
    }
}
