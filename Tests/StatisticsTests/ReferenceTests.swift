import RandomNumbers
import Statistics
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What `Tests/Fixtures/make_statistics_fixtures.py` computed with SciPy and NumPy.
private struct Reference: Decodable {
    struct Resampled: Decodable {
        let values: [Double]
        let statistic: String
        let confidence: Double
        let percentile: [Double]
        let corrected: [Double]
        let indices: [[Int]]
    }
    struct Middle: Decodable {
        let scores: [[Double]]
        let value: Double
        let spread: Double
        let interval: [Double]
    }
    struct Paired: Decodable {
        let differences: [Double]
        let positive: Double
        let negative: Double
        let p: Double
    }
    struct Drift: Decodable {
        let values: [Double]
        let tau: Double
        let p: Double
        let slope: Double
    }
    struct Profile: Decodable {
        let costs: [[Double]]
        let at: [Double]
        let shares: [[Double]]
        let areas: [Double]
    }
    let bootstrap: [Resampled]
    let interquartile: [Middle]
    let wilcoxon: [Paired]
    let trend: [Drift]
    let profile: [Profile]

    static func load() throws -> Reference {
        try JSONDecoder().decode(Reference.self, from: Data(try fixture("statistics.json")))
    }
}

private func isClose(_ found: Double, _ expected: Double, within tolerance: Double = 1e-10) -> Bool {
    abs(found - expected) <= tolerance * max(1, abs(expected))
}

@Suite("Statistics agree with SciPy")
struct StatisticsReferenceTests {
    @Test("Bootstrap intervals of the same resamples", arguments: [Bootstrap.Method.percentile, .biasCorrected])
    func intervals(_ method: Bootstrap.Method) throws {
        for example in try Reference.load().bootstrap {
            let statistic: ([Double]) -> Double =
                example.statistic == "mean" ? { Statistics($0).mean } : { Statistics($0).median }
            let bootstrap = Bootstrap(
                key: RandomKey(seed: 0), resamples: example.indices.count, confidence: example.confidence,
                method: method)
            let distribution = example.indices.map { statistic($0.map { example.values[$0] }) }
            let found = bootstrap.interval(of: example.values, distribution: distribution, statistic)
            let expected = method == .percentile ? example.percentile : example.corrected
            #expect(isClose(found.low, expected[0]) && isClose(found.high, expected[1]), "\(example.statistic)")
        }
    }

    @Test("Bootstrap intervals of our own resamples, on average")
    func ownResamples() throws {
        for example in try Reference.load().bootstrap where example.statistic == "mean" {
            let bootstrap = Bootstrap(
                key: RandomKey(seed: 3), resamples: 4000, confidence: example.confidence, method: .percentile)
            let found = bootstrap.mean(example.values)
            let spread = Statistics(example.values).standardError
            #expect(isClose(found.low, example.percentile[0], within: 0.3 * spread))
            #expect(isClose(found.high, example.percentile[1], within: 0.3 * spread))
            #expect(found == bootstrap.mean(example.values), "the same key gives the same bits")
        }
    }

    @Test("The interquartile mean, and its interval from runs resampled within each problem")
    func interquartile() throws {
        for example in try Reference.load().interquartile {
            let bootstrap = Bootstrap(key: RandomKey(seed: 1), resamples: 4000)
            let found = bootstrap.interquartileMean(example.scores)
            #expect(isClose(found.value, example.value))
            #expect(abs(found.low - example.interval[0]) < 0.4 * example.spread)
            #expect(abs(found.high - example.interval[1]) < 0.4 * example.spread)
        }
    }

    @Test("Wilcoxon's signed-rank test, exact with and without ties, and of large samples")
    func signedRanks() throws {
        for example in try Reference.load().wilcoxon {
            let found = SignedRankTest(example.differences)
            #expect(found.positiveRanks == example.positive && found.negativeRanks == example.negative)
            #expect(isClose(found.pValue, example.p), "\(example.differences.count) pairs")
        }
    }

    @Test("Kendall's trend test and the Theil-Sen slope")
    func trends() throws {
        for example in try Reference.load().trend {
            let found = Trend(example.values)
            #expect(isClose(found.correlation, example.tau) && isClose(found.slope, example.slope))
            #expect(isClose(found.pValue, example.p))
        }
    }

    @Test("Performance profiles and their areas")
    func profiles() throws {
        for example in try Reference.load().profile {
            let found = PerformanceProfile(costs: example.costs)
            for optimizer in example.costs.indices {
                let shares = example.at.map { found.share(of: optimizer, within: $0) }
                #expect(shares == example.shares[optimizer])
                #expect(isClose(found.area(of: optimizer), example.areas[optimizer], within: 1e-5))
            }
        }
    }
}
