import LearnedOptimizers
import Optimizers

/// An optimizer whose step can be written as tensor operations.
///
/// Graphs compute what kernels compute, operation by operation where the order of roundings matters.
protocol ExportableOptimizer: Optimizer {
    /// Adds the operations of a step and what is remembered; returns the parameters after it.
    func parameters(after step: StepGraph) -> GraphValue

    /// As specifications and weight files call the rule.
    var ruleName: String { get }
    /// The rule's constants by name, as text.
    var constants: [String: String] { get }
}

/// The rules that have conformances, for lists.
enum ExportableRules {
    static var names: [String] {
        OptimizerCatalogue.all.filter { $0 is any ExportableOptimizer }.map { type(of: $0).keyword }
            + RuleRegister.all.filter { $0.type is any ExportableOptimizer.Type }.map(\.name)
    }
}

/// A hand-designed one.
protocol ExportableFormula: ExportableOptimizer, HandDesignedOptimizer {}

extension ExportableFormula {
    var ruleName: String { Self.keyword }

    var constants: [String: String] {
        var all = ["lr": "\(learningRate)"]
        for constant in Self.hyperparameters { all[constant.name] = "\(self[keyPath: constant.path])" }
        if !schedule.options.isEmpty { all["schedule"] = schedule.options.joined(separator: ",") }
        return all
    }

    /// The rate of the step, still in double precision.
    func rate(_ step: StepGraph) -> GraphValue { step.rate(learningRate, schedule) }
}

/// A learned one.
protocol ExportableLearnedOptimizer: ExportableOptimizer, LearnedOptimizer {}

extension ExportableLearnedOptimizer {
    var ruleName: String { Self.kind }

    var constants: [String: String] { weights.constants.mapValues { "\($0)" } }
}

extension StepGraph {
    /// The first and the second number of each parameter that a hand-designed optimizer remembers.
    func slot(_ name: String, _ summary: String) -> GraphValue { state(name, [count], summary) }
}
