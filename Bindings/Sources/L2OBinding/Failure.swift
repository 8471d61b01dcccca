import CL2O
import Files
import NumericCore

/// Why a call cannot be done: a code of the header, and one line.
struct Failure: Error {
    let code: Int32
    let message: String

    static func argument(_ message: String) -> Failure { Failure(code: L2O_INVALID_ARGUMENT, message: message) }
}

/// Runs a call's body; its errors become a code, and the message of this thread.
func answering(_ body: () throws -> Void) -> Int32 {
    do {
        try body()
        return L2O_OK
    } catch let failure as Failure {
        LastMessage.set(failure.message)
        return failure.code
    } catch {
        // Files, specifications and kernels say themselves what is wrong.
        LastMessage.set("\(error)")
        return L2O_INVALID_INPUT
    }
}

/// Each thread's message, which goes with the thread.
enum LastMessage {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        precondition(pthread_key_create(&key) { free($0) } == 0, "a process has keys for the data of threads")
        return key
    }()
    nonisolated(unsafe) private static let none = strdup("")!

    static func set(_ text: String) {
        free(pthread_getspecific(key))
        pthread_setspecific(key, strdup(text))
    }

    static var pointer: UnsafePointer<CChar> {
        UnsafePointer(pthread_getspecific(key)?.assumingMemoryBound(to: CChar.self) ?? none)
    }
}

/// A lock that hosts, debuggers and sanitizers know.
final class Lock: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init() { pthread_mutex_init(mutex, nil) }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func withLock<R>(_ body: () throws -> R) rethrows -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }
}

/// Refuses what this machine cannot hold: an allocation that fails ends the process.
func checkMemory(_ bytes: Int) throws {
    let machine = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    func refusal(_ reason: String) -> Failure {
        Failure(
            code: L2O_OUT_OF_MEMORY,
            message: "the state takes \(bytes) bytes; \(reason); use an optimizer with a smaller state")
    }
    if bytes > machine { throw refusal("this machine has \(machine)") }
    // What the process may have can be less than the machine has.
    let memory = mmap(nil, max(bytes, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let memory, memory != MAP_FAILED else { throw refusal("this process may not have so many") }
    munmap(memory, max(bytes, 1))
}
