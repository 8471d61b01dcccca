import Files

/// The learned rules that files and commands know by name. A new one is one more line.
public enum RuleRegister {
    /// Every rule.
    public static let all: [RuleDescriptor] = [
        RNNprop.descriptor,
        DMoptimizer.descriptor,
        SmallFC.descriptor,
        Gateprop.descriptor,
        AmalgamatedRNNprop.descriptor,
        Celo.descriptor,
    ]

    /// Every rule and one that may be of another package.
    public static func including(_ rule: RuleDescriptor) -> [RuleDescriptor] {
        all.contains { $0.name == rule.name } ? all : all + [rule]
    }

    /// The rule of a name.
    ///
    /// - Throws: `InputError` for an unknown name, with the nearest known one.
    public static func named(_ name: String) throws -> RuleDescriptor {
        guard let rule = all.first(where: { $0.name == name }) else {
            throw InputError(
                name, "is not a kind of learned optimizer", advice: suggestion(for: name, among: all.map(\.name)))
        }
        return rule
    }
}
