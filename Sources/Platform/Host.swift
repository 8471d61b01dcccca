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
            // A file of the kernel has no size to be read by.
            guard let file = unsafe fopen("/proc/cpuinfo", "r") else { return "unknown" }
            defer { unsafe fclose(file) }
            var line = [CChar](repeating: 0, count: 512)
            while unsafe fgets(&line, Int32(line.count), file) != nil {
                let text = String(
                    decoding: line.prefix { $0 != 0 && $0 != 10 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
                let parts = text.split(separator: ":", maxSplits: 1)
                if parts.count == 2, parts[0].hasPrefix("model name") { return String(parts[1].drop { $0 == " " }) }
            }
            return "unknown"
        #endif
    }
}

/// What the environment says under a name; nil where it says nothing.
package func environmentVariable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }
