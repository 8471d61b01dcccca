import Files
import Platform

/// A hand-designed optimizer that a user asked for.
public enum OptimizerChoice: Sendable {
    /// Ready to run.
    case ready(any HandDesignedOptimizer)
    /// To be run at the best learning rate, which is still to be found.
    case sweep(any HandDesignedOptimizer)

    /// The optimizer; where a sweep was asked for, at its default learning rate.
    public var optimizer: any HandDesignedOptimizer {
        switch self {
        case .ready(let optimizer), .sweep(let optimizer): optimizer
        }
    }
}

/// The hand-designed optimizers by name.
///
/// A specification is a keyword and options, `adam:lr=0.03125,beta1=0.9`. Every optimizer takes
/// `lr=RATE` or `lr=sweep`, its own constants, and `cosine=STEPS` with or without `warmup=STEPS`. Numbers may be
/// written as powers of two, `lr=2^-5.5`.
///
///     let adam = try OptimizerCatalogue.parse("adam:lr=2^-5").optimizer
public enum OptimizerCatalogue {
    /// Each optimizer with its default constants, simple ones first.
    public static let all: [any HandDesignedOptimizer] = [
        SGD(), Momentum(), Nesterov(), Adagrad(), RMSprop(), Adadelta(), Adam(), AdamW(),
    ]

    /// Each optimizer's keyword, in the order of `all`.
    public static var keywords: [String] { all.map { type(of: $0).keyword } }

    /// Each optimizer's keyword, its one-line description and its specification with every default written out.
    public static var descriptions: [(keyword: String, summary: String, defaults: String)] {
        all.map { optimizer in
            let keyword = type(of: optimizer).keyword
            let constants = optimizer.name.dropFirst(keyword.count + 1).dropLast()
            return (keyword, type(of: optimizer).summary, "\(keyword):\(constants)")
        }
    }

    /// The optimizer that a specification describes.
    ///
    /// - Throws: `InputError` for an unknown name or option, with the nearest known one, and for a senseless value.
    public static func parse(_ specification: String) throws -> OptimizerChoice {
        let parts = specification.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let keyword = String(parts[0])
        guard let standard = all.first(where: { type(of: $0).keyword == keyword }) else {
            throw InputError(
                specification, "no optimizer is called \"\(keyword)\"",
                advice: suggestion(for: keyword, among: keywords)
            )
        }
        var reader = OptionReader(specification)
        return try reader.read(parts.count > 1 ? String(parts[1]) : "", into: standard)
    }
}

/// Reads the options of one specification.
private struct OptionReader {
    let specification: String
    var seen: Set<String> = []
    var warmUpSteps: Int?
    var steps: Int?
    var sweep = false

    init(_ specification: String) { self.specification = specification }

    mutating func read<O: HandDesignedOptimizer>(_ text: String, into standard: O) throws -> OptimizerChoice {
        var optimizer = standard
        for option in text.split(separator: ",") {
            let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2 else {
                throw InputError(specification, "\"\(option)\" has no value", advice: "write \(option)=VALUE")
            }
            guard seen.insert(pair[0]).inserted else {
                throw InputError(specification, "\(pair[0]) is given twice", advice: "give it once")
            }
            try set(pair[0], to: pair[1], in: &optimizer)
        }
        if let warmUpSteps {
            guard let steps, warmUpSteps < steps else {
                throw InputError(
                    specification, "a warm-up needs a longer cosine", advice: "add cosine=STEPS with more steps")
            }
            optimizer.schedule = .warmUpCosine(warmUpSteps: warmUpSteps, steps: steps)
        } else if let steps {
            optimizer.schedule = .cosine(steps: steps)
        }
        return sweep ? .sweep(optimizer) : .ready(optimizer)
    }

    private mutating func set<O: HandDesignedOptimizer>(
        _ name: String, to value: String, in optimizer: inout O
    ) throws {
        switch name {
        case "lr" where value == "sweep": sweep = true
        case "lr": optimizer.learningRate = try number(name, value, .nonNegative)
        case "cosine": steps = try count(name, value)
        case "warmup": warmUpSteps = try count(name, value)
        default:
            guard let constant = O.hyperparameters.first(where: { $0.name == name }) else {
                let names = ["lr"] + O.hyperparameters.map(\.name) + ["cosine", "warmup"]
                throw InputError(
                    specification, "\(O.keyword) has no option \"\(name)\"",
                    advice: suggestion(for: name, among: names))
            }
            optimizer[keyPath: constant.path] = try number(name, value, constant.domain)
        }
    }

    private func number(_ name: String, _ text: String, _ domain: HyperparameterDomain) throws -> Double {
        guard let value = parseNumber(text), domain.contains(value) else {
            let example = name == "lr" ? ", as 0.03125 or 2^-5, or sweep" : ""
            throw InputError(
                specification, "\(name) cannot be \"\(text)\"", advice: "give \(domain.text)\(example)")
        }
        return value
    }

    private func count(_ name: String, _ text: String) throws -> Int {
        guard let value = Int(text), value > 0 else {
            throw InputError(specification, "\(name) cannot be \"\(text)\"", advice: "give a number of steps")
        }
        return value
    }
}

/// A decimal number, or a power of two as `2^-5.5`.
private func parseNumber(_ text: String) -> Double? {
    guard text.hasPrefix("2^") else { return Double(text) }
    return Double(text.dropFirst(2)).map { exp2($0) }
}
