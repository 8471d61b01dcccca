import Datasets
import Files
import TestSupport
import Testing

@Suite struct TarTests {
    /// Long names are cut or stand in headers of their own, which this reader passes over; the content is there.
    @Test(arguments: ["ustar", "gnu", "pax"]) func readsWhatPythonWrote(format: String) throws {
        let files = try Tar.files(in: fixture("\(format).tar"), name: "x.tar")
        let content = (0..<700).map { UInt8($0 % 251) }
        #expect(files.map { $0.path }.prefix(2) == ["folder/first.bin", "folder/empty.bin"])
        #expect(files.map { Array($0.content) } == [content, [], Array(content[..<512])])
        if format == "ustar" {
            #expect(files[2].path == "folder/" + String(repeating: "deep/", count: 20) + "last.bin")
        }
    }

    @Test func readsWhatItsWriterWrote() throws {
        let members = [("a.bin", sampleBytes(513, seed: 1)), ("b/c.bin", []), ("d", sampleBytes(1024, seed: 2))]
        let files = try Tar.files(in: tar(members), name: "x.tar")
        #expect(files.map { $0.path } == members.map { $0.0 })
        #expect(files.map { Array($0.content) } == members.map { $0.1 })
        #expect(try Tar.files(in: tar([]), name: "x.tar").isEmpty)
        // Some writers leave out what comes after the last byte.
        let cut = Array(tar([("a", [7])])[..<513])
        #expect(try Tar.files(in: cut, name: "x.tar").map { Array($0.content) } == [[7]])
    }

    @Test func refusesEveryTruncationWithinAMember() throws {
        let bytes = tar([("a", sampleBytes(600, seed: 1))])
        for count in 1..<1112 {
            #expect(throws: InputError.self) { try Tar.files(in: Array(bytes[..<count]), name: "x.tar") }
        }
    }

    @Test func refusesDamagedHeaders() {
        let whole = tar([("a", [1, 2, 3])])
        func error(_ change: (inout [UInt8]) -> Void) -> String? {
            var bytes = whole
            change(&bytes)
            return #expect(throws: InputError.self) { try Tar.files(in: bytes, name: "x.tar") }?.description
        }
        #expect(error { $0[0] ^= 1 }?.contains("no tar header at byte 0") == true)
        // Lengths with a right checksum: too large, no octal number, and one written in base 256.
        #expect(error { setLength(&$0, "77777777777") }?.contains("claims 8589934591 bytes") == true)
        #expect(error { setLength(&$0, "0000000009 ") }?.contains("without a length") == true)
        #expect(error { setLength(&$0, "-0000000001") }?.contains("length") == true)
        #expect(error { setLength(&$0, "\u{1}0000000001") }?.contains("without a length") == true)
        #expect(error { setLength(&$0, "           ") }?.contains("without a length") == true)
    }

    private func setLength(_ bytes: inout [UInt8], _ text: String) {
        bytes.replaceSubrange(124..<135, with: Array(text.utf8))
        setTarChecksum(&bytes, at: 0)
    }
}
