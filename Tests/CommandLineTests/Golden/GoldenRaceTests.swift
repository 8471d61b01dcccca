import Foundation
import Testing

/// Tests/Fixtures/golden-races.json.
private struct GoldenRaces: Decodable {
    /// Processors on which what oneDNN computes is known to be the same.
    let exactOn: [String]
    let races: [GoldenRace]
}

private struct GoldenRace: Decodable, CustomTestStringConvertible {
    let optimizee: String
    let steps: Int
    /// The number of problems.
    let seeds: Int
    let usesOnednn: Bool
    let optimizers: [String]
    /// Kernels' names to a result for each optimizer.
    let results: [String: [Result]]

    var testDescription: String { optimizee }

    struct Result: Decodable, Equatable {
        /// For each problem, the digits of the number's format.
        let finalLoss: [String]
        /// A digest of all losses of all steps.
        let curve: String
    }
}

private let golden: GoldenRaces? = try? Golden.read("golden-races.json")

/// The folder with other projects' weights.
private let rivals = ProcessInfo.processInfo.environment["L2O_RIVALS_DIR"].flatMap { $0.isEmpty ? nil : $0 }

/// What `Scripts/make_golden.py` calls an optimizer, as the command knows it; nil for a rival that is not to be had.
private func specification(_ name: String) -> String? {
    let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
    let options = parts.count > 1 ? ":\(parts[1])" : ""
    if parts[0].hasPrefix("rivals/") {
        return rivals.map { "\($0)/\(parts[0].dropFirst(7)).safetensors\(options)" }
    }
    return parts[0].hasPrefix("rnnprop") ? Golden.weights(parts[0]) + options : name
}

@Suite("A race gives the bits that it gave", .enabled(if: Golden.isComparable, Golden.needsAVX2))
struct GoldenRaceTests {
    /// Rounding differs where oneDNN chooses other code, and a short race magnifies it little.
    private static let tolerance = 1e-3

    @Test func theFixtureHoldsEveryRace() throws {
        let races = try #require(golden).races
        #expect(races.count == 7 && races.count { !$0.usesOnednn } == 3)
        for race in races {
            #expect(Set(race.results.keys) == ["baseline", "avx2"])
            #expect(race.results.values.allSatisfy { $0.count == race.optimizers.count })
        }
    }

    @Test(arguments: golden?.races ?? [], Golden.kernels)
    fileprivate func everyOptimizerEndsWhereItEnded(_ race: GoldenRace, kernels: String) throws {
        let expected = try #require(race.results[kernels])
        let takePart = race.optimizers.indices.filter { specification(race.optimizers[$0]) != nil }
        let isExact = try !race.usesOnednn || #require(golden).exactOn.contains(Golden.processor)
        // Where it takes no time, any number of threads is asked to give the same.
        for threads in race.usesOnednn ? [2] : [1, 2, 3] {
            let results = try run(race, takePart.compactMap { specification(race.optimizers[$0]) }, kernels, threads)
            try #require(results.count == takePart.count)
            for (index, result) in zip(takePart, results) {
                let name = race.optimizers[index]
                if isExact {
                    #expect(bits(result) == expected[index], "\(name), \(threads) threads")
                } else {
                    let losses = expected[index].finalLoss.compactMap { UInt64($0, radix: 16) }
                        .map(Double.init(bitPattern:))
                    #expect(result.finalLoss.count == losses.count)
                    for (loss, before) in zip(result.finalLoss, losses) {
                        #expect(abs(loss - before) <= Self.tolerance * abs(before), "\(name) on \(Golden.processor)")
                    }
                }
            }
        }
    }

    private struct Race: Decodable {
        let results: [Result]

        struct Result: Decodable {
            let finalLoss: [Double]
            let curve: [[Float]]
        }
    }

    private func run(
        _ race: GoldenRace, _ optimizers: [String], _ kernels: String, _ threads: Int
    ) throws -> [Race.Result] {
        let options = "--steps \(race.steps) --problems \(race.seeds) --threads \(threads)"
        let outcome = try Golden.run(
            words("race --json --quiet --optimizee \(race.optimizee) \(options) --optimizer") + optimizers,
            kernels: kernels)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Race.self, from: Data(outcome.output.utf8)).results
    }

    private func bits(_ result: Race.Result) -> GoldenRace.Result {
        GoldenRace.Result(
            finalLoss: result.finalLoss.map { Golden.hexadecimal($0) },
            curve: Golden.digest(littleEndianBytes(result.curve.joined().map(\.bitPattern))))
    }
}
