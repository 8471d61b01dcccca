import Files
import Platform

/// One file of a data set, and how to tell that it has arrived whole.
public struct DatasetFile: Sendable, Equatable {
    /// What an MD5 sum was computed of.
    public enum Sum: Sendable {
        /// The MD5 sum of what the file unpacks to.
        case content
        /// The MD5 sum of the file as it is.
        case file
    }

    /// Its name below a mirror and in the data folder; gzipped.
    public let name: String
    /// The number of bytes that the sum was computed of.
    public let bytes: Int
    /// Their MD5 sum, in lower-case hexadecimal.
    public let md5: String
    /// What the sum was computed of.
    public let sum: Sum

    /// A file by its name, and the size and MD5 sum of itself or of what it unpacks to.
    public init(name: String, bytes: Int, md5: String, of sum: Sum = .content) {
        self.name = name
        self.bytes = bytes
        self.md5 = md5
        self.sum = sum
    }
}

/// What a fetch reports while it works.
public enum FetchProgress: Sendable, Equatable {
    /// The file is here already, and whole.
    case alreadyHere(file: String)
    /// Some bytes are here; `total` is nil where the mirror does not say.
    case receiving(file: String, bytes: Int, total: Int?)
    /// This mirror did not give the file; the fetch goes on with another try or the next mirror.
    case failed(file: String, mirror: String, problem: String)
    /// The file has been checked and has its final name.
    case finished(file: String)
}

/// Fetching of data sets from public mirrors.
public enum DataFetch {
    /// Addresses below which MNIST's four files lie, in the order in which they are tried.
    public static let mnistMirrors = [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ]

    /// MNIST's four files.
    public static let mnistFiles = [
        DatasetFile(
            name: "train-images-idx3-ubyte.gz", bytes: 47_040_016, md5: "6bbc9ace898e44ae57da46a324031adb"),
        DatasetFile(
            name: "train-labels-idx1-ubyte.gz", bytes: 60_008, md5: "a25bea736e30d166cdddb491f175f624"),
        DatasetFile(
            name: "t10k-images-idx3-ubyte.gz", bytes: 7_840_016, md5: "2646ac647ad5339dbf082846283269ea"),
        DatasetFile(
            name: "t10k-labels-idx1-ubyte.gz", bytes: 10_008, md5: "27ae3e4e09519cfbb04c329615203637"),
    ]

    /// Addresses below which CIFAR-10's archive lies, in the order in which they are tried.
    public static let cifar10Mirrors = ["https://www.cs.toronto.edu/~kriz/"]

    /// CIFAR-10's archive, with the sum that its authors publish.
    public static let cifar10Files = [
        DatasetFile(
            name: CIFAR10.archiveName, bytes: 170_052_171, md5: "c32a1d4ab5d03f1284b67883e8d87530", of: .file)
    ]

    /// Fetches CIFAR-10's archive into `dataFolder`, see `fetch(_:into:from:progress:)`.
    public static func cifar10(
        into dataFolder: String, from mirrors: [String] = cifar10Mirrors,
        progress: @escaping @Sendable (FetchProgress) -> Void = { _ in }
    ) async throws {
        try await fetch(cifar10Files, into: dataFolder, from: mirrors, progress: progress)
    }

    /// Fetches MNIST into `dataFolder`'s subfolder `mnist`, see `fetch(_:into:from:progress:)`.
    public static func mnist(
        into dataFolder: String, from mirrors: [String] = mnistMirrors,
        progress: @escaping @Sendable (FetchProgress) -> Void = { _ in }
    ) async throws {
        try await fetch(mnistFiles, into: "\(dataFolder)/mnist", from: mirrors, progress: progress)
    }

    /// Fetches those of the files that are not in `folder` yet, each from the first mirror that gives it whole.
    ///
    /// A file grows as `NAME.part`, which a later try or call resumes. It gets its name only when its
    /// size and MD5 sum are the expected ones, so nothing half-written ever bears that name.
    /// - Parameters:
    ///   - mirrors: addresses that the files' names are appended to, in the order in which they are tried.
    ///   - progress: called from another thread, one call at a time.
    /// - Throws: `InputError` where the folder is not writable or no mirror gives a file, and `CancellationError`.
    public static func fetch(
        _ files: [DatasetFile], into folder: String, from mirrors: [String],
        progress: @escaping @Sendable (FetchProgress) -> Void = { _ in }
    ) async throws {
        try makeFolder(folder)
        for file in files {
            let path = "\(folder)/\(file.name)"
            if fileExists(path), (try? checked(file, at: path)) != nil {
                progress(.alreadyHere(file: file.name))
            } else {
                try await fetch(file, to: path, from: mirrors, progress: progress)
            }
        }
    }

    private static func fetch(
        _ file: DatasetFile, to path: String, from mirrors: [String],
        progress: @escaping @Sendable (FetchProgress) -> Void
    ) async throws {
        var problem = "no mirror is named"
        for mirror in mirrors {
            var tries = 0
            var goOn = true
            while goOn {
                tries += 1
                let before = fileSize("\(path).part")
                do {
                    try await download(file, to: path, from: mirror, progress: progress)
                    progress(.finished(file: file.name))
                    return
                } catch let error as MirrorError {
                    try Task.checkCancellation()
                    problem = "\(mirror) \(error.problem)"
                    progress(.failed(file: file.name, mirror: mirror, problem: error.problem))
                    // Again where some of it came, and where what was resumed may itself have been damaged.
                    goOn = tries < 5 && (error.isDamage ? before > 0 : fileSize("\(path).part") > before)
                }
            }
        }
        throw InputError(
            path, "cannot be fetched: \(problem)",
            advice: "check the network and run again, or copy the file there yourself")
    }

    /// One try of one mirror.
    private static func download(
        _ file: DatasetFile, to path: String, from mirror: String,
        progress: @escaping @Sendable (FetchProgress) -> Void
    ) async throws {
        let part = "\(path).part"
        let address = mirror.hasSuffix("/") ? mirror + file.name : "\(mirror)/\(file.name)"
        // Compressed data is hardly ever larger than its content.
        let limit = file.bytes + file.bytes / 100 + 4096
        try await HTTPDownload.append(address, to: part, limit: limit) { bytes, total in
            progress(.receiving(file: file.name, bytes: bytes, total: total))
        }
        do {
            let bytes = try checked(file, at: part)
            // Written anew, not renamed: what was checked is what is synced to disk.
            try writeFileAtomically(path, bytes)
            unlink(part)
        } catch let error as DamagedFile {
            unlink(part)
            throw MirrorError(problem: "gives a damaged file: \(error.problem)", isDamage: true)
        }
    }

    /// The file's bytes, still packed, if they unpack to what they should.
    private static func checked(_ file: DatasetFile, at path: String) throws -> [UInt8] {
        let bytes = try readFile(path)
        let content = try summed(file, bytes)
        guard content.count == file.bytes else {
            let state = file.sum == .content ? " unpacked" : ""
            throw DamagedFile(problem: "it has \(content.count) bytes\(state), not \(file.bytes)")
        }
        guard md5(content) == file.md5 else { throw DamagedFile(problem: "its MD5 sum is wrong") }
        return bytes
    }

    /// What the file's sum was computed of.
    private static func summed(_ file: DatasetFile, _ bytes: [UInt8]) throws -> [UInt8] {
        // Some servers say that gzip is the transfer's encoding; then the content arrives unpacked.
        guard file.sum == .content, Gzip.isCompressed(bytes) else { return bytes }
        do {
            return try Gzip.decompress(bytes, limit: file.bytes, name: file.name)
        } catch is InputError {
            throw DamagedFile(problem: "it does not unpack")
        }
    }

    private static func fileSize(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}

/// A mirror that does not give a file; another one may.
struct MirrorError: Error {
    let problem: String
    /// Whether all of the file came and was wrong.
    var isDamage = false
}

private struct DamagedFile: Error {
    let problem: String
}
