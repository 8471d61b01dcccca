import COneDNN

/// A tensor's dimensions and how they lie in memory.
struct TensorLayout {
    fileprivate(set) var descriptor: dnnl_memory_desc_t

    init(_ descriptor: dnnl_memory_desc_t) { self.descriptor = descriptor }

    /// Floats in the order of `tag`; `dnnl_format_tag_any` leaves the order to the operation.
    init(_ dimensions: [Int], _ tag: dnnl_format_tag_t) {
        descriptor = dnnl_memory_desc_t()
        OneDNN.check(
            dnnl_memory_desc_init_by_tag(
                &descriptor, Int32(dimensions.count), dimensions.map(Int64.init), dnnl_f32, tag))
    }

    /// Images, `[count, channels, rows, columns]`, of which `depth` channels lie together at each place.
    init(images dimensions: [Int], depth: Int) {
        // All channels together, where it is none of the blocks that oneDNN has.
        let tags = [1: dnnl_nchw, 4: dnnl_nChw4c, 8: dnnl_nChw8c, 16: dnnl_nChw16c]
        self.init(dimensions, tags[depth] ?? dnnl_nhwc)
    }

    /// How many channels of images lie together at each place, those that fill up a block included.
    var depth: Int { Int(descriptor.format_desc.blocking.strides.3) }

    /// The floats that it takes, with what fills up its blocks.
    var floatCount: Int {
        var descriptor = descriptor
        let size = MemoryLayout<Float>.size
        return (dnnl_memory_desc_get_size(&descriptor) + size - 1) / size
    }
}

/// A tensor that operations read and write.
final class Tensor {
    let layout: TensorLayout
    /// The floats that it takes.
    let count: Int
    private(set) var data: UnsafeMutablePointer<Float>
    let handle: dnnl_memory_t

    /// A tensor in memory of its own, zero at first.
    convenience init(_ layout: TensorLayout, workspace: Workspace) {
        self.init(layout, at: workspace.floats(layout.floatCount))
    }

    /// A tensor in memory that someone else owns.
    init(_ layout: TensorLayout, at data: UnsafeMutablePointer<Float>) {
        self.layout = layout
        self.data = data
        count = layout.floatCount
        var handle: dnnl_memory_t?
        var descriptor = layout.descriptor
        OneDNN.check(dnnl_memory_create(&handle, &descriptor, OneDNN.engine, data))
        self.handle = handle!
    }

    deinit { dnnl_memory_destroy(handle) }

    /// Looks at other memory from now on.
    func move(to data: UnsafeMutablePointer<Float>) {
        self.data = data
        OneDNN.check(dnnl_memory_set_data_handle(handle, data))
    }
}
