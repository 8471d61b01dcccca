import NumericCore

/// What the kernel says of this process's memory.
enum ProcessMemory {
    /// The most bytes that were resident at once.
    static var peak: Int {
        var usage = rusage()
        #if os(Linux)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return usage.ru_maxrss * 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss
        #endif
    }

    /// The bytes that are resident now; nil where the system does not say.
    static var resident: Int? { SystemText.field("VmRSS", of: "/proc/self/status").flatMap(kilobytes) }

    /// The bytes that a new process may take without anything being swapped.
    static var available: Int? { SystemText.field("MemAvailable", of: "/proc/meminfo").flatMap(kilobytes) }

    private static func kilobytes(_ text: String) -> Int? {
        text.split(separator: " ").first.flatMap { Int($0) }.map { $0 * 1024 }
    }
}
