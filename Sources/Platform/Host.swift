/// The computer that the process runs on.
package enum Host {
    /// The processor's cores that are in use.
    package static var cores: Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// The name in a network; nil where there is none.
    package static var name: String? {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The processor and its cores, as `AMD EPYC 7B13, 2 cores`; nothing that names whose machine it is.
    package static var text: String { "\(processor), \(cores) cores" }

    /// A file of the kernel has no size to be read by; nil where it cannot be read.
    static func lines(of path: String) -> [String]? {
        guard let file = unsafe fopen(path, "r") else { return nil }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        while true {
            let byte = unsafe getc(file)
            guard byte >= 0 else { break }
            bytes.append(UInt8(truncatingIfNeeded: byte))
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static var processor: String {
        #if canImport(Darwin)
            var size = 0
            guard sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0) == 0, size > 1 else {
                return "unknown"
            }
            var text = [UInt8](repeating: 0, count: size)
            guard sysctlbyname("machdep.cpu.brand_string", &text, &size, nil, 0) == 0 else { return "unknown" }
            return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        #else
            for line in lines(of: "/proc/cpuinfo") ?? [] where line.hasPrefix("model name") {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2 { return String(parts[1].drop { $0 == " " }) }
            }
            return "unknown"
        #endif
    }
}

/// What the environment says under a name; nil where it says nothing.
package func environmentVariable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }
