/// A call to the operating system that failed.
package struct PlatformError: Error, Equatable, CustomStringConvertible {
    /// The C library's error number, as `ENOSPC`.
    package let number: Int32

    package init(_ number: Int32) { self.number = number }

    /// The failure of the call just made.
    package static var last: PlatformError { PlatformError(errno) }

    /// The C library's words.
    package var description: String { unsafe String(cString: strerror(number)) }
}

/// Writes all of `bytes`, in as many pieces as the system takes, and whatever signals come between.
package func writeWhole(_ bytes: Span<UInt8>, to descriptor: Int32) throws(PlatformError) {
    var rest = bytes.extracting(...)
    while !rest.isEmpty {
        let count = unsafe rest.withUnsafeBufferPointer { unsafe write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw count < 0 ? .last : PlatformError(EIO) }
        rest = rest.extracting(droppingFirst: count)
    }
}
