import Datasets
import Files
import Testing

@Suite struct CIFAR10Tests {
    @Test func readsWhatIsThereInOrder() async throws {
        try await withTemporaryFolder { folder in
            try makeFolder("\(folder)/cifar-10-batches-bin")
            for number in [4, 1] {
                try writeFileAtomically(
                    "\(folder)/cifar-10-batches-bin/data_batch_\(number).bin", cifarRecords([number, number + 1]))
            }
            let data = try CIFAR10.load(dataFolder: folder)
            #expect(data.batches == [1, 4] && data.training.labels == [1, 2, 4, 5])
            #expect(data.test == nil)
            #expect(
                CIFAR10.source(dataFolder: folder)
                    == .folder("\(folder)/cifar-10-batches-bin", batches: [1, 4], hasTest: false))
            try writeFileAtomically("\(folder)/cifar-10-batches-bin/test_batch.bin", cifarRecords([9]))
            #expect(try CIFAR10.load(dataFolder: folder).test?.labels == [9])
        }
    }

    /// Red, green and blue one after the other, as in the file, and black at −0.5.
    @Test func pixelsAreBytesLessOneHalf() throws {
        let images = try CIFAR10.images(decoding: cifarRecords([3, 0]), name: "x.bin")
        #expect((images.count, images.pixelsPerImage, images.classes) == (2, 3072, 10))
        let expected = (0..<3072).map { Float(($0 + 3) % 256) / 255 - 0.5 }
        #expect(images.pixels(of: 0..<1) == expected)
        #expect(images.pixels(of: 1..<2)[0] == -0.5 && images.pixels(of: 1..<2)[255] == 0.5)
    }

    @Test(arguments: [true, false]) func readsThePublishedArchive(packed: Bool) async throws {
        try await withTemporaryFolder { folder in
            let names = (1...5).map { "data_batch_\($0)" } + ["test_batch"]
            let members = names.enumerated().map { index, name in
                ("cifar-10-batches-bin/\(name).bin", cifarRecords([index, index]))
            }
            let archive = tar([("cifar-10-batches-bin/readme.html", [60])] + members.reversed())
            let path = "\(folder)/cifar-10-binary.tar.gz"
            try writeFileAtomically(path, packed ? gzip(archive) : archive)
            let data = try CIFAR10.load(dataFolder: folder)
            #expect(data.batches == [1, 2, 3, 4, 5])
            #expect(data.training.labels == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4] && data.test?.labels == [5, 5])
            #expect(CIFAR10.source(dataFolder: folder) == .archive(path))
        }
    }

    @Test func missingFilesAreNamedWithWhatToDo() async throws {
        try await withTemporaryFolder { folder in
            #expect(CIFAR10.source(dataFolder: folder) == nil)
            let error = #expect(throws: InputError.self) { try CIFAR10.load(dataFolder: folder) }
            #expect(
                error?.description == """
                    \(folder)/cifar-10-batches-bin/data_batch_1.bin: is missing, and so is cifar-10-binary.tar.gz; run \
                    `l2o data fetch cifar-10`, or name the folder that contains cifar-10-batches-bin/ with --data-dir or \
                    L2O_DATA_DIR
                    """)
        }
    }

    @Test(
        arguments: [
            ([], "0 bytes"), ([UInt8](repeating: 0, count: 3074), "3074 bytes"),
            (cifarRecords([1, 10]), "the class 10"),
        ] as [([UInt8], String)]) func refusesWhatIsNotWholeRecords(bytes: [UInt8], words: String) async throws
    {
        try await withTemporaryFolder { folder in
            try makeFolder("\(folder)/cifar-10-batches-bin")
            for (name, content) in [("data_batch_2", cifarRecords([1])), ("test_batch", bytes)] {
                try writeFileAtomically("\(folder)/cifar-10-batches-bin/\(name).bin", content)
            }
            let error = #expect(throws: InputError.self) { try CIFAR10.load(dataFolder: folder) }
            #expect(error?.description.contains(words) == true)
            #expect(error?.description.contains("test_batch.bin") == true)
        }
    }

    @Test func refusesAnotherArchive() async throws {
        try await withTemporaryFolder { folder in
            try writeFileAtomically("\(folder)/cifar-10-binary.tar.gz", gzip(tar([("x/other.bin", [1])])))
            let error = #expect(throws: InputError.self) { try CIFAR10.load(dataFolder: folder) }
            #expect(error?.description.contains("none of CIFAR-10's training files") == true)
        }
    }
}

@Suite(
    .enabled(
        if: realCIFAR != nil,
        "skipped: what is known of the real CIFAR-10; set L2O_DATA_DIR to a folder that contains it"))
struct RealCIFAR10Tests {
    @Test func setsHaveTheKnownSizesAndClasses() throws {
        let data = try CIFAR10.load(dataFolder: #require(realCIFAR))
        #expect(data.training.count == 10_000 * data.batches.count)
        let test = try #require(data.test)
        var histogram = [Int](repeating: 0, count: 10)
        for label in test.labels { histogram[Int(label)] += 1 }
        #expect(histogram == [Int](repeating: 1_000, count: 10))
        // The mean of red, green and blue over all training images is known: 0.4914, 0.4822, 0.4465.
        let means = (0..<3).map { colour in
            stride(from: 0, to: data.training.count, by: 20).reduce(0.0) { sum, image in
                let pixels = data.training.pixels(of: image..<image + 1)[colour * 1024..<(colour + 1) * 1024]
                return sum + pixels.reduce(0.0) { $0 + Double($1) } / 1024 / Double(data.training.count / 20)
            }
        }
        #expect(zip(means, [-0.0086, -0.0178, -0.0535]).allSatisfy { abs($0 - $1) < 0.02 })
    }
}

private let realCIFAR: String? = DatasetsTestsEnvironment.variable("L2O_DATA_DIR").flatMap { folder in
    CIFAR10.source(dataFolder: folder) == nil ? nil : folder
}
