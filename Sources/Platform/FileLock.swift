/// Takes the lock of an open file; false where another opening of it has the lock.
package func tryLock(_ descriptor: Int32) throws(PlatformError) -> Bool {
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        // Read at once: whatever is called next may set it anew.
        let failure = PlatformError.last
        if failure.number == EWOULDBLOCK { return false }
        if failure.number != EINTR { throw failure }
    }
    return true
}
