import Datasets
import Files
import Testing

@Suite struct GzipTests {
    @Test(arguments: [0, 1, 1000, 300_000])
    func unpacksWhatZlibPacked(count: Int) throws {
        let content = sampleBytes(count, seed: 2)
        #expect(try Gzip.decompress(gzip(content), limit: count, name: "x") == content)
    }

    @Test func unpacksAllMembers() throws {
        let (first, second) = (sampleBytes(50_000, seed: 1), sampleBytes(100, seed: 2))
        let bytes = gzip(first) + gzip([]) + gzip(second)
        #expect(try Gzip.decompress(bytes, limit: 50_100, name: "x") == first + second)
        #expect(throws: InputError.self) { try Gzip.decompress(bytes, limit: 50_099, name: "x") }
    }

    @Test func refusesBombs() {
        let bomb = gzip([UInt8](repeating: 0, count: 20_000_000))
        let error = #expect(throws: InputError.self) { try Gzip.decompress(bomb, limit: 100_000, name: "x.gz") }
        #expect(error?.description == "x.gz: unpacks to more than 100000 bytes; check that it is the right file")
        // The same where the trailer claims a small size.
        let lying = bomb.dropLast(4) + [1, 0, 0, 0]
        #expect(throws: InputError.self) { try Gzip.decompress(Array(lying), limit: 100_000, name: "x.gz") }
    }

    @Test func refusesEveryTruncation() {
        let bytes = gzip(sampleBytes(300, seed: 1))
        for count in 0..<bytes.count {
            #expect(throws: InputError.self) { try Gzip.decompress(Array(bytes[..<count]), limit: 300, name: "x") }
        }
    }

    @Test func refusesAWrongChecksumAWrongLengthAndTrailingBytes() {
        let bytes = gzip(sampleBytes(300, seed: 1))
        for (position, words) in [(bytes.count - 8, "data check"), (bytes.count - 4, "length check")] {
            var changed = bytes
            changed[position] ^= 1
            let error = #expect(throws: InputError.self) { try Gzip.decompress(changed, limit: 300, name: "x") }
            #expect(error?.description.contains(words) ?? false, "\(String(describing: error))")
        }
        let error = #expect(throws: InputError.self) { try Gzip.decompress(bytes + [0], limit: 300, name: "x") }
        #expect(error?.description.contains("goes on after the end") ?? false)
    }

    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
        (
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            "d174ab98d277d9f5a5611c2c9f419d9f"
        ),
        (
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "57edf4a22be3c955ac49da2e2107b67a"
        ),
    ])
    func sumsMatchRFC1321(text: String, sum: String) {
        #expect(md5(Array(text.utf8)) == sum)
    }
}
