import Files

/// The handwritten digits of LeCun, Cortes and Burges: 28 × 28 grey pixels each, divided by 255, ten classes.
public struct MNIST: Sendable {
    /// The training file's images from number 5,000 on, in its order: the 55,000 that the paper trains on.
    public let training: LabeledImages
    /// The training file's first 5,000 images.
    public let validation: LabeledImages
    /// The test file's images.
    public let test: LabeledImages

    /// The number of images that are set aside for validation, as TensorFlow's reader does.
    public static let validationCount = 5_000

    /// Reads the four IDX files in `dataFolder`'s subfolder `mnist`, gzipped or not.
    ///
    /// Both spellings are known, `train-images-idx3-ubyte` and `train-images.idx3-ubyte`, each with or without
    /// `.gz`. Takes about 55 MB of memory.
    /// - Parameter dataFolder: see `DataFolder.resolve(_:environment:)`.
    /// - Throws: `InputError` where a file is missing or is not MNIST's.
    public static func load(dataFolder: String) throws -> MNIST {
        let folder = "\(dataFolder)/mnist"
        let (images, labels, name) = try read("train", in: folder)
        guard labels.count > validationCount else {
            throw damaged(name, "holds \(labels.count) images, no more than the first \(validationCount)")
        }
        let test = try read("t10k", in: folder)
        return MNIST(
            training: labeled(images, labels, validationCount..<labels.count),
            validation: labeled(images, labels, 0..<validationCount),
            test: labeled(test.images, test.labels, 0..<test.labels.count))
    }

    /// Those of the four files that are not in `dataFolder`'s subfolder `mnist` under any of their names.
    public static func missingFiles(dataFolder: String) -> [String] {
        [("train-images", 3), ("train-labels", 1), ("t10k-images", 3), ("t10k-labels", 1)].compactMap { stem, rank in
            (try? find(stem, rank: rank, in: "\(dataFolder)/mnist")) == nil ? "\(stem)-idx\(rank)-ubyte" : nil
        }
    }

    private static let side = 28
    private static let classes = 10

    /// One pair of files, checked against each other.
    private static func read(
        _ set: String, in folder: String
    ) throws -> (images: ArraySlice<UInt8>, labels: ArraySlice<UInt8>, name: String) {
        let name = try find("\(set)-images", rank: 3, in: folder)
        let images = try IDXTensor(path: name, rank: 3)
        guard images.dimensions[1...] == [side, side] else {
            throw damaged(
                name, "holds images of \(images.dimensions[1]) × \(images.dimensions[2]) pixels, not 28 × 28")
        }
        let labelsName = try find("\(set)-labels", rank: 1, in: folder)
        let labels = try IDXTensor(path: labelsName, rank: 1)
        guard labels.dimensions[0] == images.dimensions[0] else {
            throw damaged(
                labelsName, "holds \(labels.dimensions[0]) labels for \(images.dimensions[0]) images")
        }
        if let wrong = labels.values.first(where: { $0 >= classes }) {
            throw damaged(labelsName, "holds the label \(wrong), which is no digit")
        }
        return (images.values, labels.values, name)
    }

    /// The path of one of the four files, under whichever of its names it is there.
    private static func find(_ stem: String, rank: Int, in folder: String) throws -> String {
        let names = ["-", "."].map { "\(stem)\($0)idx\(rank)-ubyte" }
        for name in names {
            for path in ["\(folder)/\(name)", "\(folder)/\(name).gz"] where fileExists(path) { return path }
        }
        throw InputError(
            "\(folder)/\(names[0])", "is missing, also with .gz",
            advice:
                "run `l2o data fetch mnist`, or name the folder that contains mnist/ with --data-dir or L2O_DATA_DIR")
    }

    private static func labeled(
        _ bytes: ArraySlice<UInt8>, _ labels: ArraySlice<UInt8>, _ range: Range<Int>
    ) -> LabeledImages {
        let size = side * side
        let chosen = bytes.dropFirst(range.lowerBound * size).prefix(range.count * size)
        return LabeledImages(
            bytes: chosen, labels: Array(labels.dropFirst(range.lowerBound).prefix(range.count)),
            pixelsPerImage: size, classes: classes)
    }
}
