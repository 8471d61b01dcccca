extension SafetensorsFile {
    /// Reads a file, see `init(bytes:path:)`.
    ///
    /// - Throws: `InputError` also where the file cannot be read.
    public init(path: String) throws { try self.init(bytes: try readFile(path), path: path) }

    /// Reads a file's bytes, trusting nothing in them; float64, float16 and bfloat16 become float32.
    ///
    /// - Parameter path: where the bytes come from, for errors.
    /// - Throws: `InputError` where the header is not the JSON it should be, names something twice or disagrees with
    ///   the data, where tensors do not fill the data without overlap and holes, and where one holds no floats.
    public init(bytes: [UInt8], path: String) throws {
        func damaged(_ problem: String) -> InputError {
            InputError(path, problem, advice: "fetch or make the safetensors file again")
        }
        guard bytes.count >= 8 else { throw damaged("has \(bytes.count) bytes, too few for a safetensors file") }
        let length: UInt64 = number(bytes[...], at: 0)
        guard length <= longestHeader, length <= bytes.count - 8 else {
            throw damaged("is no safetensors file or cut short: \(length) bytes of header, \(bytes.count) of file")
        }
        let dataStart = 8 + Int(length)
        let header: Header
        do {
            header = try Header(bytes[8..<dataStart])
        } catch let failure as JSONScanner.Failure {
            throw damaged("the header \(failure.problem), at its byte \(failure.position)")
        }

        var tensors: [Tensor] = []
        var end = 0
        for entry in header.inDataOrder {
            let subject = "tensor \(quoted(entry.name))"
            guard let format = FloatFormat(rawValue: entry.type) else {
                let known = FloatFormat.allCases.map(\.rawValue).joined(separator: ", ")
                throw InputError(
                    path, "\(subject) has elements of type \(quoted(entry.type))",
                    advice: "store it as one of \(known)")
            }
            guard entry.begin == end else {
                throw damaged(
                    "\(subject) begins at byte \(entry.begin) of the data, the one before it ends at \(end)")
            }
            guard entry.end >= end, entry.byteCount(of: format) == entry.end - end else {
                throw damaged("\(subject) has a shape that does not fit its bytes \(entry.begin) to \(entry.end)")
            }
            end = entry.end
            guard end <= bytes.count - dataStart else {
                throw damaged("is cut short: \(subject) ends beyond the file")
            }
            let data = bytes[dataStart + entry.begin..<dataStart + end]
            tensors.append(Tensor(entry.name, shape: entry.shape, values: format.floats(data)))
        }
        guard end == bytes.count - dataStart else {
            throw damaged("has \(bytes.count - dataStart - end) bytes that belong to no tensor")
        }
        self.init(tensors, metadata: header.metadata)
    }
}

/// What the header says, checked as JSON alone.
private struct Header {
    struct Entry {
        let name: String
        let type: String
        let shape: [Int]
        let begin: Int
        let end: Int

        /// The bytes that the shape needs, nil beyond 64 bits.
        func byteCount(of format: FloatFormat) -> Int? {
            var count = format.size
            for dimension in shape {
                let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
                if overflow { return nil }
                count = product
            }
            return count
        }
    }

    private(set) var metadata: [String: String] = [:]
    private var entries: [Entry] = []

    /// The entries by their place; empty tensors, which share one, in the header's order.
    var inDataOrder: [Entry] {
        entries.enumerated().sorted {
            ($0.element.begin, $0.element.end, $0.offset) < ($1.element.begin, $1.element.end, $1.offset)
        }.map(\.element)
    }

    init(_ text: ArraySlice<UInt8>) throws {
        var scanner = JSONScanner(text)
        var metadata: [String: String] = [:]
        var entries: [Entry] = []
        try scanner.object { scanner, name in
            if name == metadataName {
                try scanner.object { scanner, key in metadata[key] = try scanner.string() }
            } else {
                entries.append(try Self.entry(named: name, &scanner))
            }
        }
        try scanner.end()
        self.metadata = metadata
        self.entries = entries
    }

    private static func entry(named name: String, _ scanner: inout JSONScanner) throws -> Entry {
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
        try scanner.object { scanner, member in
            switch member {
            case "dtype": type = try scanner.string()
            case "shape": shape = try scanner.integers()
            case "data_offsets": offsets = try scanner.integers()
            default: throw scanner.failure("has \(quoted(member)), unknown to the format, in tensor \(quoted(name))")
            }
        }
        guard let type, let shape, let offsets, offsets.count == 2 else {
            throw scanner.failure("lacks the dtype, shape or both data_offsets of tensor \(quoted(name))")
        }
        return Entry(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1])
    }
}

/// How floats lie in a file, little-endian.
private enum FloatFormat: String, CaseIterable {
    case float32 = "F32"
    case float64 = "F64"
    case float16 = "F16"
    case bfloat16 = "BF16"

    /// Bytes of an element.
    var size: Int {
        switch self {
        case .float64: 8
        case .float32: 4
        case .float16, .bfloat16: 2
        }
    }

    func floats(_ bytes: ArraySlice<UInt8>) -> [Float] {
        switch self {
        case .float32: decode(bytes) { (bits: UInt32) in Float(bitPattern: bits) }
        case .float64: decode(bytes) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
        case .float16: decode(bytes, floatFromHalf)
        case .bfloat16: decode(bytes) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
        }
    }

    private func decode<Bits: FixedWidthInteger>(
        _ bytes: ArraySlice<UInt8>, _ value: (Bits) -> Float
    ) -> [Float] {
        stride(from: bytes.startIndex, to: bytes.endIndex, by: size).map { value(number(bytes, at: $0)) }
    }
}

/// The number whose bytes begin at `start`, the lowest first.
private func number<Number: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, at start: Int) -> Number {
    var result: Number = 0
    for offset in 0..<Number.bitWidth / 8 { result |= Number(bytes[start + offset]) << Number(8 * offset) }
    return result
}
