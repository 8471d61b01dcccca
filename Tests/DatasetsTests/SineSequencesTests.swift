import Datasets
import Foundation
import NumericCore
import Testing

@Suite struct SineSequencesTests {
    private func draw(
        _ count: Int, length: Int = 10, noise: Float = 0.1, seed: UInt64 = 1
    ) -> (values: [[Float]], targets: [Float]) {
        var stream = RandomStream(RandomKey(seed: seed))
        return SineSequences(length: length, noise: noise).draw(count, from: &stream)
    }

    /// Whatever A, ω and φ are: x₀ + x₂ = 2 cos ω · x₁, and so on up to the target.
    @Test func withoutNoiseEachIsASineThatTheTargetContinues() {
        let (values, targets) = draw(500, noise: 0)
        for (sequence, target) in zip(values, targets) {
            let wave = (sequence + [target]).map(Double.init)
            #expect(wave.count == 11 && wave.allSatisfy { abs($0) <= 10 })
            // The middle that is furthest from 0 tells cos ω best.
            let best = (1..<10).max { abs(wave[$0]) < abs(wave[$1]) }!
            let cosine = (wave[best - 1] + wave[best + 1]) / (2 * wave[best])
            #expect(cosine >= -1e-4 && cosine <= 1 + 1e-4, "ω lies between 0 and π/2")
            for k in 1..<10 {
                #expect(abs(wave[k - 1] + wave[k + 1] - 2 * cosine * wave[k]) < 1e-4)
            }
        }
    }

    @Test func wavesAreDistributedAsThePaperSays() {
        let (values, targets) = draw(40_000, length: 1, noise: 0)
        let starts = values.map { Double($0[0]) }
        // A sin φ with A ~ U[0, 10], φ ~ U[0, 2π]: mean 0, mean square E A² / 2 = 100 / 6, fourth power E A⁴ · 3 / 8.
        let powers = [1, 2, 4].map { power in
            starts.map { pow($0, Double(power)) }.reduce(0, +) / Double(starts.count)
        }
        #expect(abs(powers[0]) < 0.1)
        #expect(abs(powers[1] - 100.0 / 6) < 0.5)
        #expect(abs(powers[2] - 750) < 30)
        // x₀ · x₁ has mean E A² / 2 · E cos ω, with ω ~ U[0, π/2] and so E cos ω = 2 / π.
        let products = zip(starts, targets).map { $0 * Double($1) }
        #expect(abs(products.reduce(0, +) / Double(products.count) - 100 / 6 * 2 / Double.pi) < 0.5)
    }

    @Test(arguments: [Float(0.1), 0.01]) func noiseIsNormalOnValuesAndAbsentFromTargets(noise: Float) throws {
        // Noise takes the same random numbers whatever its size.
        let (clean, noisy) = (draw(2_000, noise: 0), draw(2_000, noise: noise))
        #expect(clean.targets == noisy.targets)
        let differences = zip(noisy.values.joined(), clean.values.joined()).map { Double($0 - $1) / Double(noise) }
        let count = Double(differences.count)
        #expect(differences.count == 20_000)
        #expect(abs(differences.reduce(0, +) / count) < 0.03)
        #expect(abs(differences.reduce(0) { $0 + $1 * $1 } / count - 1) < 0.05)
        let within = differences.count { abs($0) < 1 }
        #expect(abs(Double(within) / count - 0.6827) < 0.015)
    }

    @Test func aSequenceIsTheSameHoweverManyAreDrawnAtOnce() {
        let all = draw(9)
        var stream = RandomStream(RandomKey(seed: 1))
        for (index, count) in [0, 4, 1, 4].enumerated() {
            let start = [0, 0, 4, 5][index]
            let part = SineSequences().draw(count, from: &stream)
            #expect(part.values == Array(all.values[start..<start + count]))
            #expect(part.targets == Array(all.targets[start..<start + count]))
        }
        #expect(draw(9, seed: 2).values != all.values)
    }
}
