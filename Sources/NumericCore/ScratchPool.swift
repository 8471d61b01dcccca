import Synchronization

/// Scratch memory for kernels, kept for the next use: a worker takes a piece and gives it back.
public final class ScratchPool: Sendable {
    /// The one that all numeric loops share.
    public static let shared = ScratchPool()

    private struct Piece: @unchecked Sendable {
        let memory: UnsafeMutableRawBufferPointer
    }

    private let free = Mutex<[Piece]>([])
    /// Says again what the lock says already: what came before in it is seen by what comes after.
    ///
    /// A thread that has waited for a `Mutex` gets it from the kernel, which the thread sanitizer cannot see.
    private let order = Atomic<Bool>(false)

    package init() {}

    deinit {
        for piece in exclusively({ $0 }) { piece.memory.deallocate() }
    }

    /// Runs `body` with at least `floats` floats of uninitialised memory, aligned to the widest vector.
    public func withScratch<R>(floats: Int, _ body: (UnsafeMutableRawPointer) throws -> R) rethrows -> R {
        let bytes = max(floats, 1) * MemoryLayout<Float>.stride
        let kept = exclusively { pieces in
            pieces.firstIndex { $0.memory.count >= bytes }.map { pieces.remove(at: $0) }
        }
        let piece =
            kept
            ?? Piece(memory: .allocate(byteCount: bytes, alignment: AlignedFloats.alignment))
        defer { exclusively { $0.append(piece) } }
        return try body(piece.memory.baseAddress!)
    }

    private func exclusively<R: Sendable>(_ body: (inout sending [Piece]) -> R) -> R {
        free.withLock { pieces in
            _ = order.load(ordering: .acquiring)
            defer { order.store(true, ordering: .releasing) }
            return body(&pieces)
        }
    }
}
