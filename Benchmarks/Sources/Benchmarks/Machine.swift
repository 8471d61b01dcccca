import CSgemm
import Foundation
import NumericCore

/// The machine and the state of the sources: what figures are worth nothing without.
struct Machine: Codable, Sendable {
    var processor: String
    var cores: Int
    var memoryBytes: Int
    var system: String
    var kernels: String
    var availableKernels: [String]
    var oneDNN: String
    var commit: String
    var date: String
    /// Processes that wanted to run in the minute before.
    var load: Double

    /// This one, now.
    static func current() -> Machine {
        // The build lies within the clone.
        let folder = URL(fileURLWithPath: Bundle.main.bundlePath).path
        let commit = SystemText.output("git", "-C", folder, "rev-parse", "--short", "HEAD") ?? "unknown"
        let isChanged = SystemText.output("git", "-C", folder, "status", "--porcelain") != nil
        var loads = [Double](repeating: 0, count: 1)
        getloadavg(&loads, 1)
        return Machine(
            processor: SystemText.field("model name", of: "/proc/cpuinfo") ?? "unknown processor",
            cores: ProcessInfo.processInfo.activeProcessorCount,
            memoryBytes: Int(ProcessInfo.processInfo.physicalMemory),
            system: ProcessInfo.processInfo.operatingSystemVersionString, kernels: Kernels.selected.name,
            availableKernels: Kernels.available.map(\.name), oneDNN: oneDNNVersion,
            commit: commit + (isChanged ? " with changes" : ""), date: Date.now.formatted(.iso8601), load: loads[0])
    }

    private static var oneDNNVersion: String {
        let version = dnnl_version().pointee
        return "\(version.major).\(version.minor).\(version.patch)"
    }

    /// Whether other programs were busy enough to spoil the figures.
    var isBusy: Bool { load > 0.3 }

    /// What to put before a program so that it runs on `threads` cores; empty where that cannot be had.
    static func pinning(threads: Int) -> [String] {
        guard hasTaskset, allowedCores.count >= threads else { return [] }
        return ["taskset", "-c", allowedCores.prefix(threads).map(String.init).joined(separator: ",")]
    }

    private static let hasTaskset = SystemText.output("taskset", "--version") != nil

    /// The cores that this process may use: `0-3,8` in the kernel's notation.
    private static let allowedCores: [Int] = {
        let text = SystemText.field("Cpus_allowed_list", of: "/proc/self/status") ?? ""
        return text.split(separator: ",").flatMap { part -> [Int] in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return [] }
            return Array(first...last)
        }
    }()
}
