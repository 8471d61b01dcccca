import Files
import TestSupport
import Testing

private let tricky = "größe/\"quoted\"\n"

@Suite struct SafetensorsTests {
    @Test func readsWhatPythonWrote() throws {
        let file = try SafetensorsFile(bytes: try fixture("python.safetensors"), path: "python.safetensors")
        #expect(file.metadata == ["kind": "rnnprop", "ключ": "tab\tquote\" backslash\\ 🙂"])
        #expect(Set(file.tensors.map(\.name)) == ["matrix", "scalar", "empty", "double", "half", "brain", tricky])
        #expect(file["matrix"] == Tensor("matrix", shape: [2, 3], values: [0, 0.25, 0.5, 0.75, 1, 1.25]))
        #expect(file["scalar"] == Tensor("scalar", shape: [], values: [3.25]))
        #expect(file["empty"] == Tensor("empty", shape: [0, 3], values: []))
        #expect(file["double"] == Tensor("double", shape: [3], values: [0.1, -.infinity, 0x1p-149]))
        #expect(file["brain"] == Tensor("brain", shape: [3], values: [1, -3.140625, 0x1p100]))
        #expect(file[tricky] == Tensor(tricky, shape: [1, 1, 1], values: [7]))
        let half = try #require(file["half"]).values
        let expected: [Float] = [0, -0.0, 1, -2.5, 65504, 0x1p-14, 0x1p-24, 1023 * 0x1p-24, .infinity, -.infinity]
        #expect(half.dropLast().map(\.bitPattern) == expected.map(\.bitPattern))
        #expect(half[10].isNaN)
        #expect(file["absent"] == nil)
    }

    @Test func readsBackWhatItWrote() throws {
        let values: [Float] = [0, -0.0, .pi, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.infinity]
        let file = SafetensorsFile(
            [
                Tensor("z", shape: [2, 3], values: values), Tensor("a", shape: [], values: [1]),
                Tensor("none", shape: [4, 0], values: []), Tensor(tricky, shape: [1], values: [2]),
            ], metadata: ["b": "\u{0}\u{1F}\"\\/", "a": "🙂", "": ""])
        let bytes = file.encoded()
        let back = try SafetensorsFile(bytes: bytes, path: "x")
        #expect(back == file)
        #expect(back.tensors[0].values.map(\.bitPattern) == values.map(\.bitPattern))
        #expect(back.encoded() == bytes)
    }

    @Test func bytesAreThoseOfTheFormat() throws {
        let file = SafetensorsFile([Tensor("w", shape: [1], values: [1])], metadata: ["y": "1", "x": "2"])
        let header = #"{"__metadata__":{"x":"2","y":"1"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        let padded = header + String(repeating: " ", count: -header.utf8.count & 7)
        #expect(file.encoded() == safetensors(padded, data: [0, 0, 0x80, 0x3F]))
        #expect(SafetensorsFile([]).encoded() == safetensors("{}      "))
    }

    @Test func writesAndReadsPaths() throws {
        try withTemporaryFolder { folder in
            let file = SafetensorsFile([Tensor("w", shape: [2], values: [1, 2])], metadata: ["k": "v"])
            try file.write(to: "\(folder)/w.safetensors")
            #expect(try SafetensorsFile(path: "\(folder)/w.safetensors") == file)
            #expect(throws: InputError.self) { try SafetensorsFile(path: "\(folder)/missing") }
        }
    }

    @Test func findsTheFirstNonFiniteValue() {
        let good = Tensor("good", shape: [2], values: [1, -.greatestFiniteMagnitude])
        #expect(SafetensorsFile([good]).firstNonFinite() == nil)
        for bad in [Float.nan, .infinity, -.infinity] {
            let found = SafetensorsFile([good, Tensor("bad", shape: [3], values: [0, bad, bad])]).firstNonFinite()
            #expect(found?.tensor == "bad" && found?.index == 1)
        }
    }

    @Test func namesMayBeEscaped() throws {
        let bytes = safetensors(
            #" {"\u00e9\ud83d\ude42\/\b\f\n\r\t\"\\" : {"shape":[ 1 , 1 ],"dtype":"F32","data_offsets":[0,4]} }"#,
            data: [0, 0, 0, 0])
        #expect(try SafetensorsFile(bytes: bytes, path: "x").tensors[0].name == "é🙂/\u{8}\u{C}\n\r\t\"\\")
    }

    /// A header, its data's length, and what the error must say.
    static let refusals: [(header: String, dataCount: Int, words: String)] = [
        ("", 0, "needs an object"),
        ("[]", 0, "needs an object"),
        ("null", 0, "needs an object"),
        (String(repeating: "[", count: 100_000), 0, "needs an object"),
        (String(repeating: "{", count: 100_000), 0, "needs a string"),
        (String(repeating: #"{"a":"#, count: 100_000), 0, "unknown to the format"),
        (#"{"__metadata__":{"a":"# + String(repeating: "[", count: 100_000), 0, "needs a string"),
        (#"{"a":{"shape":"# + String(repeating: "[", count: 100_000), 0, "whole number"),
        ("{", 0, "needs a string"),
        ("{}}", 0, "goes on"),
        (#"{"a"}"#, 0, "needs a colon"),
        (#"{"a":{},}"#, 0, "lacks the dtype"),
        (#"{"__metadata__":{},}"#, 0, "needs a string"),
        (#"{"__metadata__":{"k":1}}"#, 0, "needs a string"),
        (#"{"__metadata__":null}"#, 0, "needs an object"),
        (#"{"__metadata__":{"k":"1","k":"2"}}"#, 0, "names \"k\" twice"),
        (#"{"__metadata__":{},"__metadata__":{}}"#, 0, "twice"),
        (#"{"a":1}"#, 0, "needs an object"),
        (#"{"a":{"dtype":"F32","shape":[0]}}"#, 0, "lacks"),
        (#"{"a":{"dtype":"F32","data_offsets":[0,0]}}"#, 0, "lacks"),
        (#"{"a":{"shape":[0],"data_offsets":[0,0]}}"#, 0, "lacks"),
        (#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0]}}"#, 0, "lacks"),
        (#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0,0]}}"#, 0, "lacks"),
        (#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"x":1}}"#, 0, "\"x\", unknown"),
        (#"{"a":{"dtype":"F32","dtype":"F32"}}"#, 0, "\"dtype\" twice"),
        (entry("a", 0, 0) + entry("a", 0, 0), 0, "names \"a\" twice"),
        (entry("a", 0, 0) + entry(#"\u0061"#, 0, 0), 0, "names \"a\" twice"),
        (entry("a", 0, 8), 4, "ends beyond"),
        (entry("a", 0, 8), 12, "4 bytes that belong to no tensor"),
        (entry("a", 4, 8), 8, "begins at byte 4"),
        (entry("a", 0, 8) + entry("b", 4, 8), 8, "begins at byte 4"),
        (entry("a", 0, 4) + entry("b", 8, 12), 12, "begins at byte 8"),
        (entry("a", 8, 4), 8, "begins at byte 8"),
        (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "does not fit"),
        (#"{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}}"#, 8, "does not fit"),
        (#"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}"#, 0, "does not fit"),
        (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0, "does not fit"),
        (#"{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,0]}}"#, 0, "beyond 64 bits"),
        (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}"#, 0, "not negative"),
        (#"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, 4, "comma or the list"),
        (#"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#, 4, "leading zero"),
        (#"{"a":{"dtype":"F32","shape":[1,],"data_offsets":[0,4]}}"#, 4, "whole number"),
        (#"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, 8, "elements of type \"I64\""),
        (#"{"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}"#, 4, "F32, F64, F16, BF16"),
        (#"{"a"#, 0, "ends inside a string"),
        (#"{"a\"#, 0, "ends inside a string"),
        (#"{"\x"#, 0, "unknown escape"),
        (#"{"\u00"#, 0, "four hexadecimal"),
        (#"{"\ud83d":{}}"#, 0, "half a character"),
        (#"{"\ud83d\u0041":{}}"#, 0, "half a character"),
        (#"{"\ude42":{}}"#, 0, "half a character"),
        ("{\"a\n\":{}}", 0, "control character"),
        ("\u{FEFF}{}", 0, "needs an object"),
    ]

    @Test(arguments: refusals.indices) func refuses(_ index: Int) throws {
        let (header, dataCount, words) = Self.refusals[index]
        // Entries are written one by one above; here they become members of one object.
        let bytes = safetensors(
            header.replacing("}}{", with: "},"), data: [UInt8](repeating: 0, count: dataCount))
        let error = try #require(throws: InputError.self) { try SafetensorsFile(bytes: bytes, path: "some/file") }
        #expect(error.description.contains(words))
        #expect(error.description.hasPrefix("some/file: "))
        #expect(error.description.count < 300)
        #expect(!error.description.contains { $0.isNewline })
    }

    @Test func refusesHeadersThatDoNotFitTheFile() {
        let lengths: [UInt64] = [3, 100_000_001, 1 << 32, 1 << 63, .max]
        for length in lengths {
            let bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array("{}".utf8)
            #expect(throws: InputError.self) { try SafetensorsFile(bytes: bytes, path: "x") }
        }
        for count in 0..<8 {
            let bytes = [UInt8](repeating: 0, count: count)
            #expect(throws: InputError.self) { try SafetensorsFile(bytes: bytes, path: "x") }
        }
    }

    @Test func refusesTextThatIsNotUTF8() throws {
        let bad: [[UInt8]] = [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]]
        for name in bad {
            let header = Array("{\"".utf8) + name + Array("\":{}}".utf8)
            let bytes = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header
            let error = try #require(throws: InputError.self) { try SafetensorsFile(bytes: bytes, path: "x") }
            #expect(error.description.contains("UTF-8"))
        }
    }

    @Test func errorsStayOneShortPrintableLine() throws {
        let name = "\u{1B}[31m" + String(repeating: "a\u{301}", count: 5_000)
        let file = SafetensorsFile([Tensor(name, shape: [1], values: [1])])
        let error = try #require(throws: InputError.self) {
            try SafetensorsFile(bytes: file.encoded().dropLast(), path: "two\nlines")
        }
        #expect(error.description.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        #expect(error.description.unicodeScalars.count < 300)
    }
}

private func entry(_ name: String, _ begin: Int, _ end: Int) -> String {
    #"{"\#(name)":{"dtype":"F32","shape":[\#(max(end - begin, 0) / 4)],"data_offsets":[\#(begin),\#(end)]}}"#
}
