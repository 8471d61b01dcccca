/// Folders of file systems that other machines may use at the same time.
package enum SharedFolders {
    /// Whether a folder lies on a network's file system; where that cannot be seen, it does not.
    package static func contain(_ folder: String) -> Bool {
        guard let resolved = unsafe realpath(folder, nil) else { return false }
        defer { unsafe free(resolved) }
        #if canImport(Darwin)
            var status = statfs()
            return unsafe statfs(resolved, &status) == 0 && status.f_flags & UInt32(MNT_LOCAL) == 0
        #else
            let path = unsafe String(cString: resolved)
            return Host.lines(of: "/proc/self/mountinfo").map { contain(path, mounts: $0) } ?? false
        #endif
    }

    /// The same of an absolute path without links, by lines as those of `/proc/self/mountinfo` on Linux.
    package static func contain(_ path: String, mounts: [String]) -> Bool {
        var (place, type) = ("", "")
        for line in mounts {
            let fields = line.split(separator: " ")
            guard fields.count > 5, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { continue }
            // What is mounted later covers what was there.
            let mounted = unescaped(fields[4])
            if mounted.utf8.count >= place.utf8.count, isInside(path, mounted) {
                (place, type) = (mounted, String(fields[dash + 1]))
            }
        }
        return network.contains(type) || type.hasPrefix("fuse.")
    }

    private static let network: Set<String> = [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "lustre", "gpfs", "ceph", "beegfs", "glusterfs", "orangefs",
        "pvfs2",
        "wekafs", "ocfs2", "gfs2", "9p", "virtiofs",
    ]

    private static func isInside(_ path: String, _ folder: String) -> Bool {
        folder == "/" || path == folder || path.hasPrefix(folder + "/")
    }

    /// Spaces and the like stand as a backslash and three octal digits.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
