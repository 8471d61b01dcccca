import Datasets
import Files
import Testing

@Suite struct MNISTTests {
    @Test func splitsAndScalesInTheOrderOfTheFile() async throws {
        try await withTemporaryFolder { folder in
            try writeSmallMNIST(in: folder)
            let data = try MNIST.load(dataFolder: folder)
            #expect((data.validation.count, data.training.count, data.test.count) == (5_000, 3, 2))
            #expect(data.training.labels == [0, 1, 2] && data.test.labels == [7, 3])
            #expect(data.training.classes == 10 && data.training.pixelsPerImage == 784)
            // Every pixel of an image holds its number modulo 256.
            #expect(data.validation.pixels(of: 255..<256)[0] == 1 && data.validation.pixels(of: 256..<257)[0] == 0)
            #expect(data.training.pixels(of: 0..<1).allSatisfy { $0 == Float(5_000 % 256) / 255 })
        }
    }

    @Test func readsTheOtherSpellingPackedOrNot() async throws {
        try await withTemporaryFolder { folder in
            try writeSmallMNIST(in: folder, separator: ".")
            #expect(try MNIST.load(dataFolder: folder).training.count == 3)
        }
        try await withTemporaryFolder { folder in
            try writeSmallMNIST(in: folder, packed: true)
            #expect(try MNIST.load(dataFolder: folder).training.count == 3)
        }
    }

    @Test func missingFilesAreNamedWithWhatToDo() async throws {
        try await withTemporaryFolder { folder in
            let error = #expect(throws: InputError.self) { try MNIST.load(dataFolder: folder) }
            #expect(
                error?.description == """
                    \(folder)/mnist/train-images-idx3-ubyte: is missing, also with .gz; run `l2o data fetch mnist`, or \
                    name the folder that contains mnist/ with --data-dir or L2O_DATA_DIR
                    """)
        }
    }

    @Test func filesThatDoNotFitAreRefused() async throws {
        try await withTemporaryFolder { folder in
            try writeSmallMNIST(in: folder)
            for (name, bytes, words) in [
                ("t10k-labels-idx1-ubyte", idx([3], [1, 2, 3]), "3 labels for 2 images"),
                ("t10k-labels-idx1-ubyte", idx([2], [1, 10]), "label 10"),
                ("t10k-images-idx3-ubyte", idx([2, 2, 2], [UInt8](repeating: 0, count: 8)), "2 × 2 pixels"),
                ("train-labels-idx1-ubyte", idx([2], [1, 2]), "2 labels for 5003 images"),
            ] {
                try writeFileAtomically("\(folder)/mnist/\(name)", bytes)
                let error = #expect(throws: InputError.self) { try MNIST.load(dataFolder: folder) }
                #expect(error?.description.contains(words) ?? false, "\(String(describing: error))")
            }
        }
    }

    @Test func dataFolderIsTheFirstThatIsGiven() throws {
        let all = [
            "L2O_DATA_DIR": "/data", "XDG_CACHE_HOME": "/cache", "HOME": "/home/me",
        ]
        #expect(try DataFolder.resolve("here", environment: { all[$0] }) == "here")
        #expect(try DataFolder.resolve("", environment: { all[$0] }) == "/data")
        #expect(try DataFolder.resolve(environment: { $0 == "L2O_DATA_DIR" ? nil : all[$0] }) == "/cache/l2o")
        #expect(
            try DataFolder.resolve(environment: { ["XDG_CACHE_HOME": "relative", "HOME": "/home/me"][$0] })
                == "/home/me/.cache/l2o")
        #expect(throws: InputError.self) { try DataFolder.resolve(environment: { _ in nil }) }
    }

    private func writeSmallMNIST(in folder: String, separator: String = "-", packed: Bool = false) throws {
        try makeFolder("\(folder)/mnist")
        let pixels = (0..<5_003).flatMap { [UInt8](repeating: UInt8($0 % 256), count: 784) }
        let labels = (0..<5_003).map { UInt8($0 < 5_000 ? 9 : $0 - 5_000) }
        for (name, bytes) in [
            ("train-images\(separator)idx3", idx([5_003, 28, 28], pixels)),
            ("train-labels\(separator)idx1", idx([5_003], labels)),
            ("t10k-images\(separator)idx3", idx([2, 28, 28], [UInt8](repeating: 4, count: 2 * 784))),
            ("t10k-labels\(separator)idx1", idx([2], [7, 3])),
        ] {
            let path = "\(folder)/mnist/\(name)-ubyte\(packed ? ".gz" : "")"
            try writeFileAtomically(path, packed ? gzip(bytes) : bytes)
        }
    }
}

@Suite(
    .enabled(
        if: realMNIST != nil,
        "skipped: what is known of the real MNIST; set L2O_DATA_DIR to a folder that contains mnist/"))
struct RealMNISTTests {
    @Test func splitsHaveTheKnownSizesAndLabels() throws {
        let start = ContinuousClock().now
        let data = try MNIST.load(dataFolder: #require(realMNIST))
        print("MNIST loaded in \(ContinuousClock().now - start)")
        #expect((data.training.count, data.validation.count, data.test.count) == (55_000, 5_000, 10_000))
        #expect(data.validation.labels.prefix(10) == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
        #expect(data.test.labels.prefix(10) == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
        var histogram = [Int](repeating: 0, count: 10)
        for label in data.training.labels + data.validation.labels { histogram[Int(label)] += 1 }
        #expect(histogram == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    }

    /// The sums' own check, and that of the sizes which a fetch expects.
    @Test func filesHaveTheKnownSums() throws {
        for file in DataFetch.mnistFiles {
            let stem = file.name.dropLast(3)
            let folder = try #require(realMNIST) + "/mnist"
            let path = ["\(stem).gz", "\(stem)"].map { "\(folder)/\($0)" }.first { fileExists($0) }
            var bytes = try readFile(#require(path))
            if Gzip.isCompressed(bytes) {
                bytes = try Gzip.decompress(bytes, limit: file.bytes, name: file.name)
            }
            #expect(bytes.count == file.bytes)
            #expect(md5(bytes) == file.md5)
        }
    }
}

private let realMNIST: String? = DatasetsTestsEnvironment.variable("L2O_DATA_DIR").flatMap { folder in
    entries(of: "\(folder)/mnist").isEmpty ? nil : folder
}
