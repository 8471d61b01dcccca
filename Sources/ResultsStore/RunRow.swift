import Evaluation
import Files
import GRDB
import NumericCore
import Optimizees
import Optimizers

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Everything that determines a run's numbers.
struct RunKey: Hashable, Sendable {
    let text: String
    let steps: Int
    let parameterCount: Int
    /// Whether a run that was not scored on held-out data will not do.
    let scoresHeldOut: Bool
    let columns: [(any DatabaseValueConvertible & Sendable)?]

    init(_ request: RunRequest) {
        let (optimizee, optimizer) = (request.optimizee.name, request.optimizer.name)
        let data = request.optimizee.dataFingerprint
        // Kernels differ in the order of their sums.
        let kernels = Kernels.selected.name
        steps = request.steps
        parameterCount = request.optimizee.parameterCount
        scoresHeldOut = request.scoresHeldOut
        let parts = [
            optimizee, optimizer, "steps=\(steps)", "seed=\(request.seed)", "problem=\(request.problem)", kernels,
            "revision=\(Run.revision)",
        ]
        text = (parts + (data.map { ["data=\($0)"] } ?? [])).joined(separator: "|")
        columns = [
            text, optimizee, data, optimizer, steps, Int64(bitPattern: request.seed), request.problem, kernels,
            Run.revision,
        ]
    }

    static func == (one: RunKey, other: RunKey) -> Bool {
        one.text == other.text && one.scoresHeldOut == other.scoresHeldOut
    }
    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension Row {
    /// A column's value; nil where it is null or, in a damaged file, of another type or name.
    func value<T: DatabaseValueConvertible>(_ column: String, _: T.Type) -> T? {
        hasColumn(column) ? T.fromDatabaseValue(self[column] as DatabaseValue) : nil
    }
}

extension Run {
    /// From `losses` to `digest`, in the table's order.
    func columns(_ key: RunKey) -> [(any DatabaseValueConvertible)?] {
        [
            blob(losses), divergedStep == nil ? finalLoss : nil, divergedStep, heldOut.map { number($0.loss) },
            heldOut?.accuracy, seconds, finalParameters == nil ? 1 : 0, digest(key, isScored: finalParameters == nil),
        ]
    }

    /// Reads a row back.
    ///
    /// - Throws: `InputError` where the row does not hold what was written.
    init(row: Row, key: RunKey, path: String) throws {
        guard let losses = row.value("losses", Data.self).flatMap(floats),
            let seconds = row.value("seconds", Double.self)
        else { throw damaged(path, "a run lacks its losses") }
        let divergedStep = row.value("diverged_step", Int.self)
        let accuracy = row.value("held_out_accuracy", Double.self)
        self.init(
            losses: losses, finalLoss: row.value("final_loss", Double.self) ?? .infinity,
            ending: divergedStep.map { .diverged(step: $0) } ?? .finished,
            heldOut: row.value("held_out_loss", Double.self).map { HeldOut(loss: $0, accuracy: accuracy) },
            seconds: seconds)
        let expected = divergedStep.map { min(max($0, 0), key.steps - 1) + 1 } ?? key.steps
        guard losses.count == expected,
            row.value("digest", Int64.self) == digest(key, isScored: row.value("scored", Int.self) == 1)
        else {
            throw damaged(path, "a run's numbers do not match their digest")
        }
    }

    /// The row of `final_parameters`; nil where the run is scored.
    func parameterColumns(_ key: RunKey) -> [(any DatabaseValueConvertible)?]? {
        finalParameters.map { [key.text, blob($0), parameterDigest($0, key)] }
    }

    /// Reads a run that was not scored, with its final parameters.
    ///
    /// - Throws: `InputError` where the row does not hold what was written.
    init(unscored row: Row, key: RunKey, path: String) throws {
        let run = try Run(row: row, key: key, path: path)
        guard let values = row.value("parameters", Data.self).flatMap(floats), values.count == key.parameterCount,
            row.value("parameter_digest", Int64.self) == parameterDigest(values, key)
        else { throw damaged(path, "a run's final parameters do not match their digest") }
        self.init(
            losses: run.losses, finalLoss: run.finalLoss, ending: run.ending, finalParameters: values,
            seconds: run.seconds)
    }

    private func digest(_ key: RunKey, isScored: Bool) -> Int64 {
        var values = losses.map { UInt64($0.bitPattern) }
        values.append(finalLoss.bitPattern)
        values.append(UInt64(bitPattern: Int64(divergedStep ?? -1)))
        values.append(heldOut.map { number($0.loss).bitPattern } ?? 0)
        values.append(heldOut?.accuracy?.bitPattern ?? 0)
        // Only then, so that the rows of earlier versions keep their digests.
        if !isScored { values.append(1) }
        return digestOf(key, values)
    }
}

/// The digest of a run's key and its numbers: a damaged index may lead to another run's row.
private func digestOf(_ key: RunKey, _ numbers: [UInt64]) -> Int64 {
    var digest = Digest()
    digest.add(key.text)
    for number in numbers { digest.add(number) }
    return Int64(bitPattern: digest.value)
}

private func parameterDigest(_ parameters: [Float], _ key: RunKey) -> Int64 {
    digestOf(key, parameters.map { UInt64($0.bitPattern) })
}

/// Numbers in IEEE single precision, little-endian.
private func blob(_ values: [Float]) -> Data {
    Data(littleEndianBytes(values.map(\.bitPattern)))
}

/// What `blob` wrote; nil where the last number is cut off.
private func floats(_ blob: Data) -> [Float]? {
    guard blob.count.isMultiple(of: 4) else { return nil }
    return littleEndianNumbers(blob).map(Float.init(bitPattern:))
}

/// SQLite has no NaN.
private func number(_ value: Double) -> Double { value.isNaN ? .infinity : value }
