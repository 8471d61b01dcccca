import Files
import Foundation
import Platform
import Testing

@Suite struct FolderLockTests {
    @Test func oneHasItAtATimeAndTheNextOneAfterwards() throws {
        try withTemporaryFolder { folder in
            var lock = try FolderLock.take(folder)
            #expect(lock != nil)
            #expect(try FolderLock.take(folder) == nil)
            // Another folder is another matter.
            try makeFolder("\(folder)/other")
            #expect(try FolderLock.take("\(folder)/other") != nil)
            withExtendedLifetime(lock) {}
            lock = nil
            #expect(try FolderLock.take(folder) != nil)
        }
    }

    @Test func whoWaitsGetsItWhateverTheCallbackLeavesBehind() throws {
        try withTemporaryFolder { folder in
            var lock = try FolderLock.take(folder)
            #expect(lock != nil)
            var asked = 0
            let waited = try FolderLock.wait(for: folder) {
                asked += 1
                if asked == 3 { lock = nil }
                // As after any call that fails.
                errno = ENOENT
                return false
            }
            #expect(asked == 3)
            #expect(try FolderLock.take(folder) == nil)
            withExtendedLifetime(waited) {}
        }
    }

    @Test func waitingEndsWhereItIsCancelled() throws {
        try withTemporaryFolder { folder in
            let lock = try FolderLock.take(folder)
            #expect(throws: CancellationError.self) { try FolderLock.wait(for: folder) { true } }
            withExtendedLifetime(lock) {}
        }
    }

    @Test func whatCannotBeLockedIsAnErrorAndNoInterruption() throws {
        #expect(throws: PlatformError(EBADF)) { try tryLock(-1) }
        try withTemporaryFolder { folder in
            try makeFolder("\(folder)/lock")
            for attempt in [{ try FolderLock.take(folder) }, { try FolderLock.wait(for: folder) { true } }] {
                let error = #expect(throws: InputError.self) { try attempt() }
                #expect(
                    error?.description
                        == "\(folder)/lock: cannot be locked: Is a directory; choose a folder that you may write to")
            }
        }
    }
}
