import Files
import Foundation
import Testing

@Suite struct KillTests {
    private func run(_ folder: String, resumes: Bool) throws -> Process {
        let process = Process()
        process.executableURL = productsFolder.appendingPathComponent("l2o")
        process.arguments =
            words("meta-train --optimizer rnnprop --optimizee quadratic --iterations 400 --out run --quiet")
            + words("--meta-learning-rate 0.001 --checkpoint-every 100") + (resumes ? ["--resume"] : [])
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return process
    }

    private func files(_ folder: String) throws -> [String: [UInt8]] {
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/run")
        return try Dictionary(
            uniqueKeysWithValues: names.filter { $0.hasSuffix(".safetensors") }.map {
                ($0, try readFile("\(folder)/run/\($0)"))
            })
    }

    @Test("Killed twenty times at random moments and resumed, training ends at the same bits")
    func endsAtTheSameBits() throws {
        try withTemporaryFolder { whole in
            try withTemporaryFolder { broken in
                let start = Date()
                let undisturbed = try run(whole, resumes: false)
                undisturbed.waitUntilExit()
                #expect(undisturbed.terminationStatus == 0)
                let seconds = Date().timeIntervalSince(start)
                for _ in 0..<20 {
                    let process = try run(broken, resumes: fileExists("\(broken)/run/latest.safetensors"))
                    Thread.sleep(forTimeInterval: Double.random(in: 0...0.3) * seconds)
                    kill(process.processIdentifier, SIGKILL)
                    process.waitUntilExit()
                }
                let last = try run(broken, resumes: fileExists("\(broken)/run/latest.safetensors"))
                last.waitUntilExit()
                #expect(last.terminationStatus == 0)
                let (expected, ended) = (try files(whole), try files(broken))
                #expect(expected.count >= 6)
                #expect(ended == expected)
            }
        }
    }

    @Test("Ctrl-C and SIGTERM save and leave", arguments: [SIGINT, SIGTERM])
    func signals(_ signal: Int32) throws {
        try withTemporaryFolder { folder in
            let process = try run(folder, resumes: false)
            while !fileExists("\(folder)/run/latest.safetensors") { Thread.sleep(forTimeInterval: 0.01) }
            Thread.sleep(forTimeInterval: 0.2)
            kill(process.processIdentifier, signal)
            process.waitUntilExit()
            #expect(process.terminationReason == .exit && process.terminationStatus == 128 + signal)
            let log = String(decoding: try readFile("\(folder)/run/metrics.jsonl"), as: UTF8.self)
            let metadata = try SafetensorsFile(path: "\(folder)/run/latest.safetensors").metadata
            #expect(metadata["iteration"] == "\(log.split(separator: "\n").count)")
        }
    }
}
