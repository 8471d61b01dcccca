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

    @Test(
        "An inverse square root falls for ever; as long as its warm-up, it is the usual one", arguments: [1, 4, 50])
    func inverseSquareRoot(timescale: Int) {
        let schedule = Schedule.inverseSquareRoot(timescale: timescale)
        #expect(schedule(0) == 1)
        #expect(abs(schedule(timescale) - 0.5.squareRoot()) < 1e-12)
        #expect(abs(schedule(99 * timescale) - 0.1) < 1e-12)
        #expect((1..<1000).allSatisfy { schedule($0) < schedule($0 - 1) })
        let usual = Schedule.inverseSquareRoot(timescale: timescale, warmUpSteps: timescale)
        for step in 0..<300 {
            // Vaswani et al. 2017, equation 3, with steps that count from one before the warm-up's end, from zero after.
            let expected =
                step < timescale
                ? Double(step + 1) / Double(timescale) : (Double(timescale) / Double(step)).squareRoot()
            #expect(abs(usual(step) - expected) < 1e-12)
        }
    }

    @Test("A warm-up alone climbs to one and stays there")
    func warmUpAlone() {
        #expect((0..<6).map { Schedule.warmUp(steps: 4)($0) } == [0.25, 0.5, 0.75, 1, 1, 1])
        #expect(Schedule.warmUp(steps: 0) == .constant)
    }

    @Test(
        "Options read back as the same schedule, and show in the name",
        arguments: [
            Schedule.constant, .warmUp(steps: 5), .cosine(steps: 30), .warmUpCosine(warmUpSteps: 5, steps: 30),
            .inverseSquareRoot(timescale: 7), .inverseSquareRoot(timescale: 7, warmUpSteps: 5),
        ])
    func options(schedule: Schedule) throws {
        for keyword in OptimizerCatalogue.keywords {
            let text = ([keyword + ":lr=0.5"] + schedule.options).joined(separator: ",")
            let optimizer = try OptimizerCatalogue.parse(text).optimizer
            #expect(optimizer.schedule == schedule)
            #expect(optimizer.name.dropLast().hasSuffix(schedule.options.joined(separator: ",")))
            #expect(optimizer.label == ([keyword, "lr=2^-1"] + schedule.options).joined(separator: " "))
        }
        #expect(schedule.steps == (schedule.options.contains { $0.hasPrefix("cosine") } ? 30 : nil))
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
