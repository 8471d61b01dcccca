import Files
import Platform

/// Learned weights by name.
///
///     let path = try WeightsCatalogue().path(of: "rnnprop")
///     let optimizer = try loadLearnedOptimizer(path: path)
///
/// A name stands for a file of the folder `Weights`, which is looked for where the program was called, then beside the
/// program and in the folders above it.
public struct WeightsCatalogue: Sendable {
    /// What can be named, with the file that it stands for.
    public static let files: [(name: String, file: String)] = [
        ("rnnprop", "rnnprop-mnist.safetensors"), ("rnnprop-paper", "rnnprop-mnist-paper.safetensors"),
    ]

    private let folders: [String]

    /// - Parameter folders: the folders `Weights` that are looked through, in this order.
    public init(folders: [String]) { self.folders = folders }

    /// The folders of this process.
    public init() {
        var above: [String] = []
        if let program = realpath("/proc/self/exe", nil) ?? CommandLine.arguments.first.flatMap({ realpath($0, nil) })
        {
            defer { free(program) }
            var parts = String(cString: program).split(separator: "/")
            while !parts.isEmpty {
                parts.removeLast()
                above.append("/\(parts.joined(separator: "/"))/Weights")
            }
        }
        self.init(folders: ["Weights"] + above)
    }

    /// The weight file that a name or a path stands for. A name wins over a file that is called the same.
    ///
    /// - Throws: `InputError` where a name's file is nowhere, or it is neither a name nor a file.
    public func path(of nameOrPath: String) throws -> String {
        if let (name, file) = Self.files.first(where: { $0.name == nameOrPath }) {
            guard let folder = folders.first(where: { fileExists("\($0)/\(file)") }) else {
                throw InputError(
                    name, "its weights, Weights/\(file), are not there",
                    advice: "call l2o in the repository's folder, or give a file")
            }
            return "\(folder)/\(file)"
        }
        guard fileExists(nameOrPath) else {
            throw InputError(
                nameOrPath, "is neither a weight file nor the name of one",
                advice: suggestion(for: nameOrPath, among: Self.files.map(\.name)))
        }
        return nameOrPath
    }
}
