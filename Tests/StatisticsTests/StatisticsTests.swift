import Statistics
import Testing

@Suite("Statistics")
struct StatisticsTests {
    @Test("Agree with NumPy")
    func values() {
        let statistics = Statistics([4, 1, 3, 2, 10])
        #expect(statistics.mean == 4 && statistics.median == 3)
        #expect(statistics.quantile(0.25) == 2 && statistics.quantile(0.75) == 4)
        #expect(abs(statistics.quantile(0.9) - 7.6) < 1e-12)
        #expect(abs(statistics.standardDeviation - 12.5.squareRoot()) < 1e-12)
        #expect(abs(statistics.standardError - 2.5.squareRoot()) < 1e-12)
        #expect(statistics.minimum == 1 && statistics.maximum == 10)
        #expect(Statistics([1, 2, 3, 4]).median == 2.5)
        #expect(Statistics([7]).standardError == 0)
    }

    @Test("Diverged runs count as infinitely bad")
    func infinite() {
        let statistics = Statistics([1, .nan, 2, .infinity, 3])
        #expect(statistics.median == 3 && statistics.mean == .infinity && statistics.maximum == .infinity)
        #expect(statistics.quantile(0.25) == 2 && statistics.quantile(0.6) == .infinity)
        #expect(Statistics([.infinity, .nan]).quantile(0.3) == .infinity)
    }

    @Test("A geometric mean multiplies")
    func geometric() {
        #expect(abs(geometricMean([1, 4, 16]) - 4) < 1e-12)
        #expect(geometricMean([0, 4]) == 0)
        #expect(geometricMean([]).isNaN)
    }

    @Test("A band has each step's median and quantiles, curves that end early counting as infinite")
    func band() {
        let band = CurveBand([[1, 2, 3], [3, .nan], [2, 4, 5]], steps: 3)
        #expect(band.median == [2, 4, 5])
        #expect(band.low == [1.5, 3, 4])
        #expect(band.high == [2.5, .infinity, .infinity])
        #expect(CurveBand([], steps: 3).median.isEmpty)
    }
}
