import Files

/// Krizhevsky's colour photographs: 32 × 32 pixels, ten classes, pixel / 255 − 0.5.
///
/// Its binary format: for each image one byte with the class, then 1,024 bytes each of red, green and blue, row by row.
public struct CIFAR10: Sendable {
    /// The images of those of the five training files that are there, in order.
    public let training: LabeledImages
    /// The test file's images; nil where that file is not there.
    public let test: LabeledImages?
    /// The numbers, 1 to 5, of the training files that are there.
    public let batches: [Int]

    /// The number of training files that there should be.
    public static let batchCount = 5
    /// The archive as it is published.
    public static let archiveName = "cifar-10-binary.tar.gz"

    /// Reads `data_batch_1.bin` … `data_batch_5.bin` and `test_batch.bin` in `dataFolder`'s subfolder
    /// `cifar-10-batches-bin`, or else the archive `cifar-10-binary.tar.gz` in `dataFolder` itself.
    ///
    /// One training file is enough; `batches` says which there were. Takes 3 kB of memory an image, and for a moment
    /// 400 MB more where it reads the archive.
    /// - Parameter dataFolder: see `DataFolder.resolve(_:environment:)`.
    /// - Throws: `InputError` where there is no training file, or a file is not CIFAR-10's.
    public static func load(dataFolder: String) throws -> CIFAR10 {
        switch source(dataFolder: dataFolder) {
        case .folder(let folder, _, _):
            return try load(from: folder) { stem in
                let path = "\(folder)/\(stem).bin"
                return fileExists(path) ? try readFile(path, limit: fileLimit)[...] : nil
            }
        case .archive(let path):
            let files = try unpack(path)
            return try load(from: path) { stem in files.last { $0.path.hasSuffix("/\(stem).bin") }?.content }
        case nil:
            throw InputError(
                "\(dataFolder)/\(folderName)/data_batch_1.bin", "is missing, and so is \(archiveName)",
                advice:
                    "run `l2o data fetch cifar-10`, or name the folder that contains \(folderName)/ with --data-dir "
                    + "or L2O_DATA_DIR")
        }
    }

    /// Where it lies.
    public enum Source: Sendable, Equatable {
        /// A folder with at least one training file: these of the five, and perhaps the test file.
        case folder(String, batches: [Int], hasTest: Bool)
        /// The published archive.
        case archive(String)
    }

    /// What there is of it in a data folder, told from the files' names; nil for nothing.
    public static func source(dataFolder: String) -> Source? {
        let folder = "\(dataFolder)/\(folderName)"
        let batches = (1...batchCount).filter { fileExists("\(folder)/data_batch_\($0).bin") }
        if !batches.isEmpty {
            return .folder(folder, batches: batches, hasTest: fileExists("\(folder)/test_batch.bin"))
        }
        let archive = "\(dataFolder)/\(archiveName)"
        return fileExists(archive) ? .archive(archive) : nil
    }

    private static let folderName = "cifar-10-batches-bin"
    private static let size = 3 * 32 * 32
    private static let classes = 10
    private static let fileLimit = 1 << 28

    private static func unpack(_ path: String) throws -> [(path: String, content: ArraySlice<UInt8>)] {
        var bytes = try readFile(path, limit: fileLimit)
        // Some programs unpack what they download.
        if Gzip.isCompressed(bytes) { bytes = try Gzip.decompress(bytes, limit: fileLimit, name: path) }
        return try Tar.files(in: bytes, name: path)
    }

    /// - Parameter content: the content of a file by its name without `.bin`; nil where there is none.
    private static func load(from place: String, _ content: (String) throws -> ArraySlice<UInt8>?) throws -> CIFAR10 {
        var training = Records()
        var batches: [Int] = []
        for number in 1...batchCount {
            let stem = "data_batch_\(number)"
            guard let bytes = try content(stem) else { continue }
            try training.append(bytes, name: "\(place)/\(stem).bin")
            batches.append(number)
        }
        guard !batches.isEmpty else { throw damaged(place, "holds none of CIFAR-10's training files") }
        let test = try content("test_batch").map { bytes in
            var records = Records()
            try records.append(bytes, name: "\(place)/test_batch.bin")
            return records.images
        }
        return CIFAR10(training: training.images, test: test, batches: batches)
    }

    /// The images of one file's bytes.
    ///
    /// - Parameter name: what an error calls the bytes, usually the file's path.
    /// - Throws: `InputError` unless they are whole records, at least one, with classes below ten.
    public static func images(decoding bytes: [UInt8], name: String) throws -> LabeledImages {
        var records = Records()
        try records.append(bytes[...], name: name)
        return records.images
    }

    /// Classes and pixels of the files read so far.
    private struct Records {
        private var labels: [UInt8] = []
        private var pixels: [UInt8] = []

        var images: LabeledImages {
            LabeledImages(bytes: pixels[...], offset: -0.5, labels: labels, pixelsPerImage: size, classes: classes)
        }

        mutating func append(_ bytes: ArraySlice<UInt8>, name: String) throws {
            let record = 1 + size
            guard !bytes.isEmpty, bytes.count.isMultiple(of: record) else {
                throw damaged(name, "has \(bytes.count) bytes, which are not whole records of \(record)")
            }
            pixels.reserveCapacity(pixels.count + bytes.count / record * size)
            for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: record) {
                guard bytes[start] < classes else {
                    throw damaged(name, "holds the class \(bytes[start]), but there are \(classes)")
                }
                labels.append(bytes[start])
                pixels.append(contentsOf: bytes[start + 1..<start + record])
            }
        }
    }
}
