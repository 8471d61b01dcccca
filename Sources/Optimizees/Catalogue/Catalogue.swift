public import Datasets
import Files
import NumericCore

/// Where the catalogue's optimizees get their data; asked only when an optimizee needs them, and then once.
public protocol DataProvider: Sendable {
    /// MNIST: 55,000 training images, and its test images to hold out.
    func mnist() throws -> ImageSplit
    /// CIFAR-10: its training images, and its test images to hold out.
    func cifar10() throws -> ImageSplit
    /// The small digits that come with the library.
    func digits() throws -> ImageSplit
}

/// Optimizees by name.
///
///     let catalogue = OptimizeeCatalogue(data: provider)
///     let optimizee = try catalogue.optimizee(named: "mnist-mlp:width=40,batch=64")
///
/// The name of what comes back is itself such a name, in its shortest form: `mnist-mlp:activation=relu` is
/// `mnist-mlp-relu`.
public final class OptimizeeCatalogue: Sendable {
    /// One line of the list.
    public struct Entry: Sendable {
        /// The name to give.
        public let name: String
        /// What it is, in one line.
        public let summary: String
        /// The options that may follow the name.
        public let options: [String]
        let make: @Sendable (NameOptions, LoadedData) throws -> any Optimizee
    }

    /// Every optimizee that has a name. A new family is one more list here.
    public static let entries: [Entry] = mlpEntries + regressionEntries + cnnEntries + lstmEntries + analyticEntries

    private let data: LoadedData

    /// - Parameter data: where images come from.
    public init(data: any DataProvider) { self.data = LoadedData(provider: data) }

    /// The optimizee of a name with options, `name` or `name:key=value,…`.
    ///
    /// - Throws: `InputError` for an unknown name, option or value, with the nearest known one; whatever the data
    ///   provider throws.
    public func optimizee(named name: String) throws -> any Optimizee {
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let base = String(parts[0])
        guard let entry = Self.entries.first(where: { $0.name == base }) else {
            let advice = suggestion(
                for: base, among: Self.entries.map(\.name), overview: "there are MLPs, CNNs, LSTMs and functions:")
            throw InputError(name, "is not a known optimizee", advice: "\(advice) `l2o list optimizees` has all")
        }
        let options =
            parts.count == 2 ? try NameOptions(parts[1], of: name, known: entry.options) : NameOptions(of: name)
        return try entry.make(options, data)
    }
}

/// Keeps what a data provider gave, so that each data set is loaded once.
final class LoadedData: Sendable {
    private let provider: any DataProvider
    private let kept = OrderedMutex<[Dataset: ImageSplit]>([:])
    /// Those with fewer pixels.
    private let pooled = OrderedMutex<[String: ImageSplit]>([:])
    /// Those with other values, which share their pixels; kept for their fingerprints.
    private let shifted = OrderedMutex<[String: ImageSplit]>([:])

    /// A data set that the provider knows.
    enum Dataset: String {
        case mnist
        case cifar
        case digits
    }

    init(provider: any DataProvider) { self.provider = provider }

    /// A data set's images, each square of `factor × factor` pixels made one.
    func images(_ dataset: Dataset, pooledBy factor: Int) throws -> ImageSplit {
        let whole = try images(dataset)
        guard factor > 1 else { return whole }
        return pooled.withLock { pooled in
            let key = "\(dataset)/\(factor)"
            if let images = pooled[key] { return images }
            let images = whole.pooled(by: factor)
            pooled[key] = images
            return images
        }
    }

    /// The same with a number added to each pixel.
    func images(_ dataset: Dataset, pooledBy factor: Int, shiftedBy shift: Float) throws -> ImageSplit {
        let images = try images(dataset, pooledBy: factor)
        guard shift != 0 else { return images }
        return shifted.withLock { shifted in
            let key = "\(dataset)/\(factor)/\(shift)"
            if let images = shifted[key] { return images }
            let others = images.shifted(by: shift)
            shifted[key] = others
            return others
        }
    }

    func images(_ dataset: Dataset) throws -> ImageSplit {
        try kept.withLock { kept in
            if let images = kept[dataset] { return images }
            let images =
                switch dataset {
                case .mnist: try provider.mnist()
                case .cifar: try provider.cifar10()
                case .digits: try provider.digits()
                }
            kept[dataset] = images
            return images
        }
    }
}
