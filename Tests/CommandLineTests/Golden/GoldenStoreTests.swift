import Foundation
import TestSupport
import Testing

/// Tests/Fixtures/golden-store.json.
private struct GoldenStore: Decodable {
    let arguments: String
    let kernels: String
    /// A panel's name to the final losses of its optimizers.
    let panels: [String: [Entry]]

    struct Entry: Decodable, Equatable {
        let label: String
        let name: String
        /// The digits of the number's format.
        let finalLoss: String
    }
}

private struct Results: Decodable {
    let panels: [Panel]

    struct Panel: Decodable {
        let id: String
        let race: Race

        struct Race: Decodable {
            let results: [Entry]

            struct Entry: Decodable { let label: String, optimizer: String, finalLoss: [Double] }
        }
    }
}

@Suite("A store of results stays of use", .enabled(if: Golden.isComparable, Golden.needsAVX2))
struct GoldenStoreTests {
    @Test func everyRunOfAnEarlierVersionIsFound() throws {
        let golden: GoldenStore = try Golden.read("golden-store.json")
        try withTemporaryFolder { folder in
            let out = "\(folder)/out"
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: fixturePath("golden-store.sqlite"), toPath: "\(out)/store.sqlite")
            let arguments = words(golden.arguments).map { $0 == "out" ? out : $0 }
            let outcome = try Golden.run(arguments + ["--quiet"], kernels: golden.kernels)
            #expect(outcome.output.contains("\n0 runs computed, "), "\(outcome.output)")
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let results = try decoder.decode(
                Results.self, from: Data(contentsOf: URL(filePath: "\(out)/results.json")))
            #expect(results.panels.count == 3 && golden.panels.count == 3)
            for panel in results.panels {
                let entries = try panel.race.results.map {
                    GoldenStore.Entry(
                        label: $0.label, name: $0.optimizer,
                        finalLoss: Golden.hexadecimal(try #require($0.finalLoss.first)))
                }
                #expect(entries == golden.panels[panel.id])
            }
        }
    }
}
