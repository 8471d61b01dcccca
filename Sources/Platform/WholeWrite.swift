/// A call to the operating system that failed.
package struct PlatformError: Error, Equatable, CustomStringConvertible {
    /// The C library's error number, as `ENOSPC`.
    package let number: Int32

    package init(_ number: Int32) { self.number = number }

    /// The failure of the call just made.
    package static var last: PlatformError { PlatformError(errno) }

    /// The C library's words.
    package var description: String { String(cString: strerror(number)) }
}

/// Writes all of `bytes`, in as many pieces as the system takes, and whatever signals come between.
package func writeWhole(_ bytes: RawSpan, to descriptor: Int32) throws(PlatformError) {
    var failure: PlatformError?
    bytes.withUnsafeBytes { buffer in
        var rest = buffer[...]
        while !rest.isEmpty {
            let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                failure = count < 0 ? .last : PlatformError(EIO)
                return
            }
            rest = rest.dropFirst(count)
        }
    }
    if let failure { throw failure }
}
