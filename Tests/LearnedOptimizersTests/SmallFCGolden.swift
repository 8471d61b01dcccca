import Files
import Foundation
import LearnedOptimizers
import Optimizers
import TestSupport
import Testing

/// What the authors' own program computed for given gradients.
struct SmallFCGolden {
    static let layout = ParameterLayout([
        ParameterShape("K", [3, 3, 2, 5]), ParameterShape("Q", [5, 5]), ParameterShape("W1", [17, 6]),
        ParameterShape("W2", [6, 4]), ParameterShape("W3", [4, 9]), ParameterShape("b1", [6]),
        ParameterShape("b2", [4]), ParameterShape("s", [1]),
    ])
    static let steps = 25

    /// The folder with all of it.
    static let folder = ProcessInfo.processInfo.environment["L2O_GOLDEN_DIR"]

    let path: String
    /// What stands before the names of weights and results.
    let prefix: String
    let hidden: Int
    /// Whether results are in double precision.
    let isDouble: Bool
    private let tensors: [String: [Double]]

    /// The part that the repository has, in double precision.
    init(fixtureOf hidden: Int) throws {
        try self.init(
            path: fixturePath("small-fc.safetensors"), prefix: "h\(hidden)/", hidden: hidden, isDouble: true)
    }

    /// All of it, where the folder is.
    init(hidden: Int, precision: String) throws {
        let folder = try #require(Self.folder)
        try self.init(
            path: "\(folder)/small_fc_lopt_h\(hidden).\(precision).safetensors", prefix: "", hidden: hidden,
            isDouble: precision == "f64")
    }

    private init(path: String, prefix: String, hidden: Int, isDouble: Bool) throws {
        (self.path, self.prefix, self.hidden, self.isDouble) = (path, prefix, hidden, isDouble)
        tensors = try doubles(path)
    }

    private func all(_ key: (String) -> String) -> [Double]? {
        let parts = Self.layout.shapes.map { tensors[key($0.name)] }
        return parts.contains { $0 == nil } ? nil : parts.flatMap { $0! }
    }

    private func number(_ step: Int) -> String { step < 10 ? "0\(step)" : "\(step)" }

    func gradient(_ step: Int) throws -> [Double] { try #require(all { "grad/\(number(step))/\($0)" }) }

    /// Those after a step, where the file has them.
    func parameters(_ step: Int) -> [Double]? {
        all { "\(step == 0 ? "" : prefix)step_\(number(step))/param/\($0)" }
    }

    /// A row of 39 for each parameter, where the file has them.
    func features(_ step: Int) -> [[Double]]? {
        all { "\(prefix)step_\(number(step))/feature/\($0)" }.map { values in
            stride(from: 0, to: values.count, by: 39).map { Array(values[$0..<$0 + 39]) }
        }
    }

    /// The weights by the authors' names, as a file of their own.
    func weightFile() -> SafetensorsFile {
        let shapes = [
            "mlp/w0": [39, hidden], "mlp/b0": [hidden], "mlp/w1": [hidden, hidden], "mlp/b1": [hidden],
            "mlp/w2": [hidden, 2], "mlp/b2": [2], "theta/momentum_decays": [3], "theta/rms_decays": [1],
            "theta/adafactor_decays": [3],
        ]
        return SafetensorsFile(
            shapes.sorted { $0.key < $1.key }.map { name, shape in
                Tensor(
                    "weights/\(name)", shape: shape,
                    values: tensors["\(prefix)weights/\(name)"]!.map { Float($0) })
            })
    }

    func optimizer() throws -> SmallFC { SmallFC(weights: try LearnedWeights(weightFile(), path: path)) }
}

/// A safetensors file's tensors without rounding: `SafetensorsFile` reads float64 as float32.
func doubles(_ path: String) throws -> [String: [Double]] {
    let bytes = Data(try readFile(path))
    let length = bytes.withUnsafeBytes { Int(UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self))) }
    let header = try JSONSerialization.jsonObject(with: bytes[8..<8 + length])
    var tensors: [String: [Double]] = [:]
    for (name, entry) in try #require(header as? [String: [String: Any]]) where name != "__metadata__" {
        let offsets = try #require(entry["data_offsets"] as? [Int])
        let isDouble = entry["dtype"] as? String == "F64"
        #expect(isDouble || entry["dtype"] as? String == "F32")
        tensors[name] = bytes.withUnsafeBytes { memory in
            stride(from: offsets[0], to: offsets[1], by: isDouble ? 8 : 4).map { offset in
                let place = 8 + length + offset
                return isDouble
                    ? memory.loadUnaligned(fromByteOffset: place, as: Double.self)
                    : Double(memory.loadUnaligned(fromByteOffset: place, as: Float.self))
            }
        }
    }
    return tensors
}
