import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

@Suite("Shipped weights")
struct ShippedWeightsTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources/CShippedWeights")
        .path

    /// Stale ones would train and race under the new one's name.
    @Test("What is embedded is every file of its folder, byte for byte")
    func embedded() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
        let files = try names.filter { $0.hasSuffix(".safetensors") }.map { try readFile("\(Self.folder)/\($0)") }
        #expect(Set(ShippedWeights.all.map(\.bytes)) == Set(files))
        #expect(ShippedWeights.all.count == files.count)
        #expect(ShippedWeights.all.map(\.byteCount) == ShippedWeights.all.map(\.bytes.count))
        #expect(Set(ShippedWeights.all.map(\.name)).count == files.count)
    }

    /// Results are kept under these.
    @Test("The names of optimizers are those of earlier versions")
    func names() throws {
        #expect(try ShippedWeights.named("rnnprop").optimizer().name == "rnnprop(weights=ff2590f1dbbbcb2a)")
        #expect(try ShippedWeights.named("rnnprop-paper").optimizer().name == "rnnprop(weights=c3fc1a22be3d9e3e)")
    }

    @Test("An unknown name is answered with the nearest")
    func unknown() {
        let error = #expect(throws: InputError.self) { try ShippedWeights.named("rnnprop-papre") }
        #expect(error?.description.hasSuffix("did you mean rnnprop-paper?") == true)
    }

    @Test("A name is shipped weights, a path itself, anything else refused")
    func origins() throws {
        try withTemporaryFolder { folder in
            #expect(try WeightsOrigin("rnnprop").bytes() == ShippedWeights.named("rnnprop").bytes)
            let file = "\(folder)/mine.safetensors"
            let weights = RNNprop(key: RandomKey(seed: 1)).weights
            try weights.safetensors().write(to: file)
            #expect(try WeightsOrigin(file).weights() == weights)
            #expect(try WeightsOrigin(file).text == file)
            let unknown = #expect(throws: InputError.self) { try WeightsOrigin("rnnpro") }
            #expect(
                unknown?.description == "rnnpro: is neither a weight file nor the name of one; did you mean rnnprop?")
            let far = #expect(throws: InputError.self) { try WeightsOrigin("qqqq") }
            #expect(far?.description.contains("choose one of gateprop, rnnprop, rnnprop-paper") == true)
            // Nothing is read before it is asked for.
            let missing = try WeightsOrigin("\(folder)/mien.safetensors")
            let error = #expect(throws: InputError.self) { try missing.bytes() }
            #expect(error?.description.contains("cannot be opened") == true)
            #expect(error?.description.hasSuffix("did you mean \(file)?") == true)
            let elsewhere = #expect(throws: InputError.self) {
                try WeightsOrigin("\(folder)/none/x.safetensors").file()
            }
            #expect(elsewhere?.description.hasSuffix("check the path and its permissions") == true)
        }
    }
}

/// A fresh folder that is gone afterwards.
func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString)").path
    try makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}
