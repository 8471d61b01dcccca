import Files
public import Optimizers

/// An optimizer that a specification names, ready to run or to be tuned.
public struct SpecifiedOptimizer: Sendable {
    /// The optimizer; where its learning rate is to be searched for, the first of those to choose from, at its default.
    public let optimizer: any Optimizer
    /// What tables and charts call it.
    public fileprivate(set) var label: String
    /// The hand-designed optimizers whose learning rates are to be searched for, and of which the best is wanted: one, or
    /// several where constants are to be chosen; empty where there is nothing to search for.
    public let optimizersToTune: [any HandDesignedOptimizer]
    /// How long learned weights were trained; nil where that is not known.
    public let trainingMinutes: Double?
    /// A label that two files cannot share.
    fileprivate let longLabel: String

    /// Two that would do the same share one.
    fileprivate var keys: [String] {
        optimizersToTune.isEmpty
            ? [optimizer.name] : optimizersToTune.map { "sweep of " + $0.with(learningRate: 1).name }
    }

    fileprivate init(_ choice: OptimizerChoice) {
        optimizer = choice.optimizer
        switch choice {
        case .ready(let optimizer):
            optimizersToTune = []
            label = optimizer.label
        case .sweep(let optimizers):
            optimizersToTune = optimizers
            label = optimizers.map(\.labelWithoutRate).joined(separator: " | ")
        }
        longLabel = label
        trainingMinutes = nil
    }

    /// - Throws: `InputError` where the weights cannot be read, or their rule does not offer an option.
    fileprivate init(_ origin: WeightsOrigin, _ options: [LearnedOption], rules: [RuleDescriptor]) throws {
        let learned = try origin.optimizer(rules: rules)
        trainingMinutes = origin.trainingMinutes
        let rule = type(of: learned).descriptor
        optimizer = try options.reduce(learned as any Optimizer) { optimizer, option in
            if let changed = try option.apply(optimizer) { return changed }
            let offered = LearnedOption.all(of: rule).map(\.text).joined(separator: ", ")
            throw InputError(
                origin.text, "\(rule.name) does not offer \(option.text)", advice: "it offers \(offered)")
        }
        optimizersToTune = []
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
        guard specified.optimizersToTune.isEmpty else {
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
            for key in specified.keys {
                guard let other = seen.updateValue(text, forKey: key) else { continue }
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
