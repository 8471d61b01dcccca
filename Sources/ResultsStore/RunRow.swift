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
    let columns: [(any DatabaseValueConvertible & Sendable)?]

    init(_ request: RunRequest) {
        let (optimizee, optimizer) = (request.optimizee.name, request.optimizer.name)
        let data = request.optimizee.dataFingerprint
        // Kernels differ in the order of their sums.
        let kernels = Kernels.selected.name
        steps = request.steps
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

    static func == (one: RunKey, other: RunKey) -> Bool { one.text == other.text }
    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension Row {
    /// A column's value; nil where it is null or, in a damaged file, of another type.
    func value<T: DatabaseValueConvertible>(_ column: String, _: T.Type) -> T? {
        T.fromDatabaseValue(self[column] as DatabaseValue)
    }
}

extension Run {
    /// From `losses` to `digest`, in the table's order.
    func columns(_ key: RunKey) -> [(any DatabaseValueConvertible)?] {
        [
            blob, divergedStep == nil ? finalLoss : nil, divergedStep, heldOut.map { number($0.loss) },
            heldOut?.accuracy, seconds, digest(key),
        ]
    }

    /// Reads a row back.
    ///
    /// - Throws: `InputError` where the row does not hold what was written.
    init(row: Row, key: RunKey, path: String) throws {
        guard let blob = row.value("losses", Data.self).map(Array.init), blob.count.isMultiple(of: 4),
            let seconds = row.value("seconds", Double.self)
        else { throw damaged(path, "a run lacks its losses") }
        let divergedStep = row.value("diverged_step", Int.self)
        let accuracy = row.value("held_out_accuracy", Double.self)
        let losses = stride(from: 0, to: blob.count, by: 4).map { start in
            Float(bitPattern: blob[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
        }
        self.init(
            losses: losses, finalLoss: row.value("final_loss", Double.self) ?? .infinity,
            ending: divergedStep.map { .diverged(step: $0) } ?? .finished,
            heldOut: row.value("held_out_loss", Double.self).map { HeldOut(loss: $0, accuracy: accuracy) },
            seconds: seconds)
        let expected = divergedStep.map { min(max($0, 0), key.steps - 1) + 1 } ?? key.steps
        guard losses.count == expected, row.value("digest", Int64.self) == digest(key) else {
            throw damaged(path, "a run's numbers do not match their digest")
        }
    }

    /// The losses in IEEE single precision, little-endian.
    private var blob: Data {
        var bytes = Data(capacity: 4 * losses.count)
        for loss in losses {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: loss.bitPattern >> shift))
            }
        }
        return bytes
    }

    /// FNV-1a over the key and every number of the run: a damaged index may lead to another run's row.
    private func digest(_ key: RunKey) -> Int64 {
        var values = key.text.utf8.map { UInt64($0) } + losses.map { UInt64($0.bitPattern) }
        values.append(finalLoss.bitPattern)
        values.append(UInt64(bitPattern: Int64(divergedStep ?? -1)))
        values.append(heldOut.map { number($0.loss).bitPattern } ?? 0)
        values.append(heldOut?.accuracy?.bitPattern ?? 0)
        return Int64(bitPattern: values.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ $1) &* 0x100_0000_01B3 })
    }
}

/// SQLite has no NaN.
private func number(_ value: Double) -> Double { value.isNaN ? .infinity : value }
