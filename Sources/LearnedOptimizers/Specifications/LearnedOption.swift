import NumericCore
import Optimizers

/// A way to run a learned optimizer that differs from how it was trained: `state=half` in a specification.
///
/// Which rules take it follows from what their types can do.
public struct LearnedOption: Sendable {
    /// The name in specifications, as `state`.
    public let name: String
    /// Its value, as `half`.
    public let value: String
    /// What it does, for lists.
    public let summary: String
    /// What labels say of it.
    let label: String
    private let offers: @Sendable (any LearnedOptimizer.Type) -> Bool
    /// The optimizer with the option; nil where it has none such.
    let apply: @Sendable (any Optimizer) throws -> (any Optimizer)?

    /// All of them, in the order in which they are applied.
    public static let all = [bfloat16Factors, halfState, guarded]

    /// Those that a rule takes.
    public static func all(of rule: RuleDescriptor) -> [LearnedOption] { all.filter { $0.offers(rule.type) } }

    /// As specifications write it.
    public var text: String { "\(name)=\(value)" }

    private static let bfloat16Factors = LearnedOption(
        name: "factors", value: "bfloat16", summary: "multiplies in bfloat16, where the processor can",
        label: "bfloat16", offers: { $0 is any KernelChoosing.Type },
        apply: { optimizer in
            guard let choosing = optimizer as? any KernelChoosing else { return nil }
            return choosing.with(kernels: try .selected(multiplyingIn: .bfloat16))
        })

    private static let halfState = LearnedOption(
        name: "state", value: "half", summary: "keeps the state in 16 bits", label: "half state",
        offers: { $0 is any CompactStateOffering.Type },
        apply: { ($0 as? any CompactStateOffering)?.withSmallState })

    private static let guarded = LearnedOption(
        name: "guard", value: "on", summary: "takes back steps that do harm, and lets Adam step for a while",
        label: "guarded", offers: { _ in true },
        apply: {
            func guarded(_ optimizer: some Optimizer) -> any Optimizer { GuardedOptimizer(optimizer) }
            return guarded($0)
        })
}
