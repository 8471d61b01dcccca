import Files
import Foundation
import Testing

@Suite struct JSONValueTests {
    private func read(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8), path: "x.json") }

    @Test func valuesAreWhatTheirTextSays() throws {
        let value = try read(
            #" {"b": [1, -2.5e-3, true, null], "a": {"text": "é\n\u00e9"}, "empty": {}, "none": []} "#)
        #expect(value["b"] == .array([.integer(1), .number(-0.0025), .bool(true), .null]))
        #expect(value["a"]?["text"] == .string("é\né"))
        #expect(value["c"] == nil && value["b"]?["x"] == nil)
        guard case .object(let members) = value else { return }
        #expect(members.map(\.name) == ["b", "a", "empty", "none"], "in their order")
    }

    @Test("Text of a value gives the value back", arguments: [false, true])
    func roundTrips(indented: Bool) throws {
        let long = JSONValue.array((0..<40).map { .number(Double($0) / 7) })
        let value = JSONValue.object([
            .init("long", long),
            .init("q\"\\\u{1}", .object([.init("x", .object([])), .init("y", .array([.bool(false)]))])),
            .init(
                "numbers", .array([0, 1e15, -1e300, .leastNonzeroMagnitude, 0.1, 123_456_789].map { .number($0) })),
        ])
        #expect(try read(value.text(indented: indented)) == value)
        #expect(value.text().contains("\n") == false)
        let data = try JSONEncoder().encode(value)
        func members(_ value: JSONValue) -> Set<String> {
            if case .object(let all) = value { Set(all.map(\.name)) } else { [] }
        }
        let decoded = try JSONDecoder().decode(JSONValue.self, from: data)
        #expect(
            members(decoded) == members(value) && decoded["long"] == long && decoded["numbers"] == value["numbers"])
    }

    @Test func wholeNumbersHaveNoPoint() {
        #expect(JSONValue.array([.integer(3), .number(0.5), .number(1e-8)]).text() == "[3, 0.5, 1e-08]")
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "01", "1.", ".5", "+1", "-", "1e", "1e999", "nul", "tru", "'a'",
        "[1] 2",
        "{\"a\":1,\"a\":2}", "\"\u{7}\"", "0x10", "1.e5", "--1", "NaN", "[1 2]",
        String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 1000),
    ]) func otherTextIsRefused(_ text: String) {
        let error = #expect(throws: InputError.self) { try read(text) }
        #expect(error?.description.hasPrefix("x.json: the JSON ") == true)
    }

    @Test func mistakesAreFoundByTheirLine() {
        let error = #expect(throws: InputError.self) { try read("{\n  \"a\": 1,\n  \"b\" 2\n}") }
        #expect(error?.description.contains("in line 3") == true, "\(error?.description ?? "")")
    }
}
