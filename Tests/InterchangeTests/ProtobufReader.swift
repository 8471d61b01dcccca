/// A message of Protocol Buffers, read back without knowing what wrote it: for each field what stands there, in order.
struct ProtobufReader {
    enum Content: Equatable {
        case number(UInt64)
        case bytes([UInt8])
    }

    struct Malformed: Error {}

    private var fields: [(number: UInt64, content: Content)] = []

    init(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let key = try Self.varint(&rest)
            switch key & 7 {
            case 0: fields.append((key >> 3, .number(try Self.varint(&rest))))
            case 2:
                let count = Int(try Self.varint(&rest))
                guard count <= rest.count else { throw Malformed() }
                fields.append((key >> 3, .bytes(Array(rest.prefix(count)))))
                rest = rest.dropFirst(count)
            default: throw Malformed()
            }
        }
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) throws -> UInt64 {
        var (value, shift) = (UInt64(0), UInt64(0))
        while let byte = bytes.popFirst() {
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            guard shift < 64 else { throw Malformed() }
        }
        throw Malformed()
    }

    /// Every number under a field.
    func numbers(_ field: UInt64) -> [Int] {
        fields.compactMap { field == $0.number ? $0.content : nil }.compactMap {
            if case .number(let value) = $0 { Int(Int64(bitPattern: value)) } else { nil }
        }
    }

    /// Every string of bytes under a field.
    func bytes(_ field: UInt64) -> [[UInt8]] {
        fields.compactMap { field == $0.number ? $0.content : nil }.compactMap {
            if case .bytes(let bytes) = $0 { bytes } else { nil }
        }
    }

    func texts(_ field: UInt64) -> [String] { bytes(field).map { String(decoding: $0, as: UTF8.self) } }

    func messages(_ field: UInt64) throws -> [ProtobufReader] { try bytes(field).map { try ProtobufReader($0) } }

    func message(_ field: UInt64) throws -> ProtobufReader {
        guard let bytes = bytes(field).first else { throw Malformed() }
        return try ProtobufReader(bytes)
    }
}

/// What tests look at in a model's bytes, by the numbers of ONNX's onnx.proto.
struct ReadModel {
    struct Node {
        let operation: String
        let inputs, outputs: [String]
        /// Whole numbers, and lists of them, by name.
        let attributes: [String: [Int]]
    }

    struct Tensor {
        let type: Int
        let shape: [Int]
        let bytes: [UInt8]
    }

    struct Port: Equatable {
        let name: String
        let type: Int
        /// Lengths as text, or names.
        let shape: [String]
    }

    let message: ProtobufReader
    let nodes: [Node]
    let constants: [String: Tensor]
    let inputs, outputs: [Port]
    let metadata: [String: String]

    init(_ bytes: [UInt8]) throws {
        message = try ProtobufReader(bytes)
        let graph = try message.message(7)
        nodes = try graph.messages(1).map { node in
            let attributes = try node.messages(5).map { ($0.texts(1)[0], $0.numbers(3) + $0.numbers(8)) }
            return Node(
                operation: node.texts(4)[0], inputs: node.texts(1), outputs: node.texts(2),
                attributes: Dictionary(uniqueKeysWithValues: attributes))
        }
        constants = Dictionary(
            uniqueKeysWithValues: try graph.messages(5).map {
                ($0.texts(8)[0], Tensor(type: $0.numbers(2)[0], shape: $0.numbers(1), bytes: $0.bytes(9)[0]))
            })
        func ports(_ field: UInt64) throws -> [Port] {
            try graph.messages(field).map { port in
                let tensor = try port.message(2).message(1)
                let shape = try tensor.message(2).messages(1).map { $0.texts(2).first ?? "\($0.numbers(1)[0])" }
                return Port(name: port.texts(1)[0], type: tensor.numbers(1)[0], shape: shape)
            }
        }
        (inputs, outputs) = (try ports(11), try ports(12))
        metadata = Dictionary(
            uniqueKeysWithValues: try message.messages(14).map { ($0.texts(1)[0], $0.texts(2)[0]) })
    }
}
