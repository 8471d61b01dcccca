import Platform

/// A file that grows at its end, whoever else reads it meanwhile.
package final class GrowingFile: Sendable {
    package let path: String
    private let descriptor: Int32

    /// Opens a file that exists, or makes one that must not.
    ///
    /// - Throws: `InputError` where that cannot be done.
    package init(_ path: String, isNew: Bool) throws {
        self.path = path
        descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CLOEXEC | (isNew ? O_CREAT | O_EXCL : 0), 0o644)
        guard descriptor >= 0 else {
            throw InputError(path, "cannot be written: \(PlatformError.last)", advice: "choose another folder")
        }
    }

    deinit { close(descriptor) }

    /// Adds bytes in one piece where the system can, so that a reader seldom meets half of them.
    ///
    /// - Throws: `InputError` where the file cannot be written.
    package func append(_ bytes: [UInt8]) throws {
        do { try writeWhole(bytes.span, to: descriptor) } catch { throw writeFailure(path, error) }
    }
}
