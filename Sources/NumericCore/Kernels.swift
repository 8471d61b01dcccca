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
    /// What matrix products multiply.
    public let factors: FactorPrecision
    /// Coordinates in one block.
    public let lanesPerBlock: Int
    public let forwardScratch: @Sendable (NetworkLayout) -> Int
    public let backwardScratch: @Sendable (NetworkLayout, _ steps: Int) -> Int
    public let stepNormalizedMoments: Step<NormalizedMoments>
    public let stepLogMagnitude: Step<LogMagnitude>
    public let backwardNormalizedMoments: Backward<NormalizedMoments>
    public let backwardLogMagnitude: Backward<LogMagnitude>
    /// One elementary function on whole blocks of floats, in place.
    package let evaluate: @Sendable (ElementaryFunction, _ blocks: Int, _ values: UnsafeMutableRawPointer) -> Void

    /// What matrix products multiply; they are summed up in single precision either way.
    public enum FactorPrecision: String, Sendable {
        case single
        /// Weights and activations rounded to bfloat16, three decimal digits: twice as many products an instruction.
        case bfloat16
    }

    /// Rows whose weights share a word in packed weights.
    package var rowsPerFactor: Int { factors == .single ? 1 : 2 }

    /// One forward step of a range of blocks, in place.
    public typealias Step<Map> =
        @Sendable (
            NetworkLayout, Map, _ weights: UnsafePointer<Float>, _ scale: Float, _ blocks: Range<Int>,
            _ count: Int, _ parameters: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>,
            _ state: UnsafeMutableRawPointer, StatePrecision, _ scratch: UnsafeMutableRawPointer
        ) -> Void

    /// The meta-gradient of one period for a range of blocks, added to the last argument.
    public typealias Backward<Map> =
        @Sendable (
            NetworkLayout, _ maps: UnsafePointer<Map>, _ steps: Int, _ gradients: UnsafePointer<Float>,
            _ stride: Int, _ lossWeights: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
            _ transposed: UnsafePointer<Float>, _ scale: Float, _ blocks: Range<Int>, _ count: Int,
            _ startState: UnsafeRawPointer, _ scratch: UnsafeMutableRawPointer,
            _ weightGradient: UnsafeMutablePointer<Float>
        ) -> Void

    static let baseline = Kernels(
        name: "baseline", factors: .single, lanesPerBlock: SIMDKernels.lanesPerBlock,
        forwardScratch: SIMDKernels.forwardScratch, backwardScratch: SIMDKernels.backwardScratch,
        stepNormalizedMoments: SIMDKernels.stepNormalizedMoments, stepLogMagnitude: SIMDKernels.stepLogMagnitude,
        backwardNormalizedMoments: SIMDKernels.backwardNormalizedMoments,
        backwardLogMagnitude: SIMDKernels.backwardLogMagnitude, evaluate: SIMDKernels.evaluate)

    #if arch(x86_64)
        static let avx2 = Kernels(
            name: "avx2", factors: .single, lanesPerBlock: SIMDKernelsAVX2.lanesPerBlock,
            forwardScratch: SIMDKernelsAVX2.forwardScratch, backwardScratch: SIMDKernelsAVX2.backwardScratch,
            stepNormalizedMoments: SIMDKernelsAVX2.stepNormalizedMoments,
            stepLogMagnitude: SIMDKernelsAVX2.stepLogMagnitude,
            backwardNormalizedMoments: SIMDKernelsAVX2.backwardNormalizedMoments,
            backwardLogMagnitude: SIMDKernelsAVX2.backwardLogMagnitude, evaluate: SIMDKernelsAVX2.evaluate)

        static let avx512 = Kernels(
            name: "avx512", factors: .single, lanesPerBlock: SIMDKernelsAVX512.lanesPerBlock,
            forwardScratch: SIMDKernelsAVX512.forwardScratch, backwardScratch: SIMDKernelsAVX512.backwardScratch,
            stepNormalizedMoments: SIMDKernelsAVX512.stepNormalizedMoments,
            stepLogMagnitude: SIMDKernelsAVX512.stepLogMagnitude,
            backwardNormalizedMoments: SIMDKernelsAVX512.backwardNormalizedMoments,
            backwardLogMagnitude: SIMDKernelsAVX512.backwardLogMagnitude, evaluate: SIMDKernelsAVX512.evaluate)

        static let avx512BFloat16 = Kernels(
            name: "avx512bf16", factors: .bfloat16, lanesPerBlock: SIMDKernelsAVX512BF16.lanesPerBlock,
            forwardScratch: SIMDKernelsAVX512BF16.forwardScratch,
            backwardScratch: SIMDKernelsAVX512BF16.backwardScratch,
            stepNormalizedMoments: SIMDKernelsAVX512BF16.stepNormalizedMoments,
            stepLogMagnitude: SIMDKernelsAVX512BF16.stepLogMagnitude,
            backwardNormalizedMoments: SIMDKernelsAVX512BF16.backwardNormalizedMoments,
            backwardLogMagnitude: SIMDKernelsAVX512BF16.backwardLogMagnitude,
            evaluate: SIMDKernelsAVX512BF16.evaluate)
    #endif
}
