import COneDNN

/// What every use of oneDNN's primitives shares.
enum OneDNN {
    /// The processor; safe to share, since nothing about it changes.
    nonisolated(unsafe) static let engine: dnnl_engine_t = {
        var engine: dnnl_engine_t?
        check(dnnl_engine_create(&engine, dnnl_cpu, 0))
        return engine!
    }()

    /// To be called before primitives are made or run, for the reasons that `multiply` gives. How many threads there
    /// are when one is made decides how it splits its sums.
    static func useCallingThreadAlone() { omp_set_num_threads(1) }

    /// Stops the program where oneDNN refuses what it was asked.
    static func check(_ status: dnnl_status_t) {
        precondition(status == dnnl_success, "oneDNN refused an operation, with status \(status.rawValue)")
    }
}

/// Where oneDNN runs operations, one after the other, in the calling thread.
final class OneDNNStream {
    fileprivate let handle: dnnl_stream_t

    init() {
        var handle: dnnl_stream_t?
        OneDNN.check(dnnl_stream_create(&handle, OneDNN.engine, dnnl_stream_in_order.rawValue))
        self.handle = handle!
    }

    deinit { dnnl_stream_destroy(handle) }
}

/// What an operation will do and which layouts it wants, before it has any memory.
final class OperationPlan {
    fileprivate let handle: dnnl_primitive_desc_t

    /// - Parameters:
    ///   - description: one of oneDNN's operation descriptions, as `dnnl_convolution_desc_t`.
    ///   - forward: the forward operation that this one is the derivative of.
    init<Description>(_ description: Description, forward: OperationPlan? = nil) {
        var attributes: dnnl_primitive_attr_t?
        OneDNN.check(dnnl_primitive_attr_create(&attributes))
        defer { dnnl_primitive_attr_destroy(attributes) }
        // Scratch memory comes from us, so that running allocates none.
        OneDNN.check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user))
        var handle: dnnl_primitive_desc_t?
        withUnsafePointer(to: description) { description in
            OneDNN.check(
                dnnl_primitive_desc_create(&handle, description, attributes, OneDNN.engine, forward?.handle))
        }
        self.handle = handle!
    }

    /// Copies a tensor from one layout into another.
    init(from source: TensorLayout, to target: TensorLayout) {
        var handle: dnnl_primitive_desc_t?
        var (source, target) = (source.descriptor, target.descriptor)
        OneDNN.check(
            dnnl_reorder_primitive_desc_create(&handle, &source, OneDNN.engine, &target, OneDNN.engine, nil))
        self.handle = handle!
    }

    deinit { dnnl_primitive_desc_destroy(handle) }

    /// Whether oneDNN has no fast code for what it was asked, and falls back on plain loops.
    var isReference: Bool {
        var name: UnsafePointer<CChar>?
        OneDNN.check(dnnl_primitive_desc_query(handle, dnnl_query_impl_info_str, 0, &name))
        return name.map { String(cString: $0).hasPrefix("ref") } ?? false
    }

    /// The layout that the operation expects of an argument.
    func layout(_ argument: Int32) -> TensorLayout {
        TensorLayout(dnnl_primitive_desc_query_md(handle, dnnl_query_exec_arg_md, argument).pointee)
    }
}

/// An operation bound to its tensors: running it neither creates nor allocates anything of ours.
final class Operation {
    /// Whether oneDNN has no fast code for it.
    let isReference: Bool
    private let handle: dnnl_primitive_t
    private let arguments: UnsafeMutableBufferPointer<dnnl_exec_arg_t>
    /// Keeps the memory of `arguments`.
    private let tensors: [Tensor]

    init(_ plan: OperationPlan, _ arguments: KeyValuePairs<Int32, Tensor>, workspace: Workspace) {
        isReference = plan.isReference
        var handle: dnnl_primitive_t?
        OneDNN.check(dnnl_primitive_create(&handle, plan.handle))
        self.handle = handle!
        let scratch = Tensor(plan.layout(DNNL_ARG_SCRATCHPAD), workspace: workspace)
        let all = Array(arguments) + [(key: DNNL_ARG_SCRATCHPAD, value: scratch)]
        tensors = all.map(\.value)
        self.arguments = .allocate(capacity: all.count)
        _ = self.arguments.initialize(
            fromContentsOf: all.map { dnnl_exec_arg_t(arg: $0.key, memory: $0.value.handle) })
    }

    deinit {
        dnnl_primitive_destroy(handle)
        arguments.deallocate()
    }

    func run(on stream: OneDNNStream) {
        OneDNN.check(
            dnnl_primitive_execute(handle, stream.handle, Int32(arguments.count), arguments.baseAddress))
    }
}
