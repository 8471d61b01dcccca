import Datasets
import NumericCore

/// A program in another language that does the same arithmetic, in one of its forms; `peers/` has the sources.
struct Peer: Sendable {
    /// What the Python worker knows it by.
    var form: String
    var title: String
    var operation: Job.Operation
    var optimizers: [String]
    /// Whether no other form of its library is faster somewhere.
    var isFastest: Bool
    /// Bytes a parameter that a step of it needs, roughly, so that a machine is not filled.
    var bytesPerParameter = 700

    /// Every peer, in the order of the tables.
    static let all: [Peer] = [
        Peer(
            form: "torch-compiled", title: "PyTorch, hand-written reverse sweep, compiled", operation: .metaIteration,
            optimizers: ["rnnprop"], isFastest: true),
        Peer(
            form: "torch-blocks", title: "PyTorch, hand-written reverse sweep, blocks in cache",
            operation: .metaIteration, optimizers: ["rnnprop"], isFastest: true),
        Peer(
            form: "jax-blocks", title: "JAX, hand-written reverse sweep, blocks", operation: .metaIteration,
            optimizers: ["rnnprop"], isFastest: true),
        Peer(
            form: "torch-plain", title: "PyTorch, as one would write it", operation: .metaIteration,
            optimizers: ["rnnprop"], isFastest: false),
        Peer(
            form: "jax-plain", title: "JAX, as one would write it", operation: .metaIteration,
            optimizers: ["rnnprop"], isFastest: false),
        Peer(
            form: "torch-blocks", title: "PyTorch, in place, blocks in cache", operation: .step,
            optimizers: ["rnnprop", "dm"], isFastest: true),
        Peer(
            form: "jax-plain", title: "JAX, compiled whole", operation: .step, optimizers: ["rnnprop", "dm"],
            isFastest: true, bytesPerParameter: 1000),
        Peer(
            form: "jax-blocks", title: "JAX, compiled in blocks", operation: .step, optimizers: ["rnnprop"],
            isFastest: true, bytesPerParameter: 1000),
        Peer(
            form: "torch-plain", title: "PyTorch, as one would write it", operation: .step, optimizers: ["rnnprop"],
            isFastest: false, bytesPerParameter: 2000),
        Peer(
            form: "torch-fused", title: "PyTorch, fused", operation: .step, optimizers: ["adam"], isFastest: true,
            bytesPerParameter: 40),
        Peer(
            form: "torch-channels-last", title: "PyTorch, channels last", operation: .gradient, optimizers: cnns,
            isFastest: true),
        Peer(
            form: "torch-compiled", title: "PyTorch, channels last, compiled", operation: .gradient, optimizers: cnns,
            isFastest: true),
        Peer(
            form: "torch-plain", title: "PyTorch, as one would write it", operation: .gradient, optimizers: cnns,
            isFastest: false),
    ]

    /// The optimizees whose gradient is measured.
    static let cnns = ["mnist-cnn", "mnist-cnn-deep", "cifar-cnn", "cifar-cnn-deep"]

    /// The Python worker on a number of threads, with the settings that made the peers fastest.
    func command(python: String, worker: String, threads: Int) -> WorkerCommandLine {
        var flags: [String] = []
        if Kernels.available.contains(where: { $0.name == "avx512" }) {
            flags.append("--xla_cpu_prefer_vector_width=512")
        }
        if threads == 1 { flags.append("--xla_cpu_multi_thread_eigen=false") }
        return WorkerCommandLine(
            program: python, arguments: [worker],
            environment: [
                "OMP_NUM_THREADS": "\(threads)", "XLA_FLAGS": flags.joined(separator: " "),
                "L2O_DATA_DIR": (try? DataFolder.resolve()) ?? "", "JAX_PLATFORMS": "cpu",
                "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
            ])
    }
}
