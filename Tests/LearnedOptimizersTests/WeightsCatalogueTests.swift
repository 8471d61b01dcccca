import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

@Suite("Weights by name")
struct WeightsCatalogueTests {
    @Test("A name is the first folder's file, a path itself, anything else refused")
    func names() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString)").path
        try makeFolder("\(folder)/second")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let catalogue = WeightsCatalogue(folders: ["\(folder)/first", "\(folder)/second"])
        let missing = #expect(throws: InputError.self) { try catalogue.path(of: "rnnprop") }
        #expect(missing?.description.contains("Weights/rnnprop-mnist.safetensors, are not there") == true)
        let file = "\(folder)/second/rnnprop-mnist.safetensors"
        try RNNprop(key: RandomKey(seed: 1)).weights.safetensors().write(to: file)
        for name in ["rnnprop", file] { #expect(try catalogue.path(of: name) == file) }
        let unknown = #expect(throws: InputError.self) { try catalogue.path(of: "rnnpro") }
        #expect(unknown?.description == "rnnpro: is neither a weight file nor the name of one; did you mean rnnprop?")
    }

    @Test("Every name has a file in the repository, and every file there a name")
    func shipped() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = root.appendingPathComponent("Weights").path
        let catalogue = WeightsCatalogue(folders: [folder])
        let paths = try WeightsCatalogue.files.map { try catalogue.path(of: $0.name) }
        #expect(try catalogue.path(of: "rnnprop-paper") == "\(folder)/rnnprop-mnist-paper.safetensors")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(Set(paths) == Set(files.filter { $0.hasSuffix(".safetensors") }.map { "\(folder)/\($0)" }))
        #expect(try Set(paths.map { try loadLearnedOptimizer(path: $0).name }).count == paths.count)
    }
}
