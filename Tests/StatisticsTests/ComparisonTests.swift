import Foundation
import RandomNumbers
import Statistics
import Testing

private let bootstrap = Bootstrap(key: RandomKey(seed: 5), resamples: 1000)

@Suite("Intervals at the edges")
struct IntervalTests {
    @Test("One value has no interval, none has no value")
    func tooFew() {
        let one = bootstrap.mean([0.3])
        #expect(one.value == 0.3 && !one.hasInterval)
        let none = bootstrap.median([])
        #expect(none.value.isNaN && !none.hasInterval)
        #expect(bootstrap.interquartileMean([]).value.isNaN)
        #expect(!bootstrap.interquartileMean([[1], [2], []]).hasInterval)
    }

    @Test("Equal values have an interval of no width", arguments: [Bootstrap.Method.percentile, .biasCorrected])
    func equal(_ method: Bootstrap.Method) {
        var bootstrap = bootstrap
        bootstrap.method = method
        let estimate = bootstrap.mean([2, 2, 2, 2])
        #expect(estimate == Estimate(value: 2, low: 2, high: 2))
    }

    @Test("A diverged run stretches the interval to infinity; many take the estimate along")
    func infinite() {
        let losses = [0.1, 0.2, 0.3, 0.4, .nan]
        let mean = bootstrap.mean(losses)
        #expect(mean.value == .infinity && mean.low.isFinite && mean.high == .infinity)
        let median = bootstrap.median(losses)
        #expect(median.value == 0.3 && median.low <= 0.2 && median.high == .infinity)
        #expect(
            bootstrap.median([.infinity, .infinity, .nan])
                == Estimate(
                    value: .infinity, low: .infinity, high: .infinity))
        #expect(interquartileMean([.infinity, 1, 2, 3, 4, .nan, 5, 0]) == 3.5)
        #expect(interquartileMean([.infinity, 1, .infinity, 3]) == .infinity)
    }

    @Test("Nineteen of twenty intervals contain the truth")
    func coverage() {
        var hits = 0
        for trial in 0..<300 {
            var stream = RandomStream(RandomKey(seed: 8).child(trial))
            let values = (0..<20).map { _ in Double(stream.normal()) }
            let interval = Bootstrap(key: RandomKey(seed: 9).child(trial), resamples: 300).mean(values)
            if interval.low <= 0 && 0 <= interval.high { hits += 1 }
        }
        #expect((265...297).contains(hits), "\(hits) of 300")
    }

    @Test("A ratio's logarithm compares losses of all sizes, and lost runs")
    func ratios() {
        #expect(abs(logRatio(0.2, to: 0.1) - log(2)) < 1e-12)
        #expect(logRatio(0, to: 0) == 0 && logRatio(0, to: 1) == -.infinity && logRatio(1, to: 0) == .infinity)
        #expect(logRatio(.nan, to: 1) == .infinity && logRatio(1, to: .infinity) == -.infinity)
        #expect(logRatio(.infinity, to: .nan) == 0)
        let estimate = Estimate(value: log(2), low: log(1.5), high: log(3)).exponential
        #expect(abs(estimate.value - 2) < 1e-12 && abs(estimate.low - 1.5) < 1e-12 && abs(estimate.high - 3) < 1e-12)
    }
}

@Suite("Pairs")
struct PairedComparisonTests {
    @Test("Six of six decide, five of five cannot")
    func few() {
        let losses = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
        let worse = losses.map { $0 * 1.1 }
        let six = PairedComparison(losses, against: worse)
        #expect(six.outcome() == .win && six.canDecide() && six.better == 6 && six.worse == 0)
        #expect(PairedComparison(worse, against: losses).outcome() == .loss)
        let five = PairedComparison(Array(losses.dropLast()), against: Array(worse.dropLast()))
        #expect(five.outcome() == .tie && !five.canDecide())
        #expect(five.outcome(significance: 0.1) == .win && five.canDecide(significance: 0.1))
        #expect(six.medianDifference(bootstrap).high < 0)
    }

    @Test("A tie is what chance explains")
    func ties() {
        let mixed = PairedComparison([1, 2, 3, 4, 5, 6], against: [2, 1, 4, 3, 6, 5])
        #expect(mixed.outcome() == .tie && mixed.better == 3 && mixed.worse == 3)
        #expect(PairedComparison([1, 2], against: [1, 2]).test.pValue == 1)
        #expect(PairedComparison([], against: []).outcome() == .tie)
        #expect(!PairedComparison([], against: []).canDecide())
    }

    @Test("Diverged runs lose to all others and tie among themselves")
    func diverged() {
        let lost = [Double](repeating: .infinity, count: 7)
        let losses = [0.1, 0.2, 0.3, .nan, 0.5, 0.6, 0.7]
        let comparison = PairedComparison(losses, against: lost)
        #expect(comparison.outcome() == .win && comparison.better == 6 && comparison.test.count == 6)
        #expect(PairedComparison(lost, against: lost.map { _ in .nan }).outcome() == .tie)
        #expect(comparison.medianDifference(bootstrap).value == -.infinity)
    }

    @Test("A tally counts every outcome once")
    func tally() {
        let tally = Tally([PairedComparison.Outcome.win, .tie, .win, .loss])
        #expect(tally.wins == 2 && tally.ties == 1 && tally.losses == 1)
        #expect(Tally([]).wins == 0)
    }

    @Test("Chance alone seldom wins")
    func falseAlarms() {
        var stream = RandomStream(RandomKey(seed: 4))
        let decided = (0..<1000).count { _ in
            SignedRankTest((0..<10).map { _ in Double(stream.normal()) }).pValue <= 0.05
        }
        #expect((20...75).contains(decided), "\(decided) of 1000")
    }
}

@Suite("Steps to a target")
struct TimeToTargetTests {
    @Test("A smoothed curve is the mean of the last losses, once there are enough")
    func smoothing() {
        #expect(smoothed([1, 2, 3, 5], window: 1) == [1, 2, 3, 5])
        #expect(smoothed([1, 2, 3, 5], window: 2) == [.infinity, 1.5, 2.5, 4])
        #expect(smoothed([4, .nan, 2, 2], window: 2) == [.infinity, .infinity, .infinity, 2])
        #expect(smoothed([], window: 3).isEmpty)
    }

    @Test("The first step at or below the target counts")
    func first() {
        #expect(stepsToTarget([9, 8, 4, 6, 1], target: 4, window: 1) == 2)
        #expect(stepsToTarget([9, 8, 4, 6, 1], target: 5, window: 2) == 3)
        #expect(stepsToTarget([9, 8, 4], target: 3, window: 1) == nil)
        #expect(stepsToTarget([1, 1], target: 3, window: 3) == nil)
    }

    @Test("The baseline arrives where it ends; others sooner, later or never; diverged runs are counted")
    func race() {
        let baseline: [[Float]] = [[5, 4, 3, 2], [5, 4, 3, 1]]
        let contenders: [[[Float]]] = [baseline, [[5, 2, 2, 2], [5, 1, 1, 1]], [[5, .infinity], [5, 4, 3, 2]]]
        let times = contenders.map { TimeToTarget($0, baseline: baseline, window: 1) }
        #expect(times.map(\.steps) == [[3, 3], [1, 1], [.infinity, .infinity]])
        #expect(times.map(\.reached) == [2, 2, 0])
        #expect(times[2].medianSteps == .infinity)
        let timed = TimeToTarget(contenders[1], baseline: baseline, window: 1, millisecondsPerStep: 10)
        #expect(timed.medianSeconds == 0.01 && times[2].medianSeconds == nil)
    }

    @Test("Where the baseline diverged every finite loss will do")
    func lostBaseline() {
        let times = TimeToTarget([[5, 6], [.nan]], baseline: [[5, .nan], [.nan]], window: 1)
        #expect(times.steps == [0, .infinity])
        #expect(TimeToTarget([], baseline: [], window: 1).medianSteps.isNaN)
    }
}

@Suite("Profiles and trends at the edges")
struct ProfileTests {
    @Test("A failure is within no factor, and where all fail nobody is the best")
    func failures() {
        let profile = PerformanceProfile(costs: [[10, .infinity, 0], [20, .nan, 5]])
        #expect(profile.ratios == [[1, .infinity, 1], [2, .infinity, .infinity]])
        #expect(profile.share(of: 0, within: .infinity) == 2.0 / 3)
        #expect(profile.share(of: 1, within: 1.9) == 0 && profile.share(of: 1, within: 2) == 1.0 / 3)
        #expect(abs(profile.area(of: 1) - (4.0 - 2) / 3 / 3) < 1e-12)
        #expect(profile.corners(of: 1).map(\.factor) == [1, 2, 4])
        let third = 1.0 / 3
        #expect(profile.corners(of: 1).map(\.share) == [0, third, third])
        #expect(PerformanceProfile(costs: [[]]).share(of: 0, within: 2).isNaN)
        #expect(PerformanceProfile(costs: []).ratios.isEmpty)
    }

    @Test("A trend needs values that differ")
    func trends() {
        #expect(Trend([]) == Trend([1]) && Trend([1]).pValue == 1)
        #expect(Trend([2, 2, 2]).correlation == 0 && Trend([2, 2, 2]).slope == 0)
        #expect(Trend((0..<20).map(Double.init)).correlation == 1)
        let diverging = Trend((0..<20).map { $0 < 15 ? Double($0) : .infinity })
        #expect(diverging.correlation > 0.9 && diverging.pValue < 1e-6)
    }
}
