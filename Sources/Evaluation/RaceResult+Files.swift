import Files

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RaceResult {
    /// The result as JSON text in UTF-8, with sorted keys and a final line break.
    public func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    /// Reads what `json()` gives, and any JSON that has at least `optimizee`, `steps`, `seeds` and `results` with
    /// `optimizer`, `final_loss`, `curve`, `state_bytes_per_parameter` and `diverged` each.
    ///
    /// - Parameters:
    ///   - json: text in UTF-8.
    ///   - name: where it came from, for the error's text.
    /// - Throws: `InputError` where something is missing, of another type, or does not match the number of problems.
    public init(json: [UInt8], name: String) throws {
        do {
            self = try JSONDecoder().decode(RaceResult.self, from: Data(json))
        } catch {
            throw InputError(name, "is no race result: \(Self.text(of: error))", advice: "give a race's JSON file")
        }
        guard steps > 0, problems > 0,
            results.allSatisfy({
                $0.finalLoss.count == problems && $0.curve.count == problems
                    && $0.curve.allSatisfy { $0.count <= steps }
            })
        else {
            throw InputError(
                name, "its losses do not match its numbers of problems and steps", advice: "run the race again")
        }
    }

    /// Reads a file that `write(json:)` wrote.
    ///
    /// - Throws: `InputError` where the file cannot be read or holds something else.
    public init(file path: String) throws { try self.init(json: readFile(path), name: path) }

    /// Replaces a file by the result in JSON.
    public func write(json path: String) throws { try writeFileAtomically(path, json()) }

    /// Replaces a file by the curves in CSV.
    public func write(csv path: String) throws { try writeFileAtomically(path, text: csv()) }

    /// The curves as CSV (RFC 4180) with a line for each step: `optimizer,seed,step,loss`.
    ///
    /// A loss that is not finite is written as `inf`, `-inf` or `nan`, which NumPy, pandas and R read back.
    public func csv() -> String {
        var csv = CSV("optimizer", "seed", "step", "loss")
        for result in results {
            for (problem, losses) in result.curve.enumerated() {
                for (step, loss) in losses.enumerated() {
                    csv.add(.name(result.optimizer), .number(problem), .number(step), .number(loss))
                }
            }
        }
        return csv.text
    }

    private static func text(of error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, _)?: "\"\(key.stringValue)\" is missing"
        case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?:
            "\"\(context.codingPath.last?.stringValue ?? "it")\" has the wrong type"
        default: "the JSON is damaged"
        }
    }
}
