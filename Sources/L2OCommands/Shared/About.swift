import NumericCore

/// What `--version` says.
enum About {
    static let version = "0.1.0"

    /// The compiler's version, as far as a source file can tell.
    static var swiftVersion: String {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }

    /// Version, kernels, threads and compiler, a line each.
    static var text: String {
        """
        l2o \(version)
        kernels  \(Kernels.selected.name) (available: \(Kernels.available.map(\.name).joined(separator: ", ")))
        threads  \(Threads.current.count)
        Swift    \(swiftVersion)
        """
    }
}
