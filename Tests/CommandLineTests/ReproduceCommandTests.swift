import Evaluation
import Files
import Foundation
import LearnedOptimizers
import NumericCore
import PaperExperiments
import ResultsStore
import Testing

/// A folder with noise in MNIST's format, and small weights: a quick E1 on it takes seconds.
private struct Workplace {
    let folder: String
    /// The runs of its E1: seven sweeps of at least as many rates, the learned optimizer and the untuned one.
    static let leastRuns = 7 * 7 + 2

    init(_ folder: String) throws {
        self.folder = folder
        try makeFolder("\(folder)/mnist")
        var stream = RandomStream(RandomKey(seed: 3))
        func bigEndian(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * $0) & 255) } }
        for (name, count) in [("train", 5200), ("t10k", 100)] {
            let pixels = (0..<count * 784).map { _ in UInt8(stream.uniform() * 255) }
            let labels = (0..<count).map { UInt8($0 % 10) }
            try writeFileAtomically(
                "\(folder)/mnist/\(name)-images-idx3-ubyte",
                bigEndian(0x803) + bigEndian(count) + bigEndian(28) + bigEndian(28) + pixels)
            try writeFileAtomically(
                "\(folder)/mnist/\(name)-labels-idx1-ubyte", bigEndian(0x801) + bigEndian(count) + labels)
        }
        try RNNprop(key: RandomKey(seed: 1), hidden: 4).weights.safetensors()
            .write(to: "\(folder)/small.safetensors")
    }

    func arguments(_ out: String = "out", _ more: String = "") -> [String] {
        words("reproduce E1 --quick --problems 1 --quiet --data-dir \(folder) --out \(folder)/\(out)")
            + words("--weights \(folder)/small.safetensors \(more)")
    }

    func start(_ out: String, output: Any = FileHandle.nullDevice) throws -> Process {
        let process = Process()
        process.executableURL = productsFolder.appendingPathComponent("l2o")
        process.arguments = arguments(out)
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        process.environment = childEnvironment
        try process.run()
        return process
    }

    /// What decides a result: names and numbers, not times.
    func finals(_ out: String) throws -> [String: [Double]] {
        let result = try ReproductionResult(file: "\(folder)/\(out)/results.json")
        let results = try #require(result.panels.first?.race?.results)
        return Dictionary(uniqueKeysWithValues: results.map { ($0.optimizer, $0.finalLoss) })
    }
}

/// How many runs an outcome says were computed.
private func computed(_ text: String) -> Int? {
    text.firstMatch(of: #/(\d+) runs computed/#).flatMap { Int($0.1) }
}

@Suite("l2o reproduce")
struct ReproduceCommandTests {
    @Test func theSecondCallComputesNothing() throws {
        try withTemporaryFolder { folder in
            let place = try Workplace(folder)
            let first = try l2o(place.arguments())
            #expect(first.exitCode == 0, "\(first.errors)")
            #expect(computed(first.output) ?? 0 >= Workplace.leastRuns)
            let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/out").sorted()
            #expect(files == ["E1.csv", "finals.csv", "report.html", "results.json", "store.sqlite"])
            let json = try readFile("\(folder)/out/results.json")
            let second = try l2o(place.arguments())
            #expect(computed(second.output) == 0)
            #expect(try readFile("\(folder)/out/results.json") == json)
            let page = try readFile("\(folder)/out/report.html")
            try FileManager.default.removeItem(atPath: "\(folder)/out/report.html")
            let drawn = try l2o(["report", "\(folder)/out"])
            #expect(drawn.exitCode == 0 && drawn.output == "Written to \(folder)/out: report.html\n")
            #expect(try readFile("\(folder)/out/report.html") == page)
            try writeFileAtomically("\(folder)/out/results.json", text: "{}")
            let refused = try l2o(["report", "\(folder)/out"])
            #expect(refused.exitCode == 1 && refused.errorLines.count == 1)
            #expect(refused.errors.contains("results.json: holds no results of experiments"))
            #expect(try l2o(["report", "\(folder)/nowhere"]).exitCode == 1)
            let printed = try l2o(place.arguments("out", "--json"))
            let value = try #require(try printed.json() as? [String: Any])
            #expect((value["panels"] as? [Any])?.count == 1)
            #expect((value["command"] as? String)?.contains("reproduce E1 --quick --problems 1") == true)
            let scheduled = try l2o(place.arguments("out", "--schedules"))
            let more = try ReproductionResult(file: "\(folder)/out/results.json").panels[0].sweeps.suffix(2)
            #expect(more.map(\.schedule) == [.cosine, .warmUpCosine])
            #expect(computed(scheduled.output) == more.reduce(0) { $0 + $1.trials.count }, "and nothing else")
            let strongest = try l2o(place.arguments("out", "--strongest"))
            #expect(strongest.exitCode == 0 && strongest.output.contains("strongest"))
            let bar = try ReproductionResult(file: "\(folder)/out/results.json").panels[0].strongest
            #expect(bar?.sweeps.count == 6 + 13 * 5 && bar?.result.finalLoss.count == 1)
            #expect(computed(try l2o(place.arguments("out", "--strongest")).output) == 0)
        }
    }

    @Test func killedAtAnyMomentItLosesOnlyTheRunsInFlight() throws {
        try withTemporaryFolder { folder in
            let place = try Workplace(folder)
            let start = Date()
            let whole = try l2o(place.arguments("whole"))
            let seconds = Date().timeIntervalSince(start)
            let all = try #require(computed(whole.output))
            var last: Outcome?
            for attempt in 0..<4 {
                let process = try place.start("broken")
                Thread.sleep(forTimeInterval: Double(attempt + 1) * seconds / 8)
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
            }
            let kept = try rows("\(folder)/broken/store.sqlite")
            last = try l2o(place.arguments("broken"))
            #expect(last?.exitCode == 0)
            #expect(kept <= all && computed(last?.output ?? "") == all - kept)
            #expect(try place.finals("broken") == place.finals("whole"))
        }
    }

    @Test func twoAtTheSameTimeShareTheWork() throws {
        try withTemporaryFolder { folder in
            let place = try Workplace(folder)
            let all = try #require(computed(try l2o(place.arguments("alone")).output))
            let pipes = [Pipe(), Pipe()]
            let processes = try pipes.map { try place.start("shared", output: $0) }
            // A third is killed: whatever it had claimed, the others take over.
            let third = try place.start("shared")
            Thread.sleep(forTimeInterval: 0.3)
            kill(third.processIdentifier, SIGKILL)
            third.waitUntilExit()
            let texts = pipes.map { String(decoding: $0.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) }
            for process in processes { process.waitUntilExit() }
            #expect(processes.allSatisfy { $0.terminationStatus == 0 })
            let sum = texts.compactMap(computed).reduce(0, +)
            #expect(texts.count == 2 && sum <= all && sum >= all - 40)
            #expect(try rows("\(folder)/shared/store.sqlite") == all)
            #expect(try place.finals("shared") == place.finals("alone"))
        }
    }

    @Test func ctrlCSavesAndLeaves() throws {
        try withTemporaryFolder { folder in
            let place = try Workplace(folder)
            let process = try place.start("out")
            while (try? rows("\(folder)/out/store.sqlite")) ?? 0 < 3 { Thread.sleep(forTimeInterval: 0.01) }
            kill(process.processIdentifier, SIGINT)
            process.waitUntilExit()
            let kept = try rows("\(folder)/out/store.sqlite")
            let rest = computed(try l2o(place.arguments()).output)
            let all = try rows("\(folder)/out/store.sqlite")
            // It may just have ended.
            #expect([0, 130].contains(process.terminationStatus))
            #expect(rest == all - kept)
            #expect(kept >= 3)
            if process.terminationStatus == 0 { #expect(rest == 0) }
        }
    }

    @Test func refusesWhatCannotBeUsedInOneLine() throws {
        try withTemporaryFolder { folder in
            let place = try Workplace(folder)
            try makeFolder("\(folder)/text")
            try writeFileAtomically("\(folder)/text/store.sqlite", text: "no database")
            let broken: [([String], String)] = [
                (place.arguments("text"), "is no results store"),
                (words("reproduce E12 --out \(folder)/a"), "E12: is not an experiment; did you mean E1?"),
                (words("reproduce row --out \(folder)/a"), "did you mean rows?"),
                (
                    words("reproduce E1 --weights none --out \(folder)/a"),
                    "neither an optimizer's name nor a weight file"
                ),
                (words("reproduce E1 --weights adam --out \(folder)/a"), "adam: is not learned"),
                (place.arguments("small.safetensors"), "small.safetensors"),
                (
                    words("reproduce E1 --data-dir \(folder)/none --out \(folder)/b")
                        + ["--weights", "\(folder)/small.safetensors"], "is missing"
                ),
            ]
            for (arguments, text) in broken {
                let outcome = try l2o(arguments)
                #expect(outcome.exitCode == 1 && outcome.errorLines.count == 1, "\(outcome.errors)")
                #expect(outcome.errors.contains(text), "\(outcome.errors)")
            }
            #expect(try l2o(["reproduce"]).exitCode == 64)
            #expect(try l2o(words("reproduce E1 --problems 0")).exitCode == 64)
        }
    }

    @Test func aFullDiskIsSaidInOneLine() throws {
        try withTemporaryFolder { folder in
            let place = try Workplace(folder)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            let command = productsFolder.appendingPathComponent("l2o").path
            // Files of this process cannot grow beyond so many blocks: the store's log fills first.
            process.arguments = ["-c", "ulimit -f 120; exec \"$0\" \"$@\"", command] + place.arguments()
            let errors = Pipe()
            process.standardError = errors
            process.standardOutput = FileHandle.nullDevice
            process.environment = childEnvironment
            try process.run()
            let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationReason == .exit && process.terminationStatus == 1)
            #expect(
                said.contains("store.sqlite: cannot be written") && said.split(separator: "\n").count == 1, "\(said)")
        }
    }

    private func rows(_ path: String) throws -> Int { try ResultsStore(path: path, version: "test").count() }
}
