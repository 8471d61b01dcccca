/// A 64-bit hash, FNV-1a (Fowler, Noll and Vo; github.com/lcn2/fnv), a word at a time.
///
/// It tells apart what differs by accident, not what somebody forges.
package struct Digest {
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    /// Sixteen hexadecimal digits or fewer: zeros in front are left out.
    package var text: String { String(value, radix: 16) }

    package mutating func add(_ word: UInt64) { value = (value ^ word) &* 0x100_0000_01B3 }

    /// Adds the letters' UTF-8, a byte at a time.
    package mutating func add(_ text: String) {
        for byte in text.utf8 { add(UInt64(byte)) }
    }
}
