import Files
import Foundation
import Testing

@Suite("l2o explain") struct ExplainCommandTests {
    @Test("Writes a page, charts and JSON, and takes built-in digits where there is no MNIST")
    func writes() throws {
        try withTemporaryFolder { folder in
            let outcome = try l2o(
                words("explain gateprop --steps 12 --seed 4 --data-dir \(folder)/none --out \(folder)/it --json"))
            #expect(outcome.exitCode == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
            let value = try #require(try outcome.json() as? [String: Any])
            #expect(value["optimizee"] as? String == "digits-mlp" && value["label"] as? String == "gateprop")
            let parts = try #require(value["parts"] as? [[String: Any]])
            #expect(try readFile("\(folder)/it/explain.json") == Array(outcome.output.utf8))
            for part in parts {
                let id = try #require(part["id"] as? String)
                #expect(try readText("\(folder)/it/\(id).svg").hasSuffix("</svg>\n"))
            }
            #expect(try readText("\(folder)/it/explain.html").contains("l2o explain gateprop --steps 12 --seed 4"))
        }
    }

    @Test("Any optimizer is explained, on any problem")
    func others() throws {
        let outcome = try l2o(words("explain adam:lr=2^-7 --optimizee rosenbrock --steps 10 --quiet"))
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        #expect(
            outcome.output.hasPrefix("adam lr=2^-7, 8 bytes of state"))
        #expect(outcome.output.contains("On rosenbrock"))
    }
}

private func readText(_ path: String) throws -> String { String(decoding: try readFile(path), as: UTF8.self) }
