import Platform

/// Keeps two processes, and two parts of one, from writing into one folder.
///
/// It lasts as long as the value. The system gives it up when its process dies, however that happens; the empty file
/// `lock` stays.
package final class FolderLock: Sendable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Takes the lock; nil where somebody else has it.
    ///
    /// - Throws: `InputError` where it cannot be had at all.
    package static func take(_ folder: String) throws -> FolderLock? {
        let lock = FolderLock(descriptor: try open(folder))
        return try attempt(folder) { () throws(PlatformError) in try tryLock(lock.descriptor) } ? lock : nil
    }

    /// Waits until nobody else has it, and takes it.
    ///
    /// - Parameter isCancelled: asked now and then.
    /// - Throws: `CancellationError` where cancelled; `InputError` where it cannot be had at all.
    package static func wait(for folder: String, isCancelled: () -> Bool) throws -> FolderLock {
        let lock = FolderLock(descriptor: try open(folder))
        while try !attempt(folder, { () throws(PlatformError) in try tryLock(lock.descriptor) }) {
            if isCancelled() { throw CancellationError() }
            usleep(200_000)
        }
        return lock
    }

    private static func open(_ folder: String) throws -> Int32 {
        try attempt(folder) { () throws(PlatformError) in
            let descriptor = unsafe Platform.open("\(folder)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw .last }
            return descriptor
        }
    }

    private static func attempt<R>(_ folder: String, _ call: () throws(PlatformError) -> R) throws -> R {
        do {
            return try call()
        } catch {
            throw InputError(
                "\(folder)/lock", "cannot be locked: \(error)", advice: "choose a folder that you may write to")
        }
    }
}
