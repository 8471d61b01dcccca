import Evaluation
import Files
import Foundation
import HTMLReport
import NumericCore
import PaperExperiments
import Reporting
import Testing

@Suite("Result files that are not what they should be")
struct ResultFileTests {
    private let file = FileManager.default.temporaryDirectory
        .appendingPathComponent("l2o-\(UUID().uuidString).json").path

    private func read(_ bytes: [UInt8]) throws -> ReproductionResult {
        defer { try? FileManager.default.removeItem(atPath: file) }
        try writeFileAtomically(file, bytes)
        return try ReproductionResult(file: file)
    }

    @Test("What was written is read back, and is drawn the same")
    func roundTrip() throws {
        let result = sampleResult()
        let again = try read(try result.json())
        #expect(try again.json() == result.json())
        #expect(try HTMLReport(again).html() == HTMLReport(result).html())
        #expect(again.machine == "A processor, 2 cores")
    }

    @Test(
        "Parts that do not belong together are refused in one line",
        arguments: [
            "seeds", "final loss", "negative loss", "curve", "long curve", "held-out", "accuracy", "steps", "sweep",
            "best",
            "panel twice", "panel missing", "same optimizer",
        ])
    func mismatch(_ what: String) throws {
        var result = sampleResult()
        func change(_ body: (inout OptimizerResult) -> Void) { body(&result.panels[0].race!.results[0]) }
        switch what {
        case "seeds": result.problems = 0
        case "final loss": change { $0.finalLoss.removeLast() }
        case "negative loss": change { $0.finalLoss[0] = -1 }
        case "curve": change { $0.curve[0].removeLast() }
        case "long curve": change { $0.curve[0].append(1) }
        case "held-out": change { $0.heldOutLoss = [] }
        case "accuracy": change { $0.heldOutAccuracy![0] = 2 }
        case "steps": result.panels[0].race!.steps = .max
        case "sweep": result.panels[0].sweeps.removeLast()
        case "best": result.panels[0].sweeps[0].best = 99
        case "panel twice": result.panels.append(result.panels[0])
        case "panel missing": result.panels.removeFirst()
        default: result.panels[0].race!.results[1].optimizer = result.panels[0].race!.results[0].optimizer
        }
        let bytes = try result.json()
        let error = #expect(throws: InputError.self) { try read(bytes) }
        #expect(error?.description.contains("\n") == false)
    }

    @Test("Damaged files are refused or drawn, never a crash")
    func fuzz() throws {
        var small = sampleResult(problems: 2)
        small.experiments.removeFirst(2)
        let whole = try small.json()
        var stream = RandomStream(RandomKey(seed: 5))
        var refused = 0
        for _ in 0..<60 {
            var bytes = whole
            for _ in 0..<1 + stream.index(below: 3) {
                let place = stream.index(below: bytes.count)
                // Digits stay digits often enough for the JSON to stay whole.
                let letters = Array("0123456789-.,e[]{}n\"".utf8)
                bytes[place] = letters[stream.index(below: letters.count)]
            }
            do {
                _ = ReproductionAnalysis(try read(bytes), resamples: 10).experiments.map {
                    $0.text(width: 80, style: .plain)
                }
            } catch is InputError {
                refused += 1
            }
        }
        #expect(refused > 0 && refused < 60)
    }
}
