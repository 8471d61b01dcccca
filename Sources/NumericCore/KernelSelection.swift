import CProcessor

extension Kernels {
    /// What this processor can run in single precision, slowest first.
    public static let available: [Kernels] = {
        var result = [baseline]
        #if arch(x86_64)
            if processor_has_avx2() { result.append(avx2) }
            if processor_has_avx512() { result.append(avx512) }
        #endif
        return result
    }()

    /// Those that multiply in bfloat16; nil where the processor has no instructions for it. They are faster than all of
    /// `available`, but never chosen unasked.
    public static let bfloat16: Kernels? = {
        #if arch(x86_64)
            processor_has_avx512_bf16() ? avx512BFloat16 : nil
        #else
            nil
        #endif
    }()

    /// Every one that this processor can run.
    package static var all: [Kernels] { available + (bfloat16.map { [$0] } ?? []) }

    /// The kernels that everything uses: the fastest in single precision, or what `L2O_KERNELS` names.
    public static let selected: Kernels = (try? selection()) ?? available[available.count - 1]

    /// The kernels for a precision of products: `selected`, or those that multiply in bfloat16.
    ///
    /// - Throws: `UnknownKernels` where the processor has none, or `L2O_KERNELS` names others.
    public static func selected(multiplyingIn factors: FactorPrecision) throws -> Kernels {
        let selected = try selection()
        if selected.factors == factors { return selected }
        guard let bfloat16 else {
            throw UnknownKernels(text: "bfloat16: this processor has no AVX512_BF16; multiply in single precision")
        }
        guard factors == .bfloat16, selected.name == available[available.count - 1].name else {
            throw UnknownKernels(
                text: "\(factors) precision: L2O_KERNELS=\(selected.name) has no such kernels; unset it")
        }
        return bfloat16
    }

    /// Why the override cannot be followed, if so. The command line refuses to start then.
    public static func checkSelection() throws { _ = try selection() }

    private static func selection() throws -> Kernels {
        let name = environmentVariable("L2O_KERNELS") ?? ""
        guard !name.isEmpty else { return available[available.count - 1] }
        guard let kernels = all.first(where: { $0.name == name }) else {
            throw UnknownKernels(
                text: "L2O_KERNELS=\(name): not to be had on this processor; unset it or choose one of: "
                    + all.map(\.name).joined(separator: ", "))
        }
        return kernels
    }
}

/// Kernels were asked for that do not exist or that this processor cannot run.
public struct UnknownKernels: Error, CustomStringConvertible {
    let text: String

    public var description: String { text }
}
