/// Scratch memory for kernels, kept for the next use: a worker takes a piece and gives it back.
public final class ScratchPool: Sendable {
    /// The one that all numeric loops share.
    public static let shared = ScratchPool()

    private struct Piece: @unchecked Sendable {
        let memory: UnsafeMutableRawBufferPointer
    }

    private let free = OrderedMutex<[Piece]>([])

    package init() {}

    deinit {
        for piece in free.withLock({ $0 }) { piece.memory.deallocate() }
    }

    /// Runs `body` with at least `floats` floats of uninitialised memory, aligned to the widest vector.
    public func withScratch<R>(floats: Int, _ body: (UnsafeMutableRawPointer) throws -> R) rethrows -> R {
        let bytes = max(floats, 1) * MemoryLayout<Float>.stride
        let kept = free.withLock { pieces in
            pieces.firstIndex { $0.memory.count >= bytes }.map { pieces.remove(at: $0) }
        }
        let piece =
            kept
            ?? Piece(memory: .allocate(byteCount: bytes, alignment: AlignedFloats.alignment))
        defer { free.withLock { $0.append(piece) } }
        return try body(piece.memory.baseAddress!)
    }
}
