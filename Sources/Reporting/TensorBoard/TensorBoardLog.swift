import Files
public import MetaTraining
import Platform

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
    private let file: GrowingFile

    /// Where the events go.
    public var path: String { file.path }

    /// Begins a file in a folder, which is made if it is missing.
    ///
    /// - Parameter step: the first step that will be logged.
    /// - Throws: `InputError` where the folder cannot be written.
    public init(folder: String, from step: Int) throws {
        file = try GrowingFile(Self.newFile(in: folder), isNew: true)
        try append(Self.header(from: step))
    }

    /// Adds points of charts, at the present time.
    ///
    /// - Throws: `InputError` where the file cannot be written.
    public func append(_ scalars: [TensorBoardEvent.Scalar], step: Int) throws {
        try append([TensorBoardEvent(wallTime: wallClock(), step: step, .scalars(scalars))])
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
        try file.append(events.flatMap(\.record))
    }

    // MARK: Files

    /// What every file begins with.
    static func header(from step: Int) -> [TensorBoardEvent] {
        [
            TensorBoardEvent(wallTime: wallClock(), step: 0, .fileVersion),
            TensorBoardEvent(wallTime: wallClock(), step: step, .restart),
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
        let second = max(Int(wallClock()), (seconds.filter { $0 < 9_999_999_999 }.max() ?? 0) + 1)
        return "\(folder)/\(prefix)\(second).\(hostName).\(getpid())"
    }

    private static var hostName: String {
        String((Host.name ?? "").map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "_" })
    }
}
