public import Files
import Optimizers

/// Finds out what a file's tensors are, and reads them.
struct WeightReader {
    let rule: RuleDescriptor
    let convention: WeightConvention
    private let file: SafetensorsFile
    private let path: String

    /// - Throws: `InputError` where no convention of the rules fits.
    init(file: SafetensorsFile, path: String, rules: [RuleDescriptor]) throws {
        precondition(!rules.isEmpty, "at least one rule")
        self.file = file
        self.path = path
        (rule, convention) = try Self.choose(file, path, rules)
    }

    // MARK: Which convention

    private typealias Candidate = (rule: RuleDescriptor, convention: WeightConvention)

    private static func choose(_ file: SafetensorsFile, _ path: String, _ rules: [RuleDescriptor]) throws -> Candidate
    {
        let all: [Candidate] =
            rules.map { ($0, .own($0)) } + rules.flatMap { rule in rule.conventions.map { (rule, $0) } }
        let candidates = try narrowed(
            try narrowed(all, file, path, by: "kind", \.rule.name), file, path, by: "convention", \.convention.name)
        let isNamed = file.metadata["kind"] != nil || file.metadata["convention"] != nil
        let present = Set(file.tensors.map(\.name))
        func misfit(_ candidate: Candidate) -> Set<String> {
            let wanted = Set(candidate.convention.tensorNames.values.joined())
            return isNamed ? wanted.subtracting(present) : wanted.symmetricDifference(present)
        }
        // Of two that fit, the one that explains more: DMoptimizer's tensors are among RNNprop's.
        func distance(_ candidate: Candidate) -> (Int, Int) {
            (misfit(candidate).count, -candidate.convention.tensorNames.count)
        }
        let nearest = candidates.min { distance($0) < distance($1) }!
        guard let wrong = misfit(nearest).min() else {
            let equals = candidates.filter { distance($0) == distance(nearest) }
            return equals.count == 1 ? nearest : try byShape(equals, file, path)
        }
        throw InputError(
            path,
            "\(present.contains(wrong) ? "has an unexpected" : "lacks the") tensor \(quoted(wrong)) for weights of"
                + " \(nearest.rule.name) in the convention \(nearest.convention.name), the nearest",
            advice: "name a file with the weights of a learned optimizer")
    }

    /// Of candidates with the same tensors' names, the one with their shapes; the first where none has them.
    private static func byShape(
        _ candidates: [Candidate], _ file: SafetensorsFile, _ path: String
    ) throws -> Candidate {
        let fitting = candidates.filter { rule, convention in
            let source = WeightSource(file: file, path: path, rule: rule, convention: convention.name)
            return (try? convention.read(source)) != nil
        }
        guard fitting.count > 1 else { return fitting.first ?? candidates[0] }
        throw InputError(
            path, "its tensors are those of \(fitting.map(\.rule.name).joined(separator: " and those of "))",
            advice: "name the kind in its metadata")
    }

    private static func narrowed(
        _ candidates: [Candidate], _ file: SafetensorsFile, _ path: String, by key: String,
        _ property: (Candidate) -> String
    ) throws -> [Candidate] {
        guard let wanted = file.metadata[key] else { return candidates }
        let fitting = candidates.filter { property($0) == wanted }
        if !fitting.isEmpty { return fitting }
        let names = Set(candidates.map(property)).sorted()
        throw InputError(
            path, "its metadata names the \(key) \(quoted(wanted)), which is unknown",
            advice: suggestion(for: wanted, among: names))
    }

    // MARK: What it holds

    func tensors() throws -> (size: Int, tensors: [Tensor]) {
        let source = WeightSource(file: file, path: path, rule: rule, convention: convention.name)
        let (size, tensors) = try convention.read(source)
        for tensor in tensors {
            guard let bad = tensor.values.first(where: { !$0.isFinite }) else { continue }
            let names = convention.tensorNames[tensor.name]!.map(quoted).joined(separator: " and ")
            throw InputError(
                path, "tensor \(names) holds \(bad), which is no weight",
                advice: "name an earlier checkpoint, its training has diverged since")
        }
        return (size, tensors)
    }

    func constants() throws -> [String: Double] {
        var constants = rule.defaultConstants.merging(convention.constants) { $1 }
        for constant in rule.constants {
            guard let text = file.metadata[constant.name] else { continue }
            guard let value = Double(text), constant.range.contains(Float(value)) else {
                throw InputError(
                    path, "its metadata gives the constant \(constant.name) as \(quoted(text))",
                    advice: "give a number from \(constant.range.lowerBound) to \(constant.range.upperBound)")
            }
            constants[constant.name] = value
        }
        return constants
    }
}

extension LearnedWeights {
    /// What a file's tensors are: weights of which rule, in which convention.
    ///
    /// - Parameters:
    ///   - file: the file's content.
    ///   - path: where the file lies, for errors.
    ///   - rules: those to choose from.
    /// - Throws: `InputError` where no convention fits.
    public static func convention(
        of file: SafetensorsFile, path: String, rules: [RuleDescriptor] = RuleRegister.all
    ) throws -> (rule: RuleDescriptor, name: String) {
        let reader = try WeightReader(file: file, path: path, rules: rules)
        return (reader.rule, reader.convention.name)
    }
}
