public import Files

/// Where weights come from: those that are shipped, by name, or a file.
///
///     let weights = try WeightsOrigin("rnnprop").weights()
///     let others = try WeightsOrigin("runs/mine/best.safetensors").weights()
public enum WeightsOrigin: Sendable {
    /// Weights inside the library.
    case shipped(ShippedWeights)
    /// A weight file's path.
    case file(String)

    /// The origin that a user wrote. A name wins over a file that is called the same.
    ///
    /// - Throws: `InputError` for what is neither a name nor a file, with the nearest of either.
    public init(_ nameOrPath: String) throws {
        guard let origin = Self.find(nameOrPath) else {
            throw InputError(
                nameOrPath, "is neither a weight file nor the name of one",
                advice: Self.advice(nameOrPath, among: ShippedWeights.all.map(\.name)))
        }
        self = origin
    }

    /// The name or the path.
    public var text: String {
        switch self {
        case .shipped(let weights): weights.name
        case .file(let path): path
        }
    }

    /// The file's bytes.
    ///
    /// - Throws: `InputError` where it cannot be read; where it is missing, with a file of the folder that is called
    ///   nearly the same.
    public func bytes() throws -> [UInt8] {
        switch self {
        case .shipped(let weights): return weights.bytes
        case .file(let path):
            guard fileExists(path) else {
                let reason = errorText()
                throw InputError(
                    path, "cannot be opened: \(reason)",
                    advice: nearestFile(to: path).map { "did you mean \($0)?" }
                        ?? "check the path and its permissions")
            }
            return try readFile(path)
        }
    }

    /// The tensors, and what the file says about them.
    public func file() throws -> SafetensorsFile { try SafetensorsFile(bytes: bytes(), path: text) }

    /// The weights, of whichever rule.
    ///
    /// - Parameter rules: those to choose from.
    /// - Throws: `InputError` where they cannot be read or are of no known rule.
    public func weights(rules: [RuleDescriptor] = RuleRegister.all) throws -> LearnedWeights {
        try LearnedWeights(file(), path: text, rules: rules)
    }

    /// The optimizer of the weights.
    ///
    /// - Parameter rules: those to choose from.
    /// - Throws: `InputError` where they cannot be read or are of no known rule.
    public func optimizer(rules: [RuleDescriptor] = RuleRegister.all) throws -> any LearnedOptimizer {
        let weights = try weights(rules: rules)
        return rules.first { $0.name == weights.kind }!.type.init(weights: weights)
    }
}

extension WeightsOrigin {
    /// The origin that some text can only be; nil for a word that is neither a name nor a file that is there.
    static func find(_ nameOrPath: String) -> WeightsOrigin? {
        if let weights = ShippedWeights.all.first(where: { $0.name == nameOrPath }) { return .shipped(weights) }
        let isPath = nameOrPath.hasSuffix(weightFileSuffix) || nameOrPath.contains("/") || fileExists(nameOrPath)
        return isPath ? .file(nameOrPath) : nil
    }

    /// What to do about an unknown word: take the nearest of some names and of the working folder's weight files.
    static func advice(_ word: String, among names: [String]) -> String {
        suggestion(
            for: word, among: names + weightFiles(in: "."),
            overview: "choose one of \(names.joined(separator: ", ")), or give a weight file")
    }

    /// A file's name without folder and suffix, a shipped name as it is.
    var stem: String {
        guard case .file(let path) = self else { return text }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.hasSuffix(weightFileSuffix) ? String(name.dropLast(weightFileSuffix.count)) : name
    }
}

private let weightFileSuffix = ".safetensors"

private func weightFiles(in folder: String) -> [String] {
    fileNames(in: folder).filter { $0.hasSuffix(weightFileSuffix) }
}

/// The weight file in the same folder whose name is nearest.
private func nearestFile(to path: String) -> String? {
    guard let slash = path.lastIndex(of: "/") else { return nearestName(to: path, among: weightFiles(in: ".")) }
    let folder = path[...slash]
    return nearestName(to: String(path[slash...].dropFirst()), among: weightFiles(in: String(folder)))
        .map { folder + $0 }
}
