import Files
import Foundation
import Testing

@Suite struct DoctorCommandTests {
    @Test func findingsAreResultsInTextAndJSON() throws {
        try withTemporaryFolder { folder in
            let run = "\(folder)/run"
            let train = words(
                "meta-train --quiet --optimizer rnnprop --optimizee quadratic --horizon 40 --iterations 3")
            #expect(try l2o(train + ["--out", run]).exitCode == 0)
            let before = try FileManager.default.contentsOfDirectory(atPath: run).sorted()

            let text = try l2o(["doctor", run, "--tasks", "2"], environment: ["LC_ALL": "C", "COLUMNS": "72"])
            #expect(text.exitCode == 0 && text.errors.isEmpty, "\(text.errors)")
            #expect(
                text.output.hasPrefix("rnnprop on scaled(quadratic,L=3.0)+scaled(convex,L=1.0), 3"))
            #expect(text.output.contains("\nlook  meta-loss ") && text.output.contains("\nfine  finite differences "))
            #expect(text.output.utf8.allSatisfy { $0 < 0x80 })
            #expect(text.output.split(separator: "\n").allSatisfy { $0.count <= 72 })

            let report = try #require(try l2o(["doctor", run, "--tasks", "2", "--json"]).json() as? [String: Any])
            #expect(report["optimizer"] as? String == "rnnprop" && report["iterations"] as? Int == 3)
            let findings = try #require(report["findings"] as? [[String: Any]])
            for finding in findings {
                let verdict = try #require(finding["verdict"] as? String)
                #expect(["fine", "look", "bad"].contains(verdict))
                #expect((finding["advice"] is String) == (verdict != "fine"))
                #expect(
                    finding["check"] is String && finding["value"] is String && finding["numbers"] is [String: Double]
                )
            }
            #expect(report["summary"] is String)
            #expect(try FileManager.default.contentsOfDirectory(atPath: run).sorted() == before)
        }
    }

    @Test func whatIsNoRunIsRefused() throws {
        try withTemporaryFolder { folder in
            let outcome = try l2o(["doctor", folder])
            #expect(outcome.exitCode == 1 && outcome.output.isEmpty && outcome.errorLines.count == 1)
            #expect(outcome.errors.contains("holds no meta-training run; give the folder"))
            #expect(try l2o(["doctor", folder, "--tasks", "0"]).exitCode == 64)
        }
    }
}
