import Files
import TestSupport
import Testing

private let hasSafetensors = Python.has("safetensors.numpy")

@Suite struct SafetensorsPythonTests {
    @Test(
        .enabled(
            if: hasSafetensors,
            "python3 cannot import safetensors: pip install safetensors numpy, or name an interpreter in L2O_PYTHON"))
    func pythonReadsWhatSwiftWrote() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/swift.safetensors"
            try SafetensorsFile(
                [
                    Tensor("w", shape: [2, 3], values: [0, 1, 2, 3, 4, 5.5]), Tensor("s", shape: [], values: [0.1]),
                    Tensor("e\"\n", shape: [0, 2], values: []),
                ], metadata: ["b": "quote\"\u{1}", "a": "🙂"]
            ).write(to: path)
            let output = try Python.run(
                """
                import sys
                from safetensors import safe_open
                with safe_open(sys.argv[1], framework="numpy") as file:
                    print(ascii(sorted(file.metadata().items())))
                    for name in sorted(file.keys()):
                        tensor = file.get_tensor(name)
                        print(ascii(name), tensor.dtype, tensor.shape, tensor.ravel().tolist())
                """, path)
            #expect(
                output == """
                    [('a', '\\U0001f642'), ('b', 'quote"\\x01')]
                    'e"\\n' float32 (0, 2) []
                    's' float32 () [0.10000000149011612]
                    'w' float32 (2, 3) [0.0, 1.0, 2.0, 3.0, 4.0, 5.5]

                    """)
        }
    }
}
