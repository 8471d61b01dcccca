import Foundation
import Platform
import Synchronization
import Testing

@Suite struct PlatformTests {
    /// A pipe takes 64 KiB at a time: the rest is written when there is room again.
    @Test func moreThanAPipeHoldsIsWrittenWhole() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (source, sink) = (FileHandle(fileDescriptor: ends[0]), FileHandle(fileDescriptor: ends[1]))
        let sent = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let writer = Thread {
            try? writeWhole(sent.span, to: sink.fileDescriptor)
            try? sink.close()
        }
        writer.start()
        #expect(try source.readToEnd() == Data(sent))
        try source.close()
    }

    @Test func aFailureToWriteHasItsNumber() throws {
        #expect(throws: PlatformError(EBADF)) { try writeWhole([1].span, to: -1) }
        // Nothing to write cannot fail.
        try writeWhole([UInt8]().span, to: -1)
        #expect(PlatformError(ENOENT).description == "No such file or directory")
    }

    @Test func durationsAreSeconds() {
        #expect(Duration.milliseconds(1500).seconds == 1.5)
        #expect(abs(wallClock() - Date().timeIntervalSince1970) < 5)
    }

    @Test func theHostSaysWhatItIs() {
        #expect(Host.cores >= 1)
        #expect(Host.text.hasSuffix(", \(Host.cores) cores"))
    }

    @Test func aFileIsNoTerminal() throws {
        let file = open("/dev/null", O_RDONLY)
        defer { close(file) }
        #expect(terminalColumns(of: file) == nil)
    }

    /// Lines as those of `/proc/self/mountinfo`.
    private let mounts = [
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw", "23 22 0:5 / /dev rw - devtmpfs devtmpfs rw",
        #"40 22 0:44 / /net/all\040homes rw,noatime shared:9 master:2 - nfs4 files:/homes rw,vers=4.2"#,
        "41 40 254:1 / /net/all\\040homes/fast rw - xfs /dev/sdb rw", "42 22 0:50 / /mnt rw - fuse.sshfs me@far: rw",
        "43 42 0:51 / /mnt rw - tmpfs tmpfs rw", "44 22 0:52 / /cluster rw - lustre mds:/x rw", "broken", "",
    ]

    @Test(arguments: [
        ("/", false), ("/home/me", false), ("/net/all homes", true), ("/net/all homes/me/runs", true),
        ("/net/all homesick", false), ("/net/all homes/fast/runs", false), ("/mnt/runs", false), ("/cluster/a", true),
    ])
    func foldersOfNetworksAreTold(path: String, isShared: Bool) {
        #expect(SharedFolders.contain(path, mounts: mounts) == isShared)
    }

    @Test func aFolderThatIsNotThereIsNobodys() {
        #expect(!SharedFolders.contain("/no/such/folder"))
        #expect(!SharedFolders.contain("/any", mounts: []))
        #expect(!SharedFolders.contain("/proc"))
    }
}
