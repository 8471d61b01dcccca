import Foundation
import RandomNumbers
import Testing

@Suite struct RandomTests {
    @Test("Philox gives Random123's known answers")
    func knownAnswers() {
        func block(_ counter: SIMD4<UInt32>, _ key: SIMD2<UInt32>) -> SIMD4<UInt32> {
            philox(counter: counter, key: key)
        }
        #expect(block(.zero, .zero) == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
        #expect(
            block(SIMD4(repeating: .max), SIMD2(repeating: .max))
                == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
        #expect(
            block(SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344), SIMD2(0xA409_3822, 0x299F_31D0))
                == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
    }

    @Test("A stream reads the blocks in order, low words first")
    func order() {
        var stream = RandomStream(RandomKey(seed: 0x1234_5678_9ABC_DEF0))
        let key = SIMD2<UInt32>(0x9ABC_DEF0, 0x1234_5678)
        let blocks = (0..<3).map { philox(counter: SIMD4(UInt32($0), 0, 0, 0), key: key) }
        for block in blocks { for word in 0..<4 { #expect(stream.nextWord() == block[word]) } }
        var pairs = RandomStream(RandomKey(seed: 0x1234_5678_9ABC_DEF0))
        #expect(pairs.next() == UInt64(blocks[0][0]) | UInt64(blocks[0][1]) << 32)
    }

    @Test("Branches of the tree of keys differ from each other and from their parent's numbers")
    func keys() {
        let root = RandomKey(seed: 7)
        let children = [-1, 0, 1, 2, 1 << 32, Int.max, Int.min].map(root.child)
        let all = children + children.flatMap { [$0.child(0), $0.child(1)] } + [root, RandomKey(seed: 8)]
        #expect(Set(all).count == all.count)
        let firsts = all.map { key in
            var stream = RandomStream(key)
            return stream.next()
        }
        #expect(Set(firsts).count == all.count)
    }

    private let draws = 200_000

    /// Central moments about the expected mean, up to the fourth.
    private func moments(mean: Double, _ draw: (inout RandomStream) -> Float) -> [Double] {
        var stream = RandomStream(RandomKey(seed: 42))
        var sums = [0.0, 0, 0, 0]
        for _ in 0..<draws {
            let x = Double(draw(&stream)) - mean
            sums[0] += x
            sums[1] += x * x
            sums[2] += x * x * x
            sums[3] += x * x * x * x
        }
        return sums.map { $0 / Double(draws) }
    }

    /// Each moment within five standard errors, √(μ₂ₖ − μₖ²) / √n.
    private func expect(
        _ found: [Double], _ expected: [Double], deviations: [Double],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for order in 0..<4 {
            let error = abs(found[order] - expected[order])
            #expect(
                error < 5 * deviations[order] / Double(draws).squareRoot(), "moment \(order + 1)",
                sourceLocation: sourceLocation)
        }
    }

    @Test func uniformMoments() {
        // About ½: E x² = 1/12, x⁴ 1/80, x⁶ 1/448, x⁸ 1/2304.
        expect(
            moments(mean: 0.5) { $0.uniform() }, [0, 1.0 / 12, 0, 1.0 / 80],
            deviations: [
                (1.0 / 12).squareRoot(), (1.0 / 80 - 1.0 / 144).squareRoot(), (1.0 / 448).squareRoot(),
                (1.0 / 2304 - 1.0 / 6400).squareRoot(),
            ])
        expect(
            moments(mean: 2) { ($0.uniform(in: 1...3) - 2) / 2 + 2 }, [0, 1.0 / 12, 0, 1.0 / 80],
            deviations: [0.289, 0.0746, 0.0473, 0.0167])
    }

    @Test func normalMoments() {
        expect(
            moments(mean: 0) { $0.normal() }, [0, 1, 0, 3],
            deviations: [1, 2.0.squareRoot(), 15.0.squareRoot(), 96.0.squareRoot()])
    }

    @Test("The truncated normal keeps to two standard deviations; its variance is 0.7737")
    func truncatedNormalMoments() {
        var largest: Float = 0
        let found = moments(mean: 0) { stream in
            let x = stream.truncatedNormal()
            largest = max(largest, abs(x))
            return x
        }
        #expect(largest <= 2 && largest > 1.99)
        #expect(abs(found[0]) < 0.01 && abs(found[1] - 0.77374) < 0.01 && abs(found[2]) < 0.02)
    }

    @Test("Normal draws follow the distribution function")
    func normalDistribution() {
        var stream = RandomStream(RandomKey(seed: 43))
        let sorted = (0..<50_000).map { _ in Double(stream.normal()) }.sorted()
        let distance = sorted.enumerated().map { index, x in
            abs((Double(index) + 0.5) / 50_000 - 0.5 * erfc(-x / 2.0.squareRoot()))
        }.max()!
        // Kolmogorov and Smirnov's bound at one in a hundred thousand.
        #expect(distance < 2.47 / 50_000.0.squareRoot())
    }

    @Test("Uniform draws keep to their bounds and are multiples of 2⁻²⁴")
    func uniformBounds() {
        var stream = RandomStream(RandomKey(seed: 44))
        for _ in 0..<50_000 {
            let x = stream.uniform()
            #expect(x >= 0 && x < 1 && (x * 0x1p24).rounded() == x * 0x1p24)
            #expect((-3...3).contains(stream.uniform(in: -3...3)))
        }
    }

    @Test("Indices are spread evenly", arguments: [1, 2, 10, 37])
    func indices(bound: Int) {
        var stream = RandomStream(RandomKey(seed: 45))
        var counts = [Int](repeating: 0, count: bound)
        for _ in 0..<draws { counts[stream.index(below: bound)] += 1 }
        let expected = Double(draws) / Double(bound)
        let chiSquared = counts.reduce(0) { $0 + pow(Double($1) - expected, 2) / expected }
        // Five standard deviations above the mean.
        #expect(chiSquared < Double(bound) + 5 * (2 * Double(bound)).squareRoot())
    }
}
