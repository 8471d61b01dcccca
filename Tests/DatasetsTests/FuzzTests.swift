import Datasets
import Files
import NumericCore
import TestSupport
import Testing

/// Readers given damaged files throw `InputError` or return something valid; they never crash.
///
/// The damage is drawn from fixed seeds, so a failure repeats.
@Suite struct FuzzTests {
    @Test func tensorsSurviveDamage() {
        let seeds = [
            idx([5, 4, 3], sampleBytes(60, seed: 1)), idx([20], sampleBytes(20, seed: 2)), idx([0, 28, 28], []),
        ]
        let outcomes = fuzz(seeds, cases: 6_000) { bytes in
            try check(bytes, rank: bytes.count > 3 && bytes[3] == 1 ? 1 : 3)
        }
        #expect(outcomes.refused > 1_000 && outcomes.accepted > 0)
    }

    @Test func gzipSurvivesDamage() {
        let first = gzip(idx([5, 4, 3], sampleBytes(60, seed: 1)))
        let second = gzip(sampleBytes(5_000, seed: 2))
        let outcomes = fuzz([first, second, first + second, gzip([])], cases: 6_000) { bytes in
            let content = try Gzip.decompress(bytes, limit: 8_000, name: "fuzz")
            #expect(content.count <= 8_000)
        }
        #expect(outcomes.refused > 1_000 && outcomes.accepted > 0)
    }

    @Test func tensorsInGzipSurviveDamage() {
        let tensor = idx([5, 4, 3], sampleBytes(60, seed: 1))
        let outcomes = fuzz([tensor], cases: 2_000) { bytes in
            try check(Gzip.decompress(gzip(bytes), limit: 8_000, name: "fuzz"), rank: 3)
        }
        #expect(outcomes.refused > 500 && outcomes.accepted > 0)
    }

    @Test func recordsSurviveDamage() {
        let outcomes = fuzz([cifarRecords([1]), cifarRecords([2, 9, 0])], cases: 2_000) { bytes in
            let images = try CIFAR10.images(decoding: bytes, name: "fuzz")
            #expect(images.count * 3073 == bytes.count)
            #expect(images.labels.allSatisfy { $0 < 10 })
        }
        #expect(outcomes.refused > 500 && outcomes.accepted > 0)
    }

    /// Half of the damaged headers get a right checksum again, so that what stands behind it is met, too.
    @Test func archivesSurviveDamage() throws {
        let seeds = [
            tar([("a/b.bin", sampleBytes(700, seed: 1)), ("c", [])]), tar([("d", sampleBytes(40, seed: 2))]), tar([]),
            try fixture("ustar.tar"), try fixture("gnu.tar"), try fixture("pax.tar"),
        ]
        let outcomes = fuzz(seeds, cases: 6_000) { bytes in
            var bytes = bytes
            if bytes.count >= 512, bytes.count.isMultiple(of: 2) { setTarChecksum(&bytes, at: 0) }
            let files = try Tar.files(in: bytes, name: "fuzz")
            #expect(files.reduce(0) { $0 + $1.content.count + 512 } <= bytes.count)
        }
        #expect(outcomes.refused > 1_000 && outcomes.accepted > 0)
    }

    private func check(_ bytes: [UInt8], rank: Int) throws {
        let tensor = try IDXTensor(decoding: bytes, rank: rank, name: "fuzz")
        #expect(tensor.dimensions.count == rank)
        #expect(tensor.dimensions.reduce(1, *) == tensor.values.count)
        #expect(tensor.values.count == bytes.count - 4 - 4 * rank)
    }

    /// Gives `body` damaged copies of `seeds` and counts how they were received.
    private func fuzz(
        _ seeds: [[UInt8]], cases: Int, _ body: ([UInt8]) throws -> Void
    ) -> (accepted: Int, refused: Int) {
        var counts = (accepted: 0, refused: 0)
        for number in 0..<cases {
            var stream = RandomStream(RandomKey(seed: 77).child(number))
            var bytes = seeds[number % seeds.count]
            for _ in 0...stream.index(below: 3) { damage(&bytes, seeds, &stream) }
            do {
                try body(bytes)
                counts.accepted += 1
            } catch let error as InputError {
                counts.refused += 1
                if error.description.contains("\n") { Issue.record("case \(number): more than one line: \(error)") }
            } catch {
                Issue.record("case \(number): \(error) is no InputError")
            }
        }
        return counts
    }

    private func damage(_ bytes: inout [UInt8], _ seeds: [[UInt8]], _ stream: inout RandomStream) {
        guard !bytes.isEmpty else {
            bytes = [UInt8(stream.index(below: 256))]
            return
        }
        let place = stream.index(below: bytes.count)
        switch stream.index(below: 7) {
        case 0: bytes[place] ^= 1 << UInt8(stream.index(below: 8))
        case 1: bytes[place] = UInt8(stream.index(below: 256))
        case 2: bytes.removeLast(bytes.count - place)
        case 3: bytes.removeSubrange(place..<min(place + 1 + stream.index(below: 8), bytes.count))
        case 4:
            // An extreme number in one of the places where lengths stand: the header, tar's header, or gzip's trailer.
            let field = [4 * stream.index(below: 4), 124 + stream.index(below: 12), bytes.count - 4][
                stream.index(below: 3)]
            let value: [UInt8] = [[0, 0, 0, 0], [255, 255, 255, 255], [128, 0, 0, 0], [0, 0, 0, 1]][
                stream.index(below: 4)]
            for (offset, byte) in value.enumerated() where bytes.indices.contains(field + offset) {
                bytes[field + offset] = byte
            }
        case 5:
            let other = seeds[stream.index(below: seeds.count)]
            bytes.replaceSubrange(place..., with: other[min(place, other.count)...])
        default:
            bytes.insert(
                contentsOf: seeds[stream.index(below: seeds.count)].prefix(1 + stream.index(below: 40)), at: place)
        }
    }
}
