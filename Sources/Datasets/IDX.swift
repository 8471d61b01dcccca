import Files

/// A tensor of bytes from a file in LeCun's IDX format: MNIST's images and labels.
///
/// The format: two zero bytes, the element type (8 for unsigned bytes), the number of dimensions, then each
/// dimension as a big-endian 32-bit number, then the values, the last dimension varying fastest.
public struct IDXTensor: Sendable, Equatable {
    /// The length of each dimension, the slowest-varying first.
    public let dimensions: [Int]
    /// The values; as many as the product of the dimensions.
    public let values: ArraySlice<UInt8>

    /// Reads a tensor of `rank` dimensions: 1 for labels (magic number 0x801), 3 for images (0x803).
    ///
    /// The bytes are not trusted: nothing is allocated after what they claim, and they must be neither too few
    /// nor too many.
    /// - Parameter name: what an error calls the bytes, usually the file's path.
    /// - Throws: `InputError` where the bytes are not exactly one such tensor.
    public init(decoding bytes: [UInt8], rank: Int, name: String) throws {
        precondition(1...255 ~= rank, "IDX knows 1 to 255 dimensions")
        let headerLength = 4 + 4 * rank
        guard bytes.count >= headerLength else {
            throw damaged(name, "ends within its header (\(bytes.count) of \(headerLength) bytes)")
        }
        guard bytes[0] == 0, bytes[1] == 0, bytes[2] == 8, Int(bytes[3]) == rank else {
            let found = bytes[..<4].map { String($0, radix: 16) }.joined(separator: " ")
            throw damaged(name, "is not an IDX file of bytes with \(rank) dimensions (it begins with \(found))")
        }
        let dimensions = (1...rank).map { index in
            bytes[4 * index..<4 * index + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        var size = 1
        for dimension in dimensions {
            let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
            guard !overflow else { throw damaged(name, "claims the impossible dimensions \(dimensions)") }
            size = product
        }
        guard size == bytes.count - headerLength else {
            throw damaged(
                name, "claims \(size) values, dimensions \(dimensions), but holds \(bytes.count - headerLength)")
        }
        self.dimensions = dimensions
        values = bytes[headerLength...]
    }

    /// Reads a tensor from a file, which may be gzipped whatever its name says.
    ///
    /// - Parameter limit: the most bytes that the file, or what it unpacks to, may have.
    /// - Throws: `InputError` where the file cannot be read or is not exactly one such tensor.
    public init(path: String, rank: Int, limit: Int = 1 << 28) throws {
        var bytes = try readFile(path, limit: limit)
        if Gzip.isCompressed(bytes) { bytes = try Gzip.decompress(bytes, limit: limit, name: path) }
        try self.init(decoding: bytes, rank: rank, name: path)
    }
}

/// The error for content that is not what it should be.
func damaged(_ name: String, _ problem: String) -> InputError {
    InputError(name, problem, advice: "delete it and fetch it again")
}
