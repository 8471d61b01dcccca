import Files
import RandomNumbers
import TestSupport
import Testing

/// Files that were damaged at random, always the same ones: reading must end in a value or an error, never in a crash.
@Suite struct SafetensorsFuzzTests {
    @Test func damagedFilesNeverCrashTheReader() throws {
        let own = SafetensorsFile(
            [Tensor("w", shape: [2, 2], values: [1, 2, 3, 4]), Tensor("b", shape: [], values: [5])],
            metadata: ["kind": "rnnprop", "note": "é\n"])
        let sources = [try fixture("python.safetensors"), own.encoded()]
        var random = RandomStream(RandomKey(seed: 1))
        var accepted = 0
        var refused = 0
        for _ in 0..<8_000 {
            var bytes = sources[random.index(below: sources.count)]
            for _ in 0...random.index(below: 2) { damage(&bytes, &random) }
            do {
                let file = try SafetensorsFile(bytes: bytes, path: "fuzz")
                // Whatever was accepted is whole: it can be written and read again.
                #expect(try SafetensorsFile(bytes: file.encoded(), path: "again").metadata == file.metadata)
                accepted += 1
            } catch let error as InputError {
                #expect(!error.description.contains { $0.isNewline })
                refused += 1
            }
        }
        // The damage is neither always fatal nor always harmless.
        #expect(accepted > 200 && refused > 200, "\(accepted) accepted, \(refused) refused")
    }
}
