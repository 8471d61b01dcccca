/// Scratch memory of one instance: buffers that live as long as it does, zero at first.
package final class Workspace {
    private var blocks: [UnsafeMutableRawPointer] = []
    /// How much it holds.
    package private(set) var byteCount = 0

    package init() {}

    /// `count` floats that start on a cache line; the room behind them is filled up to whole `Lanes`.
    package func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        let padded = paddedCount(count)
        let bytes = max(padded, 1) * MemoryLayout<Float>.stride
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        blocks.append(raw)
        byteCount += bytes
        let pointer = raw.bindMemory(to: Float.self, capacity: padded)
        pointer.initialize(repeating: 0, count: padded)
        return pointer
    }

    deinit {
        for block in blocks { block.deallocate() }
    }
}
