public import KernelTypes
import SIMDKernels

#if arch(x86_64)
    import SIMDKernelsAVX2
    import SIMDKernelsAVX512
    import SIMDKernelsAVX512BF16
#endif

/// The kernels of one instruction set.
public struct Kernels: Sendable {
    /// `baseline`, `avx2`, `avx512` or `avx512bf16`; on other processors `baseline` is all there is.
    public let name: String
    /// The functions themselves.
    public let table: KernelTable

    /// What matrix products multiply; they are summed up in single precision either way.
    public enum FactorPrecision: String, Sendable {
        case single
        /// Weights and activations rounded to bfloat16, three decimal digits: twice as many products an instruction.
        case bfloat16
    }

    /// What matrix products multiply.
    public var factors: FactorPrecision { table.rowsPerFactor == 1 ? .single : .bfloat16 }

    static let baseline = Kernels(name: "baseline", table: SIMDKernels.table)

    #if arch(x86_64)
        static let avx2 = Kernels(name: "avx2", table: SIMDKernelsAVX2.table)
        static let avx512 = Kernels(name: "avx512", table: SIMDKernelsAVX512.table)
        static let avx512BFloat16 = Kernels(name: "avx512bf16", table: SIMDKernelsAVX512BF16.table)
    #endif
}
