/// A value of `count` floats whose storage is aligned to the widest vector, zero at first and copied on write.
///
/// Use it for state that kernels stream through; use `[Float]` elsewhere.
public struct AlignedFloats: @unchecked Sendable {
    /// Bytes: what a vector of 32 floats asks for.
    package static let alignment = 128

    public let count: Int
    private var storage: FloatStorage

    /// `count` zeros.
    public init(count: Int) {
        precondition(count >= 0, "a count is not negative")
        self.count = count
        storage = FloatStorage(count: count)
        storage.clear()
    }

    /// A copy of `values`.
    public init(_ values: [Float]) {
        self.init(count: values.count)
        storage.pointer.update(from: values, count: values.count)
    }

    /// Reads the floats in place.
    public func withPointer<R, E: Error>(_ body: (UnsafePointer<Float>) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafePointer(storage.pointer))
    }

    /// Changes the floats in place; allocates only when another value shares them.
    public mutating func withMutablePointer<R, E: Error>(
        _ body: (UnsafeMutablePointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        makeUnique()
        defer { withExtendedLifetime(storage) {} }
        return try body(storage.pointer)
    }

    /// Takes over the floats of `other` without sharing storage.
    public mutating func copy(from other: AlignedFloats) {
        precondition(count == other.count, "copying needs equal counts")
        if !isKnownUniquelyReferenced(&storage) { storage = FloatStorage(count: count) }
        storage.pointer.update(from: other.storage.pointer, count: count)
    }

    private mutating func makeUnique() {
        guard !isKnownUniquelyReferenced(&storage) else { return }
        let copy = FloatStorage(count: count)
        copy.pointer.initialize(from: storage.pointer, count: count)
        storage = copy
    }
}

/// Memory for floats; where it is large, pages of its own from the system.
///
/// Pages go back when they are freed, while the heap would keep a hole: meta-training had a peak of 180 MB in place of
/// 100. They come zeroed, and may be huge ones.
private final class FloatStorage {
    let pointer: UnsafeMutablePointer<Float>
    private let count: Int
    private let mappedBytes: Int

    private static let threshold = 1 << 21

    init(count: Int) {
        self.count = count
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        mappedBytes = bytes < Self.threshold ? 0 : bytes
        guard mappedBytes > 0 else {
            pointer = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: AlignedFloats.alignment)
                .bindMemory(to: Float.self, capacity: count)
            return
        }
        let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        guard let memory, memory != MAP_FAILED else { fatalError("no memory for \(bytes) bytes") }
        preferHugePages(UnsafeMutableRawBufferPointer(start: memory, count: bytes))
        pointer = memory.bindMemory(to: Float.self, capacity: count)
    }

    deinit {
        if mappedBytes > 0 { munmap(pointer, mappedBytes) } else { pointer.deallocate() }
    }

    /// Zeros new memory.
    func clear() {
        if mappedBytes == 0 { pointer.initialize(repeating: 0, count: count) }
    }
}
