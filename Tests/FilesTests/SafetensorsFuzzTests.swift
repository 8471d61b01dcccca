import Files
import NumericCore
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

    private func damage(_ bytes: inout [UInt8], _ random: inout RandomStream) {
        guard bytes.count > 8 else { return bytes.append(contentsOf: [0, 0, 0]) }
        let header = min(Int(bytes[0]) | Int(bytes[1]) << 8, bytes.count - 8)
        switch random.index(below: 7) {
        case 0: bytes[random.index(below: bytes.count)] ^= 1 << random.index(below: 8)
        case 1: bytes.removeLast(random.index(below: bytes.count))
        case 2: bytes[random.index(below: 8)] = UInt8(random.index(below: 256))
        case 3 where header > 0:
            let tokens = Array("{}[]\",:\\u0123456789-.e nulltrue\u{7F}".utf8)
            bytes[8 + random.index(below: header)] = tokens[random.index(below: tokens.count)]
        case 4 where header > 0:
            // A piece of the header once more, somewhere else, with the length put right.
            let start = 8 + random.index(below: header)
            let piece = Array(bytes[start..<min(start + random.index(below: 40), 8 + header)])
            bytes.insert(contentsOf: piece, at: 8 + random.index(below: header))
            setHeaderLength(header + piece.count, of: &bytes)
        case 5 where header > 0:
            bytes.remove(at: 8 + random.index(below: header))
            setHeaderLength(header - 1, of: &bytes)
        default: bytes.append(UInt8(random.index(below: 256)))
        }
    }

    private func setHeaderLength(_ length: Int, of bytes: inout [UInt8]) {
        withUnsafeBytes(of: UInt64(length).littleEndian) { bytes.replaceSubrange(0..<8, with: $0) }
    }
}
