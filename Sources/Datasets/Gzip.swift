import CZlib
import Files
import NumericCore

/// Unpacking of gzip, by zlib.
public enum Gzip {
    /// Whether the bytes begin as a gzip file does.
    public static func isCompressed(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// The content of a gzip file, of all its members where it has several.
    ///
    /// zlib checks each member's CRC-32 and length.
    /// - Parameters:
    ///   - limit: the most bytes the content may have; a file that unpacks to more is refused without unpacking
    ///     the rest.
    ///   - name: what an error calls the bytes, usually the file's path.
    /// - Throws: `InputError` where the bytes are truncated, damaged, followed by something else, or too large.
    public static func decompress(_ bytes: [UInt8], limit: Int, name: String) throws -> [UInt8] {
        guard isCompressed(bytes) else { throw damaged(name, "is not a gzip file") }
        // 31: a gzip header, and the largest window.
        var stream = z_stream()
        guard inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw outOfMemory(name)
        }
        defer { inflateEnd(&stream) }
        // What is unpacked here may be images, and minibatches are picked all over them.
        let size = firstGuess(bytes, limit: limit)
        var content = [UInt8](unsafeUninitializedCapacity: size) { memory, filled in
            preferHugePages(UnsafeMutableRawBufferPointer(memory))
            memory.initialize(repeating: 0)
            filled = size
        }
        var consumed = 0
        var produced = 0
        while true {
            let before = (consumed, produced)
            let status = step(&stream, bytes, &consumed, &content, &produced)
            guard produced <= limit else {
                throw InputError(
                    name, "unpacks to more than \(limit) bytes", advice: "check that it is the right file")
            }
            switch status {
            case Z_STREAM_END:
                if consumed == bytes.count {
                    content.removeLast(content.count - produced)
                    return content
                }
                guard isCompressed(bytes[consumed...]), inflateReset(&stream) == Z_OK else {
                    throw damaged(name, "goes on after the end of its gzip data, at byte \(consumed)")
                }
            case Z_OK, Z_BUF_ERROR:
                if produced == content.count {
                    let more = min(content.count, limit + 1 - content.count)
                    content.append(contentsOf: [UInt8](repeating: 0, count: more))
                } else if consumed == bytes.count {
                    throw damaged(name, "ends in the middle of its gzip data")
                } else if before == (consumed, produced) {
                    throw damaged(name, "has damaged gzip data at byte \(consumed)")
                }
            case Z_MEM_ERROR:
                throw outOfMemory(name)
            default:
                let reason = stream.msg.map { String(cString: $0) } ?? "zlib's error \(status)"
                throw damaged(name, "has damaged gzip data at byte \(consumed) (\(reason))")
            }
        }
    }

    /// One call of zlib, which takes at most 4 GB at a time.
    private static func step(
        _ stream: inout z_stream, _ bytes: [UInt8], _ consumed: inout Int, _ content: inout [UInt8],
        _ produced: inout Int
    ) -> Int32 {
        let input = min(bytes.count - consumed, 1 << 30)
        let room = min(content.count - produced, 1 << 30)
        let status = bytes.withUnsafeBufferPointer { source in
            content.withUnsafeMutableBufferPointer { target in
                stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress! + consumed)
                stream.avail_in = UInt32(input)
                stream.next_out = target.baseAddress! + produced
                stream.avail_out = UInt32(room)
                return inflate(&stream, Z_NO_FLUSH)
            }
        }
        consumed += input - Int(stream.avail_in)
        produced += room - Int(stream.avail_out)
        return status
    }

    /// Room for what the last member claims to hold, as far as its compressed size makes that possible, and for
    /// one byte more, which shows that there is too much.
    private static func firstGuess(_ bytes: [UInt8], limit: Int) -> Int {
        precondition(0..<Int.max ~= limit, "a limit is not negative, and leaves room for one more")
        let claimed = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        let possible = bytes.count.multipliedReportingOverflow(by: 1032)
        return min(claimed, possible.overflow ? limit : possible.partialValue, limit) + 1
    }

    private static func outOfMemory(_ name: String) -> InputError {
        InputError(name, "cannot be unpacked: not enough memory", advice: "end other programs")
    }
}
