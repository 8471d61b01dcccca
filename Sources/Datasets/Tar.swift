import Files

/// Reading of tar archives: POSIX's ustar, with GNU's and the old format as far as they agree with it.
public enum Tar {
    /// The regular files of an archive in its order, as parts of its bytes.
    ///
    /// The bytes are not trusted: every header's checksum and every length is checked, and nothing is allocated after what
    /// they claim. Folders, links and extended headers are passed over.
    /// - Parameter name: what an error calls the bytes, usually the file's path.
    /// - Throws: `InputError` where the bytes are no archive, are damaged or end too early.
    public static func files(in bytes: [UInt8], name: String) throws -> [(path: String, content: ArraySlice<UInt8>)] {
        var files: [(path: String, content: ArraySlice<UInt8>)] = []
        var position = 0
        while position < bytes.count {
            guard bytes.count - position >= blockLength else { throw damaged(name, "ends within a tar header") }
            let header = Header(bytes[position..<position + blockLength])
            if header.isEmpty { return files }
            guard header.hasRightChecksum else {
                throw damaged(name, "has no tar header at byte \(position), or a damaged one")
            }
            guard let size = header.contentLength else {
                throw damaged(name, "has a tar header without a length at byte \(position)")
            }
            let start = position + blockLength
            guard size <= bytes.count - start else {
                throw damaged(name, "ends within \(header.path), which claims \(size) bytes")
            }
            if header.isRegularFile { files.append((header.path, bytes[start..<start + size])) }
            // The content is filled up to whole blocks, which need not be there at the very end.
            let padded = (size + blockLength - 1) / blockLength * blockLength
            position = start + min(padded, bytes.count - start)
        }
        return files
    }

    private static let blockLength = 512

    /// One block of 512 bytes that says what follows.
    private struct Header {
        private let block: ArraySlice<UInt8>

        init(_ block: ArraySlice<UInt8>) { self.block = block }

        private func field(_ offset: Int, _ length: Int) -> ArraySlice<UInt8> {
            block[block.startIndex + offset..<block.startIndex + offset + length]
        }

        var isEmpty: Bool { block.allSatisfy { $0 == 0 } }

        /// The sum of all bytes, those of the checksum itself counted as spaces.
        var hasRightChecksum: Bool {
            let own = field(148, 8)
            let sum = block.reduce(0) { $0 + Int($1) } - own.reduce(0) { $0 + Int($1) } + 8 * 32
            return octal(own) == sum
        }

        private var type: UInt8 { block[block.startIndex + 156] }

        var isRegularFile: Bool { type == 0 || type == UInt8(ascii: "0") || type == UInt8(ascii: "7") }

        /// Links, devices and folders have no content, whatever their length says.
        var contentLength: Int? {
            (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(type) ? 0 : octal(field(124, 12))
        }

        var path: String {
            let isPOSIX = field(257, 6).elementsEqual(Array("ustar".utf8) + [0])
            let prefix = isPOSIX ? text(field(345, 155)) : ""
            let name = text(field(0, 100))
            return prefix.isEmpty ? name : "\(prefix)/\(name)"
        }

        /// What is printable before the first zero: it may end up in a message of one line.
        private func text(_ field: ArraySlice<UInt8>) -> String {
            let bytes = field.prefix { $0 != 0 }.map { (32..<127).contains($0) ? $0 : UInt8(ascii: "?") }
            return String(decoding: bytes, as: UTF8.self)
        }

        /// Octal digits between spaces and zeros; nil for anything else, as lengths beyond 8 GB are written.
        private func octal(_ field: ArraySlice<UInt8>) -> Int? {
            let isBlank = { (byte: UInt8) in byte == 0 || byte == UInt8(ascii: " ") }
            let digits = field.drop(while: isBlank).prefix { !isBlank($0) }
            guard !digits.isEmpty, field[digits.endIndex...].allSatisfy(isBlank) else { return nil }
            return Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 >= 0 ? $0 : nil }
        }
    }
}
