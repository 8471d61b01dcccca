/// A value of `count` floats whose storage is aligned to the widest vector, zero at first and copied on write.
///
/// Use it for state that kernels stream through; use `[Float]` elsewhere.
public struct AlignedFloats: @unchecked Sendable {
    private final class Storage {
        let pointer: UnsafeMutablePointer<Float>
        init(count: Int) {
            let raw = UnsafeMutableRawPointer.allocate(
                byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: AlignedFloats.alignment)
            pointer = raw.bindMemory(to: Float.self, capacity: count)
        }
        deinit { pointer.deallocate() }
    }

    /// Bytes: what a vector of 32 floats asks for.
    package static let alignment = 128

    public let count: Int
    private var storage: Storage

    /// `count` zeros.
    public init(count: Int) {
        precondition(count >= 0, "a count is not negative")
        self.count = count
        storage = Storage(count: count)
        storage.pointer.initialize(repeating: 0, count: count)
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
        if !isKnownUniquelyReferenced(&storage) { storage = Storage(count: count) }
        storage.pointer.update(from: other.storage.pointer, count: count)
    }

    private mutating func makeUnique() {
        guard !isKnownUniquelyReferenced(&storage) else { return }
        let copy = Storage(count: count)
        copy.pointer.initialize(from: storage.pointer, count: count)
        storage = copy
    }
}
