import Datasets
import Files
import Testing

@Suite struct IDXTests {
    @Test func readsImagesAndLabels() throws {
        let images = try IDXTensor(decoding: idx([2, 2, 3], Array(1...12)), rank: 3, name: "images")
        #expect(images.dimensions == [2, 2, 3])
        #expect(Array(images.values) == Array(1...12))
        let labels = try IDXTensor(decoding: idx([4], [9, 8, 7, 6]), rank: 1, name: "labels")
        #expect(labels.dimensions == [4] && Array(labels.values) == [9, 8, 7, 6])
        #expect(try IDXTensor(decoding: idx([0, 28, 28], []), rank: 3, name: "none").values.isEmpty)
    }

    @Test(
        arguments: [
            ([], "header"),
            ([0, 0, 8, 3, 0, 0, 0, 1], "header"),
            (idx([12], Array(1...12)), "not an IDX file"),
            ([0, 0, 9] + idx([1, 1, 1], [5])[3...], "not an IDX file"),
            ([0, 1] + idx([1, 1, 1], [5])[2...], "not an IDX file"),
            (idx([2, 2, 2], [1, 2, 3, 4, 5, 6, 7]), "claims 8 values"),
            (idx([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9]), "claims 8 values"),
            (idx([0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF], [1]), "impossible"),
            (idx([0xFFFF_FFFF, 1, 1], [1]), "claims 4294967295 values"),
        ] as [([UInt8], String)])
    func refusesWhatIsNotExactlyOneTensor(bytes: [UInt8], words: String) {
        let error = #expect(throws: InputError.self) {
            try IDXTensor(decoding: bytes, rank: 3, name: "x.idx")
        }
        #expect(error?.description.hasPrefix("x.idx: ") ?? false)
        #expect(error?.description.contains(words) ?? false, "\(String(describing: error))")
    }

    @Test func readsPackedAndUnpackedFilesWhateverTheirNames() async throws {
        try await withTemporaryFolder { folder in
            let bytes = idx([3], [1, 2, 3])
            try writeFileAtomically("\(folder)/plain.gz", bytes)
            try writeFileAtomically("\(folder)/packed", gzip(bytes))
            for name in ["plain.gz", "packed"] {
                #expect(try Array(IDXTensor(path: "\(folder)/\(name)", rank: 1).values) == [1, 2, 3])
            }
            #expect(throws: InputError.self) { try IDXTensor(path: "\(folder)/packed", rank: 1, limit: 10) }
            #expect(throws: InputError.self) { try IDXTensor(path: "\(folder)/absent", rank: 1) }
        }
    }
}
