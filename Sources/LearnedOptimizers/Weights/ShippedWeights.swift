import CShippedWeights
public import Files

/// Learned weights that come with the library and lie inside it: a copied program and a host process have them too.
///
///     let optimizer = try ShippedWeights.named("rnnprop").optimizer()
public struct ShippedWeights: Sendable {
    /// What commands and specifications call them, as `rnnprop`.
    public let name: String
    /// One line for lists.
    public let summary: String
    /// How long they were trained, on two cores; nil where that was not noted.
    public let trainingMinutes: Double?
    private let embedded: @Sendable () -> UnsafeBufferPointer<UInt8>

    private init(
        _ name: String, _ summary: String, minutes: Double? = nil,
        _ file: @escaping @Sendable @autoclosure () -> shipped_file
    ) {
        self.name = name
        self.summary = summary
        trainingMinutes = minutes
        embedded = {
            let file = file()
            return UnsafeBufferPointer(start: file.bytes, count: file.count)
        }
    }

    /// All of them; `Sources/CShippedWeights/README.md` says how each was trained.
    public static let all = [
        ShippedWeights(
            "gateprop", "Gateprop, trained on small MLPs of many kinds: no rate to choose, cheaper than RNNprop",
            minutes: 55,
            shipped_gateprop),
        ShippedWeights(
            "rnnprop", "RNNprop, trained on an MLP on MNIST; the better for a hundred steps", shipped_rnnprop_mnist),
        ShippedWeights(
            "rnnprop-paper", "the same at the paper's meta-learning rate; the better for thousands of steps",
            shipped_rnnprop_mnist_paper),
    ]

    /// The weights of a name.
    ///
    /// - Throws: `InputError` for an unknown name, with the nearest known one.
    public static func named(_ name: String) throws -> ShippedWeights {
        guard let weights = all.first(where: { $0.name == name }) else {
            throw InputError(
                name, "is not the name of shipped weights", advice: suggestion(for: name, among: all.map(\.name)))
        }
        return weights
    }

    /// How many bytes the file has.
    public var byteCount: Int { embedded().count }

    /// The file, byte for byte: a checkpoint of the meta-training that made it.
    public var bytes: [UInt8] { Array(embedded()) }

    /// The file's tensors and what it says about them.
    public func file() throws -> SafetensorsFile { try SafetensorsFile(bytes: bytes, path: name) }

    /// The optimizer of the weights.
    public func optimizer() throws -> any LearnedOptimizer { try WeightsOrigin.shipped(self).optimizer() }
}
