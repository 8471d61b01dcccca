import Files
import Foundation
import TestSupport
import Testing

/// Tests/Fixtures/golden-training.json.
private struct GoldenTrainings: Decodable {
    let trainings: [GoldenTraining]
    let resumed: Resumed

    struct Resumed: Decodable {
        let arguments: String
        let kernels: String
        /// Meta-iterations in the folder, and those after which the digests are.
        let before: Int
        let after: Int
        let tensors: [String: String]
        let best: [String: String]
        let log: String
    }
}

private struct GoldenTraining: Decodable, CustomTestStringConvertible {
    let arguments: String
    let usesOnednn: Bool
    /// By the kernels' name.
    let results: [String: Result]

    var testDescription: String { arguments }

    struct Result: Decodable {
        let iterations: Int
        let tensors: [String: String]
        let best: [String: String]
        let log: String
    }
}

private let golden: GoldenTrainings? = try? Golden.read("golden-training.json")

private let exactOn: [String] = {
    struct Races: Decodable { let exactOn: [String] }
    let races: Races? = try? Golden.read("golden-races.json")
    return races?.exactOn ?? []
}()

@Suite("Meta-training gives the bits that it gave", .enabled(if: Golden.isComparable, Golden.needsAVX2))
struct GoldenTrainingTests {
    @Test func theFixtureHoldsEveryTraining() throws {
        let trainings = try #require(golden).trainings
        #expect(trainings.count == 8 && trainings.count { !$0.usesOnednn } == 6 && !exactOn.isEmpty)
        for training in trainings { #expect(Set(training.results.keys) == ["baseline", "avx2"]) }
    }

    /// Weights drift apart from the smallest difference: what oneDNN computes is compared where it is the same.
    @Test(
        arguments: (golden?.trainings ?? []).filter { !$0.usesOnednn || exactOn.contains(Golden.processor) },
        Golden.kernels)
    fileprivate func weightsAndMomentsAreTheSame(_ training: GoldenTraining, kernels: String) throws {
        let expected = try #require(training.results[kernels])
        try withTemporaryFolder { folder in
            let arguments =
                words(training.arguments) + words("--iterations \(expected.iterations) --out \(folder)/run")
            _ = try Golden.run(arguments, kernels: kernels)
            try expectTensors("\(folder)/run/latest.safetensors", expected.tensors)
            try expectTensors("\(folder)/run/best.safetensors", expected.best)
            #expect(try logDigest("\(folder)/run/metrics.jsonl") == expected.log)
        }
    }

    @Test func anUnfinishedRunGoesOnAsIfItHadNeverStopped() throws {
        let expected = try #require(golden).resumed
        try withTemporaryFolder { folder in
            try FileManager.default.copyItem(atPath: fixturePath("golden-run"), toPath: "\(folder)/golden-run")
            let arguments = words(expected.arguments).map { $0 == "golden-run" ? "\(folder)/golden-run" : $0 }
            _ = try Golden.run(
                arguments + words("--iterations \(expected.after) --resume"), kernels: expected.kernels)
            try expectTensors("\(folder)/golden-run/latest.safetensors", expected.tensors)
            try expectTensors("\(folder)/golden-run/best.safetensors", expected.best)
            #expect(try logDigest("\(folder)/golden-run/metrics.jsonl") == expected.log)
        }
    }

    @Test func theDoctorOpensAnUnfinishedRun() throws {
        let before = try #require(golden).resumed.before
        let outcome = try Golden.run(
            ["doctor", fixturePath("golden-run"), "--tasks", "2", "--json"], kernels: "avx2")
        let report = try #require(try outcome.json() as? [String: Any])
        #expect(report["optimizer"] as? String == "rnnprop" && report["iterations"] as? Int == before)
    }

    /// Tensors that a later version adds are none of this test's business.
    private func expectTensors(_ path: String, _ digests: [String: String]) throws {
        let file = try SafetensorsFile(path: path)
        try #require(digests.count >= 8)
        for (name, digest) in digests {
            let values = try #require(file[name], "\(name) is missing").values
            #expect(Golden.digest(littleEndianBytes(values.map(\.bitPattern))) == digest, "\(name)")
        }
    }

    /// The digest of all numbers but the seconds.
    private func logDigest(_ path: String) throws -> String {
        struct Line: Decodable { let metaLoss: Double, periodLosses: [Double], gradientNorms: [Double] }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let numbers = try readFile(path).split(separator: UInt8(ascii: "\n")).flatMap { text in
            let line = try decoder.decode(Line.self, from: Data(text))
            return [line.metaLoss] + line.periodLosses + line.gradientNorms
        }
        return Golden.digest(littleEndianBytes(numbers.map(\.bitPattern)))
    }
}
