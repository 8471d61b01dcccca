import CZlib
import Files
import NumericCore

/// Runs `body` with a new folder that is gone afterwards.
func withTemporaryFolder<R>(
    isolation: isolated (any Actor)? = #isolation, _ body: (String) async throws -> R
) async throws -> R {
    let parent = DatasetsTestsEnvironment.variable("TMPDIR") ?? "/tmp"
    let folder = "\(parent)/l2o-tests-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    try makeFolder(folder)
    defer { remove(folder) }
    return try await body(folder)
}

enum DatasetsTestsEnvironment {
    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

/// The names of the entries of a folder, sorted.
func entries(of folder: String) -> [String] {
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

private func remove(_ path: String) {
    for name in entries(of: path) { remove("\(path)/\(name)") }
    if rmdir(path) != 0 { unlink(path) }
}

/// An IDX file of bytes.
func idx(_ dimensions: [Int], _ values: [UInt8]) -> [UInt8] {
    let lengths = dimensions.flatMap { length in
        (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
    }
    return [0, 0, 8, UInt8(dimensions.count)] + lengths + values
}

/// One gzip member.
func gzip(_ content: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    let version = ZLIB_VERSION
    let size = Int32(MemoryLayout<z_stream>.size)
    precondition(deflateInit2_(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, version, size) == Z_OK)
    defer { deflateEnd(&stream) }
    var content = content
    var packed = [UInt8](repeating: 0, count: content.count + content.count / 100 + 100)
    let count = content.withUnsafeMutableBufferPointer { source in
        packed.withUnsafeMutableBufferPointer { target in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            stream.next_out = target.baseAddress
            stream.avail_out = UInt32(target.count)
            precondition(deflate(&stream, Z_FINISH) == Z_STREAM_END)
            return target.count - Int(stream.avail_out)
        }
    }
    return Array(packed[..<count])
}

/// Bytes that compress a little: a slow walk with random steps.
func sampleBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var stream = RandomStream(RandomKey(seed: seed))
    var value: UInt8 = 0
    return (0..<count).map { _ in
        value &+= UInt8(stream.index(below: 3))
        return value
    }
}

/// Records in CIFAR-10's format, one for each class; byte i of an image is the class plus i modulo 256.
func cifarRecords(_ classes: [Int]) -> [UInt8] {
    classes.flatMap { label in [UInt8(label)] + (0..<3072).map { UInt8(($0 + label) % 256) } }
}

/// A tar archive of regular files, in POSIX's format.
func tar(_ members: [(path: String, content: [UInt8])]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (path, content) in members {
        let start = bytes.count
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: Array(text.utf8))
        }
        put(path, at: 0)
        let digits = String(content.count, radix: 8)
        put(String(repeating: "0", count: 11 - digits.count) + digits, at: 124)
        put("0ustar", at: 156)
        bytes += header + content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
        setTarChecksum(&bytes, at: start)
    }
    return bytes + [UInt8](repeating: 0, count: 1024)
}

/// Writes the checksum that the tar header at `start` ought to have.
func setTarChecksum(_ bytes: inout [UInt8], at start: Int) {
    bytes.replaceSubrange(start + 148..<start + 156, with: [UInt8](repeating: 32, count: 8))
    let digits = String(bytes[start..<start + 512].reduce(0) { $0 + Int($1) }, radix: 8)
    let field = String(repeating: "0", count: 6 - digits.count) + digits + "\0 "
    bytes.replaceSubrange(start + 148..<start + 156, with: Array(field.utf8))
}
