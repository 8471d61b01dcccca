import Files
public import Optimizers

/// An optimizer that a specification names, ready to run or to be tuned.
public struct SpecifiedOptimizer: Sendable {
    /// The optimizer; where its learning rate is to be searched for, at its default.
    public let optimizer: any Optimizer
    /// What tables and charts call it.
    public fileprivate(set) var label: String
    /// The hand-designed optimizer whose learning rate is to be searched for; nil where there is none to search for.
    public let optimizerToTune: (any HandDesignedOptimizer)?
    /// A label that two files cannot share.
    fileprivate let longLabel: String

    /// The same for two that would do the same.
    fileprivate var key: String {
        optimizerToTune.map { "sweep of " + $0.with(learningRate: 1).name } ?? optimizer.name
    }

    fileprivate init(_ choice: OptimizerChoice) {
        optimizer = choice.optimizer
        switch choice {
        case .ready(let optimizer):
            optimizerToTune = nil
            label = optimizer.label
        case .sweep(let optimizer):
            optimizerToTune = optimizer
            label = optimizer.labelWithoutRate
        }
        longLabel = label
    }

    /// - Throws: `InputError` where the weights cannot be read, or their rule does not offer an option.
    fileprivate init(_ origin: WeightsOrigin, _ options: [LearnedOption], rules: [RuleDescriptor]) throws {
        let learned = try origin.optimizer(rules: rules)
        let rule = type(of: learned).descriptor
        optimizer = try options.reduce(learned as any Optimizer) { optimizer, option in
            if let changed = try option.apply(optimizer) { return changed }
            let offered = LearnedOption.all(of: rule).map(\.text).joined(separator: ", ")
            throw InputError(
                origin.text, "\(rule.name) does not offer \(option.text)",
                advice: offered.isEmpty ? "leave it out" : "it offers \(offered)")
        }
        optimizerToTune = nil
        func label(_ name: String) -> String {
            ([name == rule.name ? name : "\(rule.name) (\(name))"] + options.map(\.label)).joined(separator: ", ")
        }
        switch origin {
        case .shipped(let weights):
            self.label = ([weights.name] + options.map(\.label)).joined(separator: ", ")
            longLabel = self.label
        case .file(let path):
            self.label = label(origin.stem)
            longLabel = label(path)
        }
    }
}

extension OptimizerSpecification {
    /// The optimizer.
    ///
    /// - Parameter rules: the learned rules to choose from.
    /// - Throws: `InputError` where weights cannot be read or do not offer the options, and where a learning rate is
    ///   still to be searched for.
    public func optimizer(rules: [RuleDescriptor] = RuleRegister.all) throws -> any Optimizer {
        let specified = try specified(rules: rules)
        guard specified.optimizerToTune == nil else {
            throw InputError(text, "its learning rate is still to be searched for", advice: "give one, as lr=2^-7")
        }
        return specified.optimizer
    }

    /// Several optimizers, each once and each with a label of its own.
    ///
    /// - Parameters:
    ///   - texts: what a user wrote.
    ///   - rules: the learned rules to choose from.
    /// - Throws: `InputError` for one that cannot be used, and for two that are the same.
    public static func optimizers(
        _ texts: [String], rules: [RuleDescriptor] = RuleRegister.all
    ) throws -> [SpecifiedOptimizer] {
        var seen: [String: String] = [:]
        var all = try texts.map { text in
            let specified = try OptimizerSpecification(text).specified(rules: rules)
            if let other = seen.updateValue(text, forKey: specified.key) {
                throw InputError(
                    text, other == text ? "is given twice" : "is the same optimizer as \(other)",
                    advice: "give each optimizer once")
            }
            return specified
        }
        let counts = Dictionary(grouping: all, by: \.label).mapValues(\.count)
        for index in all.indices where counts[all[index].label]! > 1 { all[index].label = all[index].longLabel }
        return all
    }

    private func specified(rules: [RuleDescriptor]) throws -> SpecifiedOptimizer {
        switch content {
        case .handDesigned(let choice): SpecifiedOptimizer(choice)
        case .learned(let origin, let options): try SpecifiedOptimizer(origin, options, rules: rules)
        }
    }
}
