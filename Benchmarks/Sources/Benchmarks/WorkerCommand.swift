import ArgumentParser
import Foundation

/// Our side of a pair: the same program as the harness, in a process of its own.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Measures what the lines of its input ask for.", shouldDisplay: false)

    /// Operations that warm up; the first also pays for pages and scratch memory.
    private static let warmUps = 2

    func run() throws {
        var workload: Workload?
        while let line = readLine() {
            var answer = Answer()
            do {
                switch try JSONDecoder().decode(Request.self, from: Data(line.utf8)) {
                case .prepare(let job):
                    let prepared = try Workload(job)
                    workload = prepared
                    answer.name = "swift-l2o"
                    answer.seconds = (0..<Self.warmUps).map { _ in seconds(prepared.run) }
                case .measure(let operations):
                    guard let workload else { throw ValidationError("measure comes after prepare") }
                    answer.seconds = (0..<operations).map { _ in seconds(workload.run) }
                    answer.peakBytes = ProcessMemory.peak
                    answer.ownBytes = workload.bytesBefore.map { ProcessMemory.peak - $0 }
                }
            } catch {
                answer = Answer(error: "\(error)")
            }
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            FileHandle.standardOutput.write(try encoder.encode(answer) + Data("\n".utf8))
        }
    }

    private func seconds(_ operation: () -> Void) -> Double {
        let duration = ContinuousClock().measure(operation).components
        return Double(duration.seconds) + Double(duration.attoseconds) * 1e-18
    }
}
