/// A named array of floats.
public struct Tensor: Sendable, Equatable {
    public let name: String
    /// The length of each dimension, outermost first; empty for a scalar.
    public let shape: [Int]
    /// The elements, the last dimension fastest.
    public let values: [Float]

    /// - Precondition: there are as many values as the shape has elements.
    public init(_ name: String, shape: [Int], values: [Float]) {
        precondition(shape.allSatisfy { $0 >= 0 }, "a dimension is not negative")
        precondition(shape.reduce(1, *) == values.count, "\(values.count) values do not fill the shape \(shape)")
        self.name = name
        self.shape = shape
        self.values = values
    }
}

/// The content of a safetensors file: named float tensors, and strings about them.
///
/// The format (github.com/huggingface/safetensors): the length of a header in 8 bytes, little-endian; the header, a
/// JSON object with each tensor's type, shape and place; the tensors' bytes. It holds no code, so files from
/// strangers can be read. Counters that must survive exactly belong in `metadata`.
///
///     let file = SafetensorsFile([Tensor("bias", shape: [2], values: [0, 1])], metadata: ["steps": "100"])
///     try file.write(to: "weights.safetensors")
///     let bias = try SafetensorsFile(path: "weights.safetensors")["bias"]
public struct SafetensorsFile: Sendable, Equatable {
    /// The tensors in the order in which their bytes lie in the file.
    public let tensors: [Tensor]
    public let metadata: [String: String]

    /// - Precondition: no two tensors share a name, and none is called `__metadata__`.
    public init(_ tensors: [Tensor], metadata: [String: String] = [:]) {
        let names = Set(tensors.map(\.name))
        precondition(names.count == tensors.count, "two tensors share a name")
        precondition(!names.contains(metadataName), "\(metadataName) is no name for a tensor")
        self.tensors = tensors
        self.metadata = metadata
    }

    /// The tensor of that name.
    public subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }

    /// Where the first NaN or infinity is: the format allows them, weights that are to be used do not.
    public func firstNonFinite() -> (tensor: String, index: Int)? {
        for tensor in tensors {
            if let index = tensor.values.firstIndex(where: { !$0.isFinite }) { return (tensor.name, index) }
        }
        return nil
    }

    /// The file's bytes, float32; equal contents give equal bytes.
    ///
    /// The header is padded with spaces so that the tensors start at a multiple of 8 bytes.
    public func encoded() -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\(jsonString($0.key)):\(jsonString($0.value))" }
            members.append("\"\(metadataName)\":{\(pairs.joined(separator: ","))}")
        }
        var offset = 0
        for tensor in tensors {
            let end = offset + 4 * tensor.values.count
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            let place = "\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]"
            members.append("\(jsonString(tensor.name)):{\"dtype\":\"F32\",\(place)}")
            offset = end
        }
        var header = Array("{\(members.joined(separator: ","))}".utf8)
        header += repeatElement(UInt8(ascii: " "), count: -header.count & 7)
        precondition(header.count <= longestHeader, "the header exceeds the format's \(longestHeader) bytes")

        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.count + offset)
        bytes += littleEndianBytes(UInt64(header.count))
        bytes += header
        for tensor in tensors {
            bytes += littleEndianBytes(tensor.values.map(\.bitPattern))
        }
        return bytes
    }

    /// Writes the file as a whole or not at all, see `writeFileAtomically(_:_:)`.
    ///
    /// - Throws: `InputError` where it cannot be written.
    public func write(to path: String) throws { try writeFileAtomically(path, encoded()) }
}

/// The header's member that is no tensor.
let metadataName = "__metadata__"

/// In bytes, as the official implementation has it.
let longestHeader = 100_000_000
