import Files
import Foundation
import Platform

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One HTTP request whose answer is appended to a file.
///
/// The session calls its delegate from one queue, one call at a time, so the mutable state needs no lock.
final class HTTPDownload: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private let descriptor: Int32
    private let offset: Int
    private let limit: Int
    private let progress: @Sendable (_ bytes: Int, _ total: Int?) -> Void
    private let ended: AsyncThrowingStream<Never, any Error>.Continuation
    private var written = 0
    private var total: Int?
    private var failure: (any Error)?

    /// Appends to the file at `path` what it still lacks of the resource at `address`.
    ///
    /// Starts from nothing where the server cannot continue in the middle. Does nothing where the server says that
    /// there is nothing after what the file holds.
    /// - Parameters:
    ///   - limit: the most bytes that the file may come to have.
    ///   - progress: receives the file's size, and the size it will have if the server says so.
    /// - Throws: `MirrorError` for whatever the server or the network does; what came until then stays in the
    ///   file. `InputError` where the file cannot be written.
    static func append(
        _ address: String, to path: String, limit: Int,
        progress: @escaping @Sendable (_ bytes: Int, _ total: Int?) -> Void
    ) async throws {
        guard let url = URL(string: address), ["http", "https"].contains(url.scheme) else {
            throw MirrorError(problem: "is no http or https address")
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw InputError(
                path, "cannot be written: \(errorText())", advice: "check the folder and its permissions")
        }
        let offset = Int(lseek(descriptor, 0, SEEK_END))
        let (ending, ended) = AsyncThrowingStream.makeStream(of: Never.self)
        let download = HTTPDownload(descriptor, offset: offset, limit: limit, ended: ended, progress: progress)
        var request = URLRequest(url: url)
        request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
        if offset > 0 { request.setValue("bytes=\(offset)-", forHTTPHeaderField: "Range") }

        let settings = URLSessionConfiguration.ephemeral
        settings.timeoutIntervalForRequest = 30
        let session = URLSession(configuration: settings, delegate: download, delegateQueue: nil)
        defer { session.finishTasksAndInvalidate() }
        let task = session.dataTask(with: request)
        ended.onTermination = { _ in task.cancel() }
        task.resume()
        for try await _ in ending {}
        try Task.checkCancellation()
    }

    private init(
        _ descriptor: Int32, offset: Int, limit: Int, ended: AsyncThrowingStream<Never, any Error>.Continuation,
        progress: @escaping @Sendable (_ bytes: Int, _ total: Int?) -> Void
    ) {
        self.descriptor = descriptor
        self.offset = offset
        self.limit = limit
        self.ended = ended
        self.progress = progress
    }

    // The session keeps its delegate until the last call, so nothing is written to a descriptor that is closed.
    deinit { close(descriptor) }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        let announced = response.expectedContentLength
        switch status {
        case 206 where startsAtOffset(response):
            written = offset
        case 200:
            guard ftruncate(descriptor, 0) == 0 else {
                failure = unwritable()
                return completionHandler(.cancel)
            }
        case 416 where offset > 0:
            // Nothing after what is here: let the caller check whether that is the whole.
            return completionHandler(.cancel)
        default:
            failure = MirrorError(problem: "answers with HTTP status \(status)")
            return completionHandler(.cancel)
        }
        total = announced >= 0 ? written + Int(clamping: min(announced, 1 << 50)) : nil
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        guard failure == nil else { return }
        guard written + data.count <= limit else {
            failure = MirrorError(
                problem: "sends more than the \(limit) bytes that the file can have", isDamage: true)
            ftruncate(descriptor, 0)
            return dataTask.cancel()
        }
        for region in data.regions where failure == nil {
            region.withUnsafeBytes { append($0) }
        }
        guard failure == nil else { return dataTask.cancel() }
        progress(written, total)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        let refused = (task.response as? HTTPURLResponse)?.statusCode == 416 && offset > 0
        if let failure {
            ended.finish(throwing: failure)
        } else if let error, !refused {
            ended.finish(throwing: MirrorError(problem: "broke off: \(error.localizedDescription)"))
        } else if let total, written < total {
            ended.finish(throwing: MirrorError(problem: "broke off after \(written) of \(total) bytes"))
        } else {
            ended.finish()
        }
    }

    private func append(_ bytes: UnsafeRawBufferPointer) {
        do {
            try writeWhole(bytes.bindMemory(to: UInt8.self).span, to: descriptor)
            written += bytes.count
        } catch {
            failure = unwritable(error)
        }
    }

    private func startsAtOffset(_ response: URLResponse) -> Bool {
        let range = (response as? HTTPURLResponse)?.value(forHTTPHeaderField: "Content-Range")
        return range?.hasPrefix("bytes \(offset)-") ?? false
    }

    private func unwritable(_ reason: PlatformError = .last) -> InputError {
        InputError("download", "cannot be written: \(reason)", advice: "free some space")
    }
}
