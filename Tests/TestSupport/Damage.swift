public import RandomNumbers

/// Damages a safetensors file's bytes in one of many ways, always the same ones for a stream of random numbers: altered,
/// cut short, a header that lies.
public func damage(_ bytes: inout [UInt8], _ random: inout RandomStream) {
    guard bytes.count > 8 else { return bytes.append(contentsOf: [0, 0, 0]) }
    let header = min(Int(bytes[0]) | Int(bytes[1]) << 8, bytes.count - 8)
    switch random.index(below: 7) {
    case 0: bytes[random.index(below: bytes.count)] ^= 1 << random.index(below: 8)
    case 1: bytes.removeLast(random.index(below: bytes.count))
    case 2: bytes[random.index(below: 8)] = UInt8(random.index(below: 256))
    case 3 where header > 0:
        let tokens = Array("{}[]\",:\\u0123456789-.e nulltrue\u{7F}".utf8)
        bytes[8 + random.index(below: header)] = tokens[random.index(below: tokens.count)]
    case 4 where header > 0:
        // A piece of the header once more, somewhere else, with the length put right.
        let start = 8 + random.index(below: header)
        let piece = Array(bytes[start..<min(start + random.index(below: 40), 8 + header)])
        bytes.insert(contentsOf: piece, at: 8 + random.index(below: header))
        setHeaderLength(header + piece.count, of: &bytes)
    case 5 where header > 0:
        bytes.remove(at: 8 + random.index(below: header))
        setHeaderLength(header - 1, of: &bytes)
    default: bytes.append(UInt8(random.index(below: 256)))
    }
}

private func setHeaderLength(_ length: Int, of bytes: inout [UInt8]) {
    withUnsafeBytes(of: UInt64(length).littleEndian) { bytes.replaceSubrange(0..<8, with: $0) }
}
