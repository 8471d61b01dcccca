import Files
public import MetaTraining
import NumericCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An event file that grows while a run goes on, for `tensorboard --logdir FOLDER`.
///
/// Each opening begins a new file in the folder, as TensorBoard's own writers do, with a mark that voids what older
/// files say of the same and later steps: a run that died and repeats some iterations shows each of them once.
public final class TensorBoardLog {
    /// Where the events go.
    public let path: String
    private let descriptor: Int32

    /// Begins a file in a folder, which is made if it is missing.
    ///
    /// - Parameter step: the first step that will be logged.
    /// - Throws: `InputError` where the folder cannot be written.
    public init(folder: String, from step: Int) throws {
        path = try Self.newFile(in: folder)
        descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw InputError(path, "cannot be written: \(errorText())", advice: "choose another folder")
        }
        let header = Self.header(from: step)
        try append(header)
    }

    deinit { close(descriptor) }

    /// Adds points of charts, at the present time.
    ///
    /// - Throws: `InputError` where the file cannot be written.
    public func append(_ scalars: [TensorBoardEvent.Scalar], step: Int) throws {
        try append([TensorBoardEvent(wallTime: Self.now, step: step, .scalars(scalars))])
    }

    /// Adds a meta-iteration: its meta-loss and the moving average, the loss and the gradient's norm of each period,
    /// how long it took and how many updates were skipped.
    ///
    /// - Throws: `InputError` where the file cannot be written.
    public func append(_ iteration: MetaIteration, average: Double?, seconds: Double) throws {
        func periods(_ group: String, _ values: [Double]) -> [TensorBoardEvent.Scalar] {
            values.enumerated().map { .init("\(group)/period_\($0 + 1)", $1) }
        }
        try append(
            [.init("meta_loss/iteration", iteration.metaLoss)]
                + (average.map { [.init("meta_loss/moving_average", $0)] } ?? [])
                + periods("period_loss", iteration.periodLosses)
                + periods("meta_gradient_norm", iteration.gradientNorms)
                + [
                    .init("iteration/seconds", seconds),
                    .init("iteration/skipped_updates", Double(iteration.skipped)),
                ],
            step: iteration.iteration)
    }

    /// In one piece, so that a reader seldom meets half a record; it would wait for the rest.
    private func append(_ events: [TensorBoardEvent]) throws {
        var bytes = events.flatMap(\.record)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress!, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw InputError(
                    path, "cannot be written: \(errorText())", advice: "free some space or choose another folder")
            }
            bytes = bytes.dropFirst(count)
        }
    }

    // MARK: Files

    /// What every file begins with.
    static func header(from step: Int) -> [TensorBoardEvent] {
        [
            TensorBoardEvent(wallTime: now, step: 0, .fileVersion),
            TensorBoardEvent(wallTime: now, step: step, .restart),
        ]
    }

    /// The path of a file that comes after all that the folder holds: TensorBoard reads them in the order of their
    /// names, which begin with a second.
    static func newFile(in folder: String) throws -> String {
        try makeFolder(folder)
        let prefix = "events.out.tfevents."
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let seconds = names.filter { $0.hasPrefix(prefix) }.compactMap { name in
            Int(name.dropFirst(prefix.count).prefix { $0 != "." })
        }
        let second = max(Int(now), (seconds.filter { $0 < 9_999_999_999 }.max() ?? 0) + 1)
        return "\(folder)/\(prefix)\(second).\(hostName).\(getpid())"
    }

    /// Seconds since 1970.
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(text.map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "_" })
    }
}
