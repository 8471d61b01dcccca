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
}
