/// A message of Protocol Buffers being written, field by field.
///
/// Event files and ONNX models need a dozen messages of a few fields each, only ever written; that is less than the
/// generated code of a library would be, and every build is spared the library.
package struct ProtobufMessage {
    /// The message so far.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Wire types, as the encoding's specification numbers them.
    private enum WireType: UInt64 {
        case varint = 0
        case eightBytes = 1
        case lengthDelimited = 2
        case fourBytes = 5
    }

    package mutating func add(_ field: UInt64, _ value: Double) {
        addKey(field, .eightBytes)
        bytes += littleEndianBytes(value.bitPattern)
    }

    package mutating func add(_ field: UInt64, _ value: Float) {
        addKey(field, .fourBytes)
        bytes += littleEndianBytes(value.bitPattern)
    }

    package mutating func add(_ field: UInt64, _ value: Int64) {
        addKey(field, .varint)
        addVarint(UInt64(bitPattern: value))
    }

    package mutating func add(_ field: UInt64, _ value: String) { addDelimited(field, Array(value.utf8)) }

    package mutating func add(_ field: UInt64, _ message: ProtobufMessage) { addDelimited(field, message.bytes) }

    package mutating func add(_ field: UInt64, bytes: [UInt8]) { addDelimited(field, bytes) }

    private mutating func addDelimited(_ field: UInt64, _ content: [UInt8]) {
        addKey(field, .lengthDelimited)
        addVarint(UInt64(content.count))
        bytes += content
    }

    private mutating func addKey(_ field: UInt64, _ type: WireType) { addVarint(field << 3 | type.rawValue) }

    private mutating func addVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
