import Datasets
import Files
import Foundation
import NumericCore
import Synchronization
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite(.enabled(if: python != nil, "skipped: the mirrors that these tests fetch from need python3"), .serialized)
struct DataFetchTests {
    let content = sampleBytes(400_000, seed: 1)

    @Test func fetchesFromTheFirstMirrorThatWorks() async throws {
        try await withMirrors { server, file, folder in
            let events = try await fetch(file, into: folder, from: ["\(server)/missing/", "\(server)/good"])
            #expect(try Gzip.decompress(readFile("\(folder)/data.gz"), limit: 1 << 20, name: "data") == content)
            #expect(entries(of: folder) == ["data.gz"])
            #expect(
                events.first
                    == .failed(file: "data.gz", mirror: "\(server)/missing/", problem: "answers with HTTP status 404")
            )
            #expect(events.last == .finished(file: "data.gz"))
            let size = try readFile("\(folder)/data.gz").count
            #expect(events.contains(.receiving(file: "data.gz", bytes: size, total: size)))
            #expect(
                try await fetch(file, into: folder, from: ["\(server)/missing/"]) == [.alreadyHere(file: "data.gz")])
        }
    }

    @Test func interruptedDownloadGoesOnWhereItStopped() async throws {
        try await withMirrors { server, file, folder in
            try await fetch(file, into: folder, from: ["\(server)/dropping/"])
            #expect(try Gzip.decompress(readFile("\(folder)/data.gz"), limit: 1 << 20, name: "data") == content)
            let log = try await requests(server)
            #expect(log.count == 2 && log[0] == "/dropping/data.gz" && log[1].contains("bytes="), "\(log)")
            #expect(!(log.last?.hasSuffix("bytes=0-") ?? true))
        }
    }

    @Test func laterCallResumesWhatAnEarlierOneLeft() async throws {
        try await withMirrors { server, file, folder in
            let whole = gzip(content)
            try writeFileAtomically("\(folder)/data.gz.part", whole[..<1000])
            try await fetch(file, into: folder, from: ["\(server)/good/"])
            #expect(try await requests(server) == ["/good/data.gz bytes=1000-"])
            #expect(try readFile("\(folder)/data.gz") == whole)
        }
    }

    @Test func completePartNeedsNothingMore() async throws {
        try await withMirrors { server, file, folder in
            try writeFileAtomically("\(folder)/data.gz.part", gzip(content))
            try await fetch(file, into: folder, from: ["\(server)/good/"])
            #expect(entries(of: folder) == ["data.gz"])
        }
    }

    @Test func mirrorWithoutRangeStartsOver() async throws {
        try await withMirrors { server, file, folder in
            try writeFileAtomically("\(folder)/data.gz.part", [1, 2, 3])
            try await fetch(file, into: folder, from: ["\(server)/norange/"])
            #expect(try readFile("\(folder)/data.gz") == gzip(content))
        }
    }

    @Test func damagedPartIsThrownAwayAndFetchedAgain() async throws {
        try await withMirrors { server, file, folder in
            try writeFileAtomically("\(folder)/data.gz.part", [UInt8](repeating: 7, count: 500))
            try await fetch(file, into: folder, from: ["\(server)/good/"])
            #expect(try await requests(server) == ["/good/data.gz bytes=500-", "/good/data.gz"])
            #expect(try readFile("\(folder)/data.gz") == gzip(content))
        }
    }

    @Test(arguments: ["corrupt", "endless"])
    func badMirrorIsRejectedAndTheNextOneUsed(kind: String) async throws {
        try await withMirrors { server, file, folder in
            try await fetch(file, into: folder, from: ["\(server)/\(kind)/", "\(server)/good/"])
            #expect(try readFile("\(folder)/data.gz") == gzip(content))
            #expect(try await requests(server) == ["/\(kind)/data.gz", "/good/data.gz"])
        }
    }

    @Test(arguments: ["corrupt", "missing", "endless"])
    func nothingBearsTheFinalNameWhereEveryMirrorIsBad(kind: String) async throws {
        try await withMirrors { server, file, folder in
            let error = await #expect(throws: InputError.self) {
                try await fetch(file, into: folder, from: ["\(server)/\(kind)/", "http://127.0.0.1:1/"])
            }
            #expect(!entries(of: folder).contains("data.gz"))
            #expect(error?.description.contains("check the network") ?? false)
            #expect(error?.description.contains("\n") == false)
        }
    }

    /// The sum of an archive is that of the file itself, as it is published.
    @Test func sumMayBeThatOfThePackedFile() async throws {
        try await withMirrors { server, _, folder in
            let packed = gzip(content)
            let file = DatasetFile(name: "data.gz", bytes: packed.count, md5: md5(packed), of: .file)
            try await fetch(file, into: folder, from: ["\(server)/corrupt/", "\(server)/good/"])
            #expect(try readFile("\(folder)/data.gz") == packed)
            #expect(
                try await fetch(file, into: folder, from: ["\(server)/missing/"]) == [.alreadyHere(file: "data.gz")])
        }
    }

    @Test func damagedFileIsReplaced() async throws {
        try await withMirrors { server, file, folder in
            try writeFileAtomically("\(folder)/data.gz", [0x1F, 0x8B, 3])
            try await fetch(file, into: folder, from: ["\(server)/good/"])
            #expect(try readFile("\(folder)/data.gz") == gzip(content))
        }
    }

    @Test func cancellationEndsTheFetch() async throws {
        try await withMirrors { server, file, folder in
            let fetching = Task { try await fetch(file, into: folder, from: ["\(server)/good/"]) }
            fetching.cancel()
            await #expect(throws: (any Error).self) { try await fetching.value }
            #expect(!entries(of: folder).contains("data.gz"))
        }
    }

    /// Runs `body` with a server's address, the file it offers, and an empty folder.
    private func withMirrors(
        _ body: (_ server: String, _ file: DatasetFile, _ folder: String) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try makeFolder("\(folder)/offered")
            try makeFolder("\(folder)/fetched")
            try writeFileAtomically("\(folder)/offered/data.gz", gzip(content))
            let file = DatasetFile(name: "data.gz", bytes: content.count, md5: md5(content))
            let server = try MirrorServer(offering: "\(folder)/offered")
            defer { server.stop() }
            try await body(server.address, file, "\(folder)/fetched")
        }
    }

    @discardableResult
    private func fetch(
        _ file: DatasetFile, into folder: String, from mirrors: [String]
    ) async throws -> [FetchProgress] {
        let events = EventLog()
        try await DataFetch.fetch([file], into: folder, from: mirrors) { event in
            events.list.withLock { $0.append(event) }
        }
        return events.list.withLock { $0 }
    }

    private func requests(_ server: String) async throws -> [String] {
        let (data, _) = try await URLSession.shared.data(from: URL(string: "\(server)/log")!)
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map {
            String($0).trimmingCharacters(in: .whitespaces)
        }
    }
}

private final class EventLog: Sendable {
    let list = Mutex<[FetchProgress]>([])
}

/// The Python server in Tests/Fixtures, which ends with this process too.
private final class MirrorServer {
    let address: String
    private let process = Process()
    private let input = Pipe()

    init(offering folder: String) throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fixtures/mirror_server.py").path
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: python!)
        process.arguments = [script, folder]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
        address = "http://127.0.0.1:\(port)"
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

private let python: String? =
    (DatasetsTestsEnvironment.variable("PATH") ?? "").split(separator: ":").map { "\($0)/python3" }
    .first { access($0, X_OK) == 0 }
