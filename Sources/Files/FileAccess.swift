import Platform
import Synchronization

/// The whole content of a file.
///
/// - Throws: `InputError` where the file cannot be read or is larger than `limit` bytes.
public func readFile(_ path: String, limit: Int = 1 << 32) throws -> [UInt8] {
    // Opening a pipe would otherwise wait for its writer.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
        throw InputError(path, "cannot be opened: \(errorText())", advice: "check the path and its permissions")
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw InputError(path, "is not a regular file", advice: "name a file")
    }
    let size = Int(status.st_size)
    guard size <= limit else {
        throw InputError(path, "has \(size) bytes, more than \(limit)", advice: "check that it is the right file")
    }
    // Even of no elements, an uninitialised array is written to: then to the empty array that all threads share.
    guard size > 0 else { return [] }
    var failure: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
        while filled < size {
            let got = unsafe read(descriptor, buffer.baseAddress! + filled, size - filled)
            if got < 0 && errno == EINTR { continue }
            if got < 0 { failure = errno }
            if got <= 0 { return }
            filled += got
        }
    }
    guard failure == 0 else {
        throw InputError(path, "cannot be read: \(errorText(failure))", advice: "check the disk")
    }
    return bytes
}

/// Replaces a file as a whole: writes a temporary file beside it, syncs it to disk, renames it over the old one.
///
/// Whatever happens, `path` holds either what it held before or all of `bytes`. An old file's permissions stay, and
/// where `path` is a symbolic link, what it points to is replaced.
/// - Throws: `InputError` where the folder is not writable, the disk is full, or `path` is a folder or a device; no
///   temporary file is then left.
public func writeFileAtomically(_ path: String, _ bytes: some Collection<UInt8>) throws {
    let target = resolvingLinks(path)
    var old = stat()
    let replaces = unsafe lstat(target, &old) == 0
    // Renaming over /dev/null would break the machine, not fail.
    guard !replaces || old.st_mode & S_IFMT == S_IFREG else {
        throw InputError(path, "is not a regular file", advice: "name a file, or one that does not exist yet")
    }
    let temporary = "\(target).\(getpid()).\(temporaryFiles.wrappingAdd(1, ordering: .relaxed).newValue).tmp"
    // A leftover of a killed process that had the same id.
    unsafe unlink(temporary)
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
        throw InputError(path, "cannot be written: \(errorText())", advice: "check the folder and its permissions")
    }
    do {
        if replaces { _ = fchmod(descriptor, old.st_mode & 0o777) }
        let bytes = Array(bytes)
        do { try writeWhole(bytes.span, to: descriptor) } catch { throw writeFailure(path, error) }
        guard fsync(descriptor) == 0 else { throw writeFailure(path, .last) }
    } catch {
        close(descriptor)
        unsafe unlink(temporary)
        throw error
    }
    guard close(descriptor) == 0, unsafe rename(temporary, target) == 0 else {
        let failure = writeFailure(path, .last)
        unsafe unlink(temporary)
        throw failure
    }
    syncFolder(of: target)
}

/// Tells the temporary files of this process's threads apart.
private let temporaryFiles = Atomic<Int>(0)

/// Replaces a text file as a whole, see `writeFileAtomically(_:_:)`.
public func writeFileAtomically(_ path: String, text: String) throws {
    try writeFileAtomically(path, Array(text.utf8))
}

/// Makes a folder and those above it, where they are missing.
public func makeFolder(_ path: String) throws {
    // A file below it would be in the root folder.
    guard !path.isEmpty else { throw InputError("the folder", "has no name", advice: "give one, or . for this one") }
    var partial = path.hasPrefix("/") ? "/" : ""
    for component in path.split(separator: "/") {
        partial += component
        if unsafe mkdir(partial, 0o755) != 0 {
            let reason = errorText()
            guard isFolder(partial) else {
                throw InputError(
                    partial, "cannot be made: \(reason)", advice: "choose a folder that you may write to")
            }
        }
        partial += "/"
    }
    guard unsafe access(path, W_OK | X_OK) == 0 else {
        throw InputError(path, "is not a writable folder", advice: "choose a folder that you may write to")
    }
}

/// Whether something exists at `path`.
public func fileExists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

/// The names of what lies in a folder, sorted; none where it cannot be read.
package func fileNames(in folder: String) -> [String] {
    guard let handle = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(handle) }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 1) { unsafe String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// The C library's words for an error number.
public func errorText(_ number: Int32? = nil) -> String { unsafe String(cString: strerror(number ?? errno)) }

private func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// The file that a path names in the end; `path` itself where nothing is there yet.
private func resolvingLinks(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
}

func writeFailure(_ path: String, _ reason: PlatformError) -> InputError {
    InputError(path, "cannot be written: \(reason)", advice: "free some space or choose another folder")
}

/// The folder that a file is in, as its path says.
package func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
}

/// Makes a rename durable; a file system that cannot sync folders is no reason to fail.
private func syncFolder(of path: String) {
    let descriptor = unsafe open(folder(of: path), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
}
