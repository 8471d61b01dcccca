import Files
import Foundation
import Testing

@Suite struct FileAccessTests {
    @Test func writesAndReplaces() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/file"
            try writeFileAtomically(path, [1, 2, 3])
            #expect(try readFile(path) == [1, 2, 3])
            try writeFileAtomically(path, repeatElement(7, count: 5))
            #expect(try readFile(path) == [7, 7, 7, 7, 7])
            try writeFileAtomically(path, text: "")
            #expect(try readFile(path) == [])
            #expect(try list(folder) == ["file"])
        }
    }

    @Test func keepsPermissionsAndFollowsLinks() throws {
        try withTemporaryFolder { folder in
            try writeFileAtomically("\(folder)/file", [1])
            chmod("\(folder)/file", 0o600)
            symlink("file", "\(folder)/link")
            try writeFileAtomically("\(folder)/link", [2])
            var status = stat()
            #expect(lstat("\(folder)/link", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
            #expect(stat("\(folder)/file", &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(try readFile("\(folder)/file") == [2])
        }
    }

    @Test func writersOfOneFileDoNotMix() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "l2o-\(UUID().uuidString)").path
        try makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/file"
        try await withThrowingTaskGroup { group in
            for writer: UInt8 in 0..<8 {
                group.addTask {
                    for _ in 0..<5 { try writeFileAtomically(path, [UInt8](repeating: writer, count: 10_000)) }
                }
            }
            try await group.waitForAll()
        }
        let bytes = try readFile(path)
        #expect(bytes.count == 10_000 && Set(bytes).count == 1)
        #expect(try list(folder) == ["file"])
    }

    @Test func refusesPlacesWhereNoFileCanBe() throws {
        try withTemporaryFolder { folder in
            try writeFileAtomically("\(folder)/file", [1])
            symlink("nowhere", "\(folder)/dangling")
            let places = [
                "\(folder)/file/below", "\(folder)/missing/file", "/proc/l2o", folder, "\(folder)/dangling", "",
            ]
            for place in places {
                let error = try #require(throws: InputError.self) { try writeFileAtomically(place, [2]) }
                #expect(error.description.hasPrefix("\(place): "))
            }
            #expect(try list(folder) == ["dangling", "file"])
            #expect(try readFile("\(folder)/file") == [1])
        }
    }

    @Test func neverReplacesADevice() throws {
        try withTemporaryFolder { folder in
            mkfifo("\(folder)/pipe", 0o600)
            #expect(throws: InputError.self) { try writeFileAtomically("\(folder)/pipe", [1]) }
            #expect(throws: InputError.self) { try readFile("\(folder)/pipe") }
            let remaining = try list(folder)
            #expect(remaining == ["pipe"])
        }
    }

    /// A limit on the size of files stands in for a full disk; it holds for the whole process, hence a child.
    @Test func aFullDiskIsAnErrorAndLeavesTheOldFile() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryFolder { folder in
                try writeFileAtomically("\(folder)/file", [1, 2, 3])
                signal(SIGXFSZ, SIG_IGN)
                limitFileSize(to: 1_000)
                let error = try #require(throws: InputError.self) {
                    try writeFileAtomically("\(folder)/file", [UInt8](repeating: 9, count: 5_000))
                }
                #expect(error.description.contains("File too large"))
                #expect(try readFile("\(folder)/file") == [1, 2, 3])
                #expect(try list(folder) == ["file"])
            }
        }
    }

    @Test func aProcessKilledWhileWritingLeavesTheOldFile() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "l2o-\(UUID().uuidString)").path
        try makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try writeFileAtomically("\(folder)/file", [1, 2, 3])
        await #expect(processExitsWith: .signal(SIGXFSZ)) { [folder = folder as String] in
            signal(SIGXFSZ, SIG_DFL)
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGXFSZ)
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            limitFileSize(to: 1_000)
            try writeFileAtomically("\(folder)/file", [UInt8](repeating: 9, count: 5_000))
        }
        #expect(try readFile("\(folder)/file") == [1, 2, 3])
        // The half-written file of the dead process is still there, and in nobody's way.
        #expect(try list(folder).count == 2)
        try writeFileAtomically("\(folder)/file", [4])
        #expect(try readFile("\(folder)/file") == [4])
    }

    @Test func readingSaysWhatIsWrong() throws {
        try withTemporaryFolder { folder in
            try writeFileAtomically("\(folder)/file", [1, 2, 3])
            #expect(try readFile("\(folder)/file", limit: 3) == [1, 2, 3])
            let cases = [
                ("\(folder)/file", "more than 2"), ("\(folder)/missing", "No such file"),
                (folder, "not a regular file"),
                ("\(folder)/file/below", "Not a directory"),
            ]
            for (path, words) in cases {
                let error = try #require(throws: InputError.self) { try readFile(path, limit: 2) }
                #expect(error.description.contains(words))
            }
        }
    }

    @Test func makesFoldersThatAreMissing() throws {
        try withTemporaryFolder { folder in
            try makeFolder("\(folder)/a/b//c/")
            try makeFolder("\(folder)/a/b/c")
            try makeFolder("/")
            try writeFileAtomically("\(folder)/file", [1])
            chmod("\(folder)/file", 0o755)
            for path in ["", "\(folder)/file", "\(folder)/file/below", "/proc/l2o"] {
                #expect(throws: InputError.self) { try makeFolder(path) }
            }
            #expect(fileExists("\(folder)/a") && !fileExists("\(folder)/z"))
        }
    }

    @Test func aFileGrowsAtItsEndWhoeverElseWritesIt() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/log"
            #expect(throws: InputError.self) { try GrowingFile(path, isNew: false) }
            let first = try GrowingFile(path, isNew: true)
            #expect(throws: InputError.self) { try GrowingFile(path, isNew: true) }
            let second = try GrowingFile(path, isNew: false)
            try first.append([1, 2])
            try second.append([3])
            try first.append([4])
            #expect(try readFile(path) == [1, 2, 3, 4])
            let error = #expect(throws: InputError.self) { try GrowingFile("/dev/full", isNew: false).append([1]) }
            #expect(error?.description.hasPrefix("/dev/full: cannot be written: No space left on device;") == true)
        }
    }

    @Test func aFolderIsListedByName() throws {
        try withTemporaryFolder { folder in
            for name in ["b", "a b", "é", ".c"] { try writeFileAtomically("\(folder)/\(name)", text: "") }
            #expect(fileNames(in: folder) == [".c", "a b", "b", "é"])
            #expect(fileNames(in: "\(folder)/none").isEmpty)
        }
    }
}

private func limitFileSize(to bytes: Int) {
    var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
    #if canImport(Glibc)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    #else
        setrlimit(RLIMIT_FSIZE, &limit)
    #endif
}
