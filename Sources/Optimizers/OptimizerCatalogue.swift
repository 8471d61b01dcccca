import Files
import Platform

/// A hand-designed optimizer that a user asked for.
public enum OptimizerChoice: Sendable {
    /// Ready to run.
    case ready(any HandDesignedOptimizer)
    /// To be run at the best learning rate, which is still to be found. Where constants are to be chosen too, there is one
    /// for each combination of them, and the best of them is wanted.
    case sweep([any HandDesignedOptimizer])

    /// The optimizer; where a sweep was asked for, the first of its choices at its default learning rate.
    public var optimizer: any HandDesignedOptimizer {
        switch self {
        case .ready(let optimizer): optimizer
        case .sweep(let optimizers): optimizers[0]
        }
    }
}

/// The hand-designed optimizers by name.
///
/// A specification is a keyword and options, `adam:lr=0.03125,beta1=0.9`. Every optimizer takes
/// `lr=RATE` or `lr=sweep`, its own constants, and a schedule: `cosine=STEPS` or `rsqrt=TIMESCALE`, either with or
/// without `warmup=STEPS`, which may also stand alone. Numbers may be written as powers of two, `lr=2^-5.5`. With
/// `lr=sweep` a constant may be a choice, `epsilon=1e-8|1e-12`, among which the sweeps decide.
///
///     let adam = try OptimizerCatalogue.parse("adam:lr=2^-5").optimizer
public enum OptimizerCatalogue {
    /// Each optimizer with its default constants, simple ones first.
    public static let all: [any HandDesignedOptimizer] = [
        SGD(), Momentum(), Nesterov(), Adagrad(), RMSprop(), Adadelta(), Adam(), AdamW(), NAdam(), NAdamW(),
        SeedRule(),
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
    var timescale: Int?
    var sweep = false

    init(_ specification: String) { self.specification = specification }

    mutating func read<O: HandDesignedOptimizer>(_ text: String, into standard: O) throws -> OptimizerChoice {
        var choices = [standard]
        for option in text.split(separator: ",") {
            let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2 else {
                throw InputError(specification, "\"\(option)\" has no value", advice: "write \(option)=VALUE")
            }
            guard seen.insert(pair[0]).inserted else {
                throw InputError(specification, "\(pair[0]) is given twice", advice: "give it once")
            }
            try set(pair[0], to: pair[1], in: &choices)
        }
        let schedule = try schedule()
        for index in choices.indices { choices[index].schedule = schedule }
        guard sweep else {
            guard choices.count == 1 else {
                throw InputError(specification, "a choice needs a sweep", advice: "add lr=sweep, or give one value")
            }
            return .ready(choices[0])
        }
        return .sweep(choices)
    }

    private func schedule() throws -> Schedule {
        let warmUpSteps = warmUpSteps ?? 0
        switch (steps, timescale) {
        case (nil, nil): return .warmUp(steps: warmUpSteps)
        case (nil, let timescale?): return .inverseSquareRoot(timescale: timescale, warmUpSteps: warmUpSteps)
        case (let steps?, nil):
            guard warmUpSteps < steps else {
                throw InputError(
                    specification, "the warm-up is as long as the cosine", advice: "give cosine=STEPS more steps")
            }
            return .warmUpCosine(warmUpSteps: warmUpSteps, steps: steps)
        case (_?, _?):
            throw InputError(specification, "it has two schedules", advice: "give cosine or rsqrt, not both")
        }
    }

    private mutating func set<O: HandDesignedOptimizer>(
        _ name: String, to value: String, in choices: inout [O]
    ) throws {
        switch name {
        case "lr" where value == "sweep": sweep = true
        case "lr":
            let rate = try number(name, value, .nonNegative)
            for index in choices.indices { choices[index].learningRate = rate }
        case "cosine": steps = try count(name, value)
        case "rsqrt": timescale = try count(name, value)
        case "warmup": warmUpSteps = try count(name, value)
        default:
            guard let constant = O.hyperparameters.first(where: { $0.name == name }) else {
                let names = ["lr"] + O.hyperparameters.map(\.name) + ["cosine", "rsqrt", "warmup"]
                throw InputError(
                    specification, "\(O.keyword) has no option \"\(name)\"",
                    advice: suggestion(for: name, among: names))
            }
            let values = try value.split(separator: "|", omittingEmptySubsequences: false).map {
                try number(name, String($0), constant.domain)
            }
            guard Set(values).count == values.count else {
                throw InputError(specification, "\(name) has a value twice", advice: "give each once")
            }
            choices = choices.flatMap { choice in
                values.map { value in
                    var choice = choice
                    choice[keyPath: constant.path] = value
                    return choice
                }
            }
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
