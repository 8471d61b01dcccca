import Evaluation
import Files
import LearnedOptimizers
import NumericCore
import Optimizers

/// An optimizer that the user named, by a specification or by a file of weights.
enum Contender: Sendable {
    /// Ready to run.
    case entrant(Entrant)
    /// To be run at its best learning rate, which is still to be found.
    case sweep(any HandDesignedOptimizer)

    /// The optimizer; where a sweep was asked for, at some learning rate.
    var optimizer: any Optimizer {
        switch self {
        case .entrant(let entrant): entrant.optimizer
        case .sweep(let optimizer): optimizer
        }
    }

    /// The optimizers of a race, each once.
    ///
    /// - Throws: `InputError` for a name, option or file that cannot be used, and for two that are the same.
    static func all(_ specifications: [String]) throws -> [Contender] {
        let labels = fileLabels(specifications.filter(isFile).map { WeightFile($0).path })
        var seen: [String: String] = [:]
        return try specifications.map { specification in
            let contender =
                try isFile(specification)
                ? Contender(WeightFile(specification), labels: labels) : Contender(specification)
            if let other = seen.updateValue(specification, forKey: contender.key) {
                throw InputError(
                    specification, other == specification ? "is given twice" : "is the same optimizer as \(other)",
                    advice: "give each optimizer once")
            }
            return contender
        }
    }

    private init(_ specification: String) throws {
        switch try OptimizerCatalogue.parse(specification) {
        case .ready(let optimizer): self = .entrant(Entrant(optimizer))
        case .sweep(let optimizer): self = .sweep(optimizer)
        }
    }

    private init(_ file: WeightFile, labels: [String: String]) throws {
        var optimizer = try loadLearnedOptimizer(path: file.path)
        let kind = type(of: optimizer).descriptor.name
        let stem = labels[file.path]!
        var label = stem == kind ? kind : "\(kind) (\(stem))"
        if file.options.contains(.bfloat16) {
            guard let chosen = optimizer.choosing(try Kernels.selected(multiplyingIn: .bfloat16)) else {
                throw InputError(file.path, "\(kind) has no kernels in bfloat16", advice: "leave factors out")
            }
            optimizer = chosen
            label += ", bfloat16"
        }
        let hasSmallState = file.options.contains(.halfState)
        if hasSmallState { label += ", half state" }
        guard hasSmallState else {
            self = .entrant(Entrant(optimizer, label: label))
            return
        }
        guard let compact = optimizer as? any CompactStateOffering else {
            throw InputError(file.path, "\(kind) has no smaller state", advice: "leave state out")
        }
        self = .entrant(Entrant(compact.withSmallState, label: label))
    }

    /// A weight file as a race names it: `FILE`, or `FILE:state=half,factors=bfloat16` with one or both options.
    private struct WeightFile {
        enum Option: String {
            /// A state of 16 bits.
            case halfState = "state=half"
            /// Products in bfloat16.
            case bfloat16 = "factors=bfloat16"
        }

        let path: String
        let options: Set<Option>

        init(_ specification: String) {
            let colon = specification.lastIndex(of: ":") ?? specification.endIndex
            let words = specification[colon...].dropFirst().split(separator: ",", omittingEmptySubsequences: false)
            let options = words.map { Option(rawValue: String($0)) }
            // Else the colon is the path's own.
            let areOptions = !options.contains(nil)
            path = areOptions ? String(specification[..<colon]) : specification
            self.options = areOptions ? Set(options.compactMap(\.self)) : []
        }
    }

    /// Nil where its learning rate is not to be searched for.
    var optimizerToTune: (any HandDesignedOptimizer)? {
        if case .sweep(let optimizer) = self { optimizer } else { nil }
    }

    /// The same for two that would run the same course.
    private var key: String {
        switch self {
        case .entrant(let entrant): entrant.optimizer.name
        case .sweep(let optimizer): "sweep of " + optimizer.with(learningRate: 1).name
        }
    }

    /// An optimizer's keyword is no file even where one of that name lies about.
    private static func isFile(_ specification: String) -> Bool {
        if WeightFile(specification).path.hasSuffix(".safetensors") { return true }
        let keyword = String(specification.prefix { $0 != ":" })
        if OptimizerCatalogue.keywords.contains(keyword) { return false }
        return specification.contains("/") || fileExists(specification)
    }

    /// Each file's name without folder and suffix, or its whole path where that would name two.
    private static func fileLabels(_ paths: [String]) -> [String: String] {
        func stem(_ path: String) -> String {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            return name.hasSuffix(".safetensors") ? String(name.dropLast(".safetensors".count)) : name
        }
        let stems = Dictionary(grouping: Set(paths), by: stem)
        return Dictionary(uniqueKeysWithValues: Set(paths).map { ($0, stems[stem($0)]!.count == 1 ? stem($0) : $0) })
    }
}

/// The weights that have a name, as `rnnprop, rnnprop-paper`.
let weightNames = WeightsCatalogue.files.map(\.name).joined(separator: ", ")

/// The command line again, to be pasted into a shell.
func commandText(_ arguments: [String] = CommandLine.arguments) -> String {
    let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+.,:/@^%")
    return (["l2o"] + arguments.dropFirst())
        .map { word in
            guard word.isEmpty || !word.allSatisfy(plain.contains) else { return word }
            return "'\(word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
        }
        .joined(separator: " ")
}
