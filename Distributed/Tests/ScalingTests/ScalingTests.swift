import Scaling
import Testing

/// Tasks of one length, and messages that cost nothing, unless a test says otherwise.
private func model(
    _ taskSeconds: [Double] = [0.1], metaBatch: Int = 12, _ change: (inout ScalingModel) -> Void = { _ in }
) -> ScalingModel {
    var model = ScalingModel(
        taskSeconds: taskSeconds, secondsPerResult: 0, bytesPerResult: 0, latency: 0, bandwidth: 1e9,
        metaBatch: metaBatch)
    change(&model)
    return model
}

private func isClose(_ value: Double, _ wanted: Double, _ tolerance: Double = 1e-9) -> Bool {
    abs(value - wanted) <= tolerance * max(abs(wanted), 1)
}

@Suite struct ScalingModelTests {
    @Test(
        "Equal tasks take as many rounds as the rank with the most of them", arguments: [1, 2, 3, 5, 7, 12, 13, 100])
    func equalTasks(ranks: Int) {
        let time = model().update(ranks: ranks)
        #expect(isClose(time.seconds, 0.1 * Double((12 + ranks - 1) / ranks)))
        #expect(isClose(time.work, 1.2))
        #expect(isClose(time.efficiency(cores: ranks), 1.2 / (time.seconds * Double(ranks))))
    }

    @Test("Threads of a rank take tasks as they become free", arguments: [(1, 4), (2, 2), (4, 1)])
    func threads(ranks: Int, threads: Int) {
        let time = model { $0.threads = threads }.update(ranks: ranks)
        #expect(isClose(time.seconds, 0.3))
    }

    @Test func ranksOfAMachineShareItsCores() {
        let shared = model {
            $0.ranksPerHost = 4
            $0.coresPerHost = 2
        }
        #expect(isClose(shared.update(ranks: 4).seconds, 0.6))
        #expect(shared.cores(ranks: 4) == 2)
        #expect(shared.cores(ranks: 5) == 4)
        #expect(isClose(shared.efficiency(ranks: 4), 1))
    }

    @Test func messagesTakeRoundsAndBytes() {
        let model = model {
            $0.latency = 1e-3
            $0.bytesPerResult = 1e6
        }
        #expect(model.exchangeSeconds(ranks: 1) == 0)
        #expect(isClose(model.exchangeSeconds(ranks: 2), 2e-3 + 6e-3))
        #expect(isClose(model.exchangeSeconds(ranks: 4), 4e-3 + 9e-3))
        // Three binary digits.
        #expect(isClose(model.exchangeSeconds(ranks: 5), 6e-3 + 0.8 * 12e-3))
        let time = model.update(ranks: 2)
        #expect(isClose(time.seconds, 0.6 + time.exchange))
    }

    @Test func whatEachRankDoesAloneDoesNotShrink() {
        let serial = model { $0.secondsPerResult = 0.01 }
        #expect(isClose(serial.update(ranks: 12).seconds, 0.1 + 0.12))
        #expect(isClose(serial.update(ranks: 12).work, 1.32))
    }

    @Test func stragglersMakeUpdatesWait() {
        let always = model {
            $0.stragglers = 1
            $0.slowdown = 3
        }
        #expect(isClose(always.update(ranks: 4).seconds, 0.9))
        let seldom = model {
            $0.stragglers = 0.01
            $0.slowdown = 3
        }
        // Of 1,000 ranks with a task each, one is nearly always slow.
        var many = seldom
        many.metaBatch = 1000
        #expect(many.update(ranks: 1000).seconds > 0.29)
        #expect(seldom.update(ranks: 1).seconds < 1.3)
    }

    @Test func tasksThatDifferAreReplayedInRandomOrderTheSameEachTime() {
        let mixed = model([0.1, 0.4], metaBatch: 40)
        let time = mixed.update(ranks: 40)
        #expect(time == mixed.update(ranks: 40))
        #expect(isClose(time.seconds, 0.4))
        #expect(isClose(time.work / 40, 0.25, 0.02))
        #expect(time != mixed.update(ranks: 40, seed: 2))
    }
}

@Suite struct ScalingAdviceTests {
    @Test(
        "What to change is what is lost most",
        arguments: [
            (model(), 12, "nothing"),
            (model(), 100, "a meta-batch of at least 100: there are fewer tasks than cores"),
            (model(metaBatch: 13), 12, "a meta-batch of"),
            (model { ($0.bytesPerResult, $0.bandwidth) = (1e7, 1e8) }, 4, "an evolution strategy"),
            (model { $0.secondsPerResult = 0.02 }, 12, "fewer ranks, or longer periods"),
            (model([0.01, 0.01, 0.01, 1]), 12, "asynchronous updates"),
            (model(metaBatch: 1000) { ($0.stragglers, $0.slowdown) = (0.01, 5) }, 1000, "leave stragglers out"),
        ])
    func advice(model: ScalingModel, ranks: Int, wanted: String) {
        #expect(model.advice(ranks: ranks).hasPrefix(wanted), "\(model.advice(ranks: ranks))")
        #expect((model.efficiency(ranks: ranks) >= 0.9) == (wanted == "nothing"))
    }

    @Test func whatIsAdvisedHelps() {
        var few = model([0.07, 0.1, 0.13], metaBatch: 16)
        let words = few.advice(ranks: 16).split(separator: " ")
        guard let larger = words.compactMap({ Int($0.filter(\.isNumber)) }).first else {
            Issue.record("no number in \(few.advice(ranks: 16))")
            return
        }
        #expect(few.efficiency(ranks: 16) < 0.9)
        few.metaBatch = larger
        #expect(few.efficiency(ranks: 16) >= 0.89)
    }
}

@Suite struct ScalingReportTests {
    @Test func saysWhatWasMeasuredAndWhereItEnds() {
        var report = ScalingReport(model())
        report.rows = [1, 12, 100].map { ScalingRow(report.model, ranks: $0) }
        #expect(!report.text.contains("waiting"))
        #expect(report.text.contains("Below 90 % from 100 ranks on: a meta-batch of at least 100"))
        #expect(!report.json.contains("measured"))
        report.rows.removeLast()
        #expect(report.text.contains("At least 90 % on all of these"))
        report.real = RealUpdates(
            seconds: 0.61, exchange: 0.0061, waiting: 0.061, replayed: report.model.update(ranks: 2))
        #expect(
            report.text.contains(
                "2 ranks: an update takes 610 ms, replayed 600; 1.0 % of it messages, 10.0 % waiting"))
        #expect(
            report.json.contains("\"measured\":{\"exchange_seconds\":0.0061,\"ranks\":2,\"replayed_seconds\":"))
    }
}
