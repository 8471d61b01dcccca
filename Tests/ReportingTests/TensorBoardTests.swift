import Evaluation
import Files
import Foundation
import MetaTraining
import Reporting
import TestSupport
import Testing

private func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

@Suite("TensorBoard event files") struct TensorBoardTests {
    @Test("CRC32C of RFC 3720's examples")
    func checksums() {
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.checksum(0..<32) == 0x46DD_794E)
        #expect(CRC32C.checksum((0..<32).reversed()) == 0x113F_DB5C)
        #expect(CRC32C.checksum("123456789".utf8) == 0xE306_9283)
        #expect(CRC32C.checksum([]) == 0)
        // The mask of RFC 3720's first example, worked out by hand: rotated right by 15, plus 0xa282ead8.
        #expect(CRC32C.masked([UInt8](repeating: 0, count: 32)) == 0x0FD7_FFFA)
    }

    @Test("Messages are those of event.proto")
    func messages() {
        let start = TensorBoardEvent(wallTime: 1, step: 0, .fileVersion)
        let one: [UInt8] = [0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F]
        #expect(start.message == one + [0x1A, 13] + Array("brain.Event:2".utf8))
        let restart = TensorBoardEvent(wallTime: 1, step: 300, .restart)
        #expect(restart.message == one + [0x10, 0xAC, 0x02, 0x3A, 2, 0x08, 1])
        let scalar = TensorBoardEvent(wallTime: 1, step: 1, .scalars([.init("a/b", 0.5)]))
        #expect(
            scalar.message
                == one + [0x10, 1, 0x2A, 12, 0x0A, 10, 0x0A, 3] + Array("a/b".utf8) + [0x15, 0, 0, 0, 0x3F])
        let negative = TensorBoardEvent(wallTime: 1, step: -1, .scalars([]))
        #expect(negative.message == one + [0x10] + [UInt8](repeating: 0xFF, count: 9) + [1, 0x2A, 0])
    }

    @Test("A record holds its length and two checksums")
    func frame() {
        let event = TensorBoardEvent(wallTime: 2, step: 7, .scalars([.init("loss", .infinity)]))
        let (record, message) = (event.record, event.message)
        func number(_ range: Range<Int>) -> UInt64 {
            record[range].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        #expect(record.count == message.count + 16)
        #expect(number(0..<8) == UInt64(message.count))
        #expect(number(8..<12) == UInt64(CRC32C.masked(record[0..<8])))
        #expect(Array(record[12..<12 + message.count]) == message)
        #expect(number(record.count - 4..<record.count) == UInt64(CRC32C.masked(message)))
    }

    @Test("A folder that cannot be written is refused in one line")
    func refusal() throws {
        #expect(throws: InputError.self) { try TensorBoardLog(folder: "/dev/null/logs", from: 1) }
        let race = RaceResult(
            optimizee: "o", steps: 1, problems: 1,
            results: [
                OptimizerResult(
                    optimizer: "x", finalLoss: [1], curve: [[1]], stateBytesPerParameter: 0, diverged: 0)
            ])
        #expect(throws: InputError.self) { try race.write(tensorBoard: "/dev/null/logs") }
    }

    @Test(
        "TensorBoard reads what was written: a race, and a log that was begun again",
        .enabled(
            if: Python.has("tensorboard"),
            "no Python with tensorboard: pip install tensorboard, or name an interpreter in L2O_PYTHON"))
    func readBack() throws {
        try withTemporaryFolder { folder in
            func result(_ label: String, _ curve: [[Float]], _ milliseconds: Double?) -> OptimizerResult {
                OptimizerResult(
                    optimizer: label, finalLoss: curve.map { Double($0.last!) }, curve: curve,
                    millisecondsPerStep: milliseconds, stateBytesPerParameter: 0, diverged: 0)
            }
            // An older, longer race with the same names is voided.
            for steps in [5, 3] {
                let curves = (0..<3).map { seed in (0..<steps).map { Float(seed + steps) - Float($0) / 4 } }
                let race = RaceResult(
                    optimizee: "o", steps: steps, problems: 3,
                    results: [
                        result("adam lr=2^-5", curves, 500), result("../a/b", [curves[0], [.nan], [.nan]], nil),
                    ])
                try race.write(tensorBoard: "\(folder)/race")
            }
            for (start, value) in [(1, 10.0), (3, 20.0)] {
                let log = try TensorBoardLog(folder: "\(folder)/training", from: start)
                for step in start...4 { try log.append([.init("x", value + Double(step))], step: step) }
            }
            let output = try Python.run(
                """
                import os, sys
                from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
                for root, _, files in sorted(os.walk(sys.argv[1])):
                    if not files: continue
                    events = EventAccumulator(root)
                    events.Reload()
                    print(os.path.relpath(root, sys.argv[1]))
                    for tag in sorted(events.Tags()["scalars"]):
                        points = events.Scalars(tag)
                        print("", tag, [(p.step, p.value) for p in points], round(points[-1].wall_time - points[0].wall_time, 1))
                """, folder)
            #expect(
                output == """
                    race/_.._a_b
                     final_loss/diverged_runs [(3, 0.0)] 0.0
                     final_loss/median [(3, inf)] 0.0
                     minibatch_loss/lower_quartile [(0, inf), (1, inf), (2, inf)] 0.0
                     minibatch_loss/median [(0, inf), (1, inf), (2, inf)] 0.0
                     minibatch_loss/upper_quartile [(0, inf), (1, inf), (2, inf)] 0.0
                    race/adam lr=2^-5
                     final_loss/diverged_runs [(3, 0.0)] 0.0
                     final_loss/median [(3, 3.5)] 0.0
                     minibatch_loss/lower_quartile [(0, 3.5), (1, 3.25), (2, 3.0)] 1.0
                     minibatch_loss/median [(0, 4.0), (1, 3.75), (2, 3.5)] 1.0
                     minibatch_loss/upper_quartile [(0, 4.5), (1, 4.25), (2, 4.0)] 1.0
                    training
                     x [(1, 11.0), (2, 12.0), (3, 23.0), (4, 24.0)] 0.0

                    """)
        }
    }
}
