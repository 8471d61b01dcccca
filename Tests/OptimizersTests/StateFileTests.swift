import Files
import Foundation
import Optimizers
import Testing

/// Every optimizer of the catalogue.
private let keywords = OptimizerCatalogue.keywords

@Suite("States in files") struct StateFileTests {
    private let layout = ParameterLayout([ParameterShape("w", [3, 5]), ParameterShape("b", [2])])

    private func withFile<T>(_ body: (String) throws -> T) throws -> T {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors")
            .path
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    @Test("A run that is continued from a file has the bits of one that was not", arguments: keywords, [0, 7])
    func continues(_ keyword: String, before: Int) throws {
        func check<O: Optimizer>(_ optimizer: O) throws {
            func advance(_ parameters: inout [Float], _ state: inout O.State, _ steps: Range<Int>) {
                for step in steps {
                    let gradient = parameters.indices.map { parameters[$0] + Float(step % 3) - 1 }
                    optimizer.update(&parameters, gradient: gradient, loss: 1, state: &state)
                }
            }
            var (whole, state) = ([Float](repeating: 0.5, count: layout.count), optimizer.initialState(for: layout))
            advance(&whole, &state, 0..<before)
            var parts = whole
            try withFile { path in
                try optimizer.save(state, for: layout, to: path, metadata: ["note": "half way"])
                #expect(try SafetensorsFile(path: path).metadata["note"] == "half way")
                var loaded = try optimizer.loadState(path: path, for: layout)
                advance(&whole, &state, before..<20)
                advance(&parts, &loaded, before..<20)
                #expect(parts == whole)
                #expect(optimizer.record(loaded) == optimizer.record(state))
            }
        }
        try check(try OptimizerCatalogue.parse(keyword).optimizer)
    }

    @Test("Files of other optimizers, other parameters, or none are refused in a line that says why")
    func refusals() throws {
        let adam = Adam()
        try withFile { path in
            func expectRefusal(_ words: String, _ optimizer: some Optimizer = adam, _ other: ParameterLayout? = nil) {
                let error = #expect(throws: InputError.self) {
                    _ = try optimizer.loadState(path: path, for: other ?? layout)
                }
                #expect(error?.description.contains(words) == true, "\(error?.description ?? "none")")
            }
            expectRefusal("cannot be opened")
            try adam.save(adam.initialState(for: layout), for: layout, to: path)
            expectRefusal("not of adam(lr=0.5", Adam(learningRate: 0.5))
            expectRefusal("w[3,5] b[2]", adam, ParameterLayout(count: layout.count))
            let file = try SafetensorsFile(path: path)
            func rewrite(_ tensors: [Tensor], _ change: (inout [String: String]) -> Void = { _ in }) throws {
                var metadata = file.metadata
                change(&metadata)
                try SafetensorsFile(tensors, metadata: metadata).write(to: path)
            }
            try rewrite([file.tensors[0]])
            expectRefusal("lacks the tensor \"second\"")
            try rewrite(file.tensors.map { Tensor($0.name, shape: [1], values: [0]) })
            expectRefusal("has another shape than [17]")
            try rewrite(file.tensors) { $0["count.step"] = "-1" }
            expectRefusal("lacks the number \"step\"")
            try rewrite(file.tensors) { $0["count.step"] = "many" }
            expectRefusal("no number in \"count.step\"")
            try rewrite(file.tensors) { $0["version"] = "2" }
            expectRefusal("has the version \"2\", not 1")
            try rewrite(file.tensors) { $0["format"] = nil }
            expectRefusal("is no optimizer's state")
        }
    }
}
