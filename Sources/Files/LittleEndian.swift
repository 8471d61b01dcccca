/// Numbers as bytes, the lowest first.
package func littleEndianBytes<Number: FixedWidthInteger & BitwiseCopyable>(_ numbers: [Number]) -> [UInt8] {
    unsafe numbers.map(\.littleEndian).withUnsafeBytes { unsafe Array($0) }
}

/// A number as bytes, the lowest first.
package func littleEndianBytes(_ number: some FixedWidthInteger & BitwiseCopyable) -> [UInt8] {
    littleEndianBytes([number])
}

/// Numbers from bytes, the lowest first; of a number that is cut off there is nothing.
package func littleEndianNumbers<Number: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: some Collection<UInt8>, of _: Number.Type = Number.self
) -> [Number] {
    let bytes = Array(bytes)
    return unsafe bytes.withUnsafeBytes { bytes in
        (0..<bytes.count / MemoryLayout<Number>.size).map { index in
            Number(
                littleEndian: unsafe bytes.loadUnaligned(
                    fromByteOffset: index * MemoryLayout<Number>.size, as: Number.self))
        }
    }
}
