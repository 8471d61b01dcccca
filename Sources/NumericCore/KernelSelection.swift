import CProcessor

extension Kernels {
    /// What this processor can run, slowest first.
    public static let available: [Kernels] = {
        var result = [baseline]
        #if arch(x86_64)
            if processor_has_avx2() { result.append(avx2) }
            if processor_has_avx512() { result.append(avx512) }
        #endif
        return result
    }()

    /// The kernels that everything uses: the fastest, or what `L2O_KERNELS` names.
    public static let selected: Kernels = (try? selection()) ?? available[available.count - 1]

    /// Why the override cannot be followed, if so. The command line refuses to start then.
    public static func checkSelection() throws { _ = try selection() }

    private static func selection() throws -> Kernels {
        let name = getenv("L2O_KERNELS").map { String(cString: $0) } ?? ""
        guard !name.isEmpty else { return available[available.count - 1] }
        guard let kernels = available.first(where: { $0.name == name }) else { throw UnknownKernels(name: name) }
        return kernels
    }
}

/// `L2O_KERNELS` names kernels that do not exist or that this processor cannot run.
public struct UnknownKernels: Error, CustomStringConvertible {
    let name: String

    public var description: String {
        let names = Kernels.available.map(\.name).joined(separator: ", ")
        return "L2O_KERNELS=\(name): not to be had on this processor; unset it or choose one of: \(names)"
    }
}
